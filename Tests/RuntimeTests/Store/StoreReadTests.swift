import Glibc
import Testing

@testable import Runtime

@Suite("store: reading")
@Loop
struct StoreReadTests {
    let fixture = StoreFixture()

    @Test("a thousand readers and writers at once all get their own answers")
    func thousand() async throws {
        let store = try await fixture.open()
        let scope = Scope.forTest()
        for id in 0..<1000 {
            scope.spawn("writes and reads") {
                try await store.write { try $0.run(StoreFixture.add, id, "person \(id)") }
                let name = try await store.read { try $0.first(StoreFixture.name, id) }
                #expect(name == "person \(id)")
            }
        }
        await scope.close(grace: .seconds(60))
        #expect(try await store.read { try $0.one(StoreFixture.count) } == 1000)
        await store.close()
    }

    @Test("a read that goes on sees one moment, whatever is written meanwhile")
    func snapshot() async throws {
        let store = try await fixture.open()
        let scope = Scope.forTest()
        let (begun, hold, seen) = (Mailbox<Void>("begun"), Gate(), Mailbox<[Int]>("seen"))
        scope.spawn("reads") {
            seen.send(
                try await store.read { snapshot in
                    let before = try snapshot.one(StoreFixture.count)
                    Loop.post { begun.send(()) }
                    hold.wait()
                    return [before, try snapshot.one(StoreFixture.count)]
                })
        }
        _ = try await begun.next()
        try await store.write { try $0.run(StoreFixture.add, 1, "ada") }
        #expect(try await store.read { try $0.one(StoreFixture.count) } == 1, "another reader sees it")
        hold.open()
        #expect(try await seen.next() == [0, 0])
        await scope.close()
        await store.close()
    }

    @Test("a cancelled read stops its statement, so that its thread serves others")
    func cancelled() async throws {
        var options = Store.Options()
        options.readers = 1
        let store = try await fixture.open(options)
        let scope = Scope.forTest()
        let outcome = Mailbox<Fault>("outcome")
        let task = scope.spawn("reads for ever") {
            do { _ = try await store.read { try $0.one(StoreFixture.endless) } } catch { outcome.send(Fault(error)) }
        }
        await Loop.yield()
        task.cancel()
        #expect(try await outcome.next()?.kind == .cancelled)
        let count = try await Deadline.within(.seconds(20)) {
            try await store.read { try $0.one(StoreFixture.count) }
        }
        #expect(count == 0)
        await scope.close()
        await store.close()
    }

    @Test("a read ends by the caller's deadline, and by the store's own limit")
    func deadlines() async throws {
        var options = Store.Options()
        options.readLimit = .milliseconds(30)
        options.readers = 1
        let store = try await fixture.open(options)
        let own = await #expect(throws: Fault.self) { try await store.read { try $0.one(StoreFixture.endless) } }
        #expect(own?.kind == .timeout)
        let callers = await #expect(throws: Fault.self) {
            try await Deadline.within(.milliseconds(5)) { try await store.read { try $0.one(StoreFixture.endless) } }
        }
        #expect(callers?.kind == .timeout)
        #expect(try await store.read { try $0.one(StoreFixture.count) } == 0, "the reader is free again")
        await store.close()
    }

    @Test("a reader cannot write, whatever it says")
    func readersDoNotWrite() async throws {
        let store = try await fixture.open()
        let insert = Query("INSERT INTO people (id, name) VALUES (1, 'ada') RETURNING id", Int.self)
        let fault = await #expect(throws: Fault.self) { try await store.read { try $0.one(insert) } }
        #expect(fault?.kind == .denied)
        await store.close()
    }

    @Test("the WAL shrinks again although readers overlap without a gap")
    func checkpointUnderReaders() async throws {
        let store = try await fixture.open()
        let scope = Scope.forTest()
        let writing = Switch()
        for _ in 0..<6 {
            scope.spawn("reads") {
                while writing.isOn { _ = try await store.read { try $0.one(StoreFixture.count) } }
            }
        }
        let text = String(repeating: "x", count: 100_000)
        try await store.write { try $0.run(StoreFixture.add, 1, "ada") }
        for id in 0..<600 { try await store.write { try $0.run(StoreFixture.note, id, 1, text) } }
        var status = stat()
        stat("\(fixture.path)-wal", &status)
        #expect(status.st_size < 40 << 20, "60 MB were written, and the WAL has \(status.st_size)")
        writing.isOn = false
        await scope.close(grace: .seconds(20))
        await store.close()
    }

    @Test("a full queue of reads refuses")
    func fullQueue() async throws {
        var options = Store.Options()
        options.readers = 1
        options.queueLimit = 2
        let store = try await fixture.open(options)
        let scope = Scope.forTest()
        let (begun, hold) = (Mailbox<Void>("begun"), Gate())
        scope.spawn("holds") {
            try await store.read { _ in
                Loop.post { begun.send(()) }
                hold.wait()
            }
        }
        _ = try await begun.next()
        for _ in 0..<2 { scope.spawn("waits") { try await store.read { _ in } } }
        await Loop.yield()
        let fault = await #expect(throws: Fault.self) { try await store.read { _ in } }
        #expect(fault?.kind == .overBudget)
        hold.open()
        await scope.close(grace: .seconds(20))
        await store.close()
    }
}

@Suite("store: when the WAL is emptied")
struct CheckpointPolicyTests {
    @Test("each thousand frames are copied; at four thousand the WAL begins anew, whatever was copied")
    func thresholds() {
        var policy = CheckpointPolicy()
        #expect(policy.next(frames: 999) == .nothing)
        #expect(policy.next(frames: 1000) == .passive)
        policy.did(.passive, frames: 1000)
        #expect(policy.next(frames: 1999) == .nothing)
        #expect(policy.next(frames: 2000) == .passive)
        policy.did(.passive, frames: 3900)
        #expect(policy.next(frames: 4000) == .restart)
    }

    @Test("what a reader still needs is tried again only after as much growth again")
    func floor() {
        var policy = CheckpointPolicy()
        policy.did(.restart, frames: 4000, succeeded: false)
        #expect(policy.next(frames: 4001) == .nothing)
        #expect(policy.next(frames: 5000) == .passive)
        #expect(policy.next(frames: 8000) == .restart)
        policy.did(.restart, frames: 8000)
        #expect(policy.floor == 0)
    }

    @Test("a WAL that began anew is counted anew")
    func restarted() {
        var policy = CheckpointPolicy()
        policy.did(.passive, frames: 1200)
        #expect(policy.next(frames: 3) == .nothing)
        #expect(policy.next(frames: 1000) == .passive)
    }
}
