import Glibc
import Testing

@testable import Runtime

@Suite("store: writing")
@Loop
struct StoreWriteTests {
    let fixture = StoreFixture()

    @Test("what was acknowledged is read at once, and again after closing and opening")
    func readYourWrites() async throws {
        let store = try await fixture.open()
        for id in 0..<50 {
            try await store.write { try $0.run(StoreFixture.add, id, "person \(id)") }
            #expect(try await store.read { try $0.first(StoreFixture.name, id) } == "person \(id)")
        }
        await store.close()
        let again = try await fixture.open()
        #expect(try await again.read { try $0.one(StoreFixture.count) } == 50)
        await again.close()
    }

    @Test("of many writes that are committed together, the failing ones alone are undone")
    func isolation() async throws {
        let store = try await fixture.open()
        let scope = Scope.forTest()
        let hold = try await fixture.hold(store, scope)
        let done = Mailbox<Bool>("outcomes", limit: .max)
        for id in 0..<100 {
            scope.spawn("writes") {
                do {
                    try await store.write { transaction in
                        try transaction.run(StoreFixture.add, id, "person \(id)")
                        if id % 3 == 0 { throw Fault(.conflict, "no") }
                        if id % 3 == 1 { try transaction.run(StoreFixture.add, id, "the same number") }
                    }
                    done.send(true)
                } catch { done.send(false) }
            }
        }
        await Loop.yield()
        hold.open()
        var succeeded = 0
        for _ in 0..<100 { if try await done.next() == true { succeeded += 1 } }
        #expect(succeeded == 33)
        let ids = try await store.read { try $0.all(Query("SELECT id FROM people ORDER BY id", Int.self)) }
        #expect(ids == (0..<100).filter { $0 % 3 == 2 })
        await scope.close()
        await store.close()
    }

    @Test("a broken constraint says which, and is a conflict")
    func constraint() async throws {
        let store = try await fixture.open()
        try await store.write { try $0.run(StoreFixture.add, 1, "ada") }
        let twice = await #expect(throws: Fault.self) {
            try await store.write { try $0.run(StoreFixture.add, 2, "ada") }
        }
        #expect(twice?.kind == .conflict)
        #expect(twice?.message.contains("people.name") == true)
        let orphan = await #expect(throws: Fault.self) {
            try await store.write { try $0.run(StoreFixture.note, 1, 99, "of nobody") }
        }
        #expect(orphan?.kind == .conflict, "foreign keys are on")
        await store.close()
    }

    @Test("a write that is cancelled before its turn never happens")
    func cancelledBefore() async throws {
        let store = try await fixture.open()
        let scope = Scope.forTest()
        let hold = try await fixture.hold(store, scope)
        let outcome = Mailbox<Fault>("outcome")
        let waiting = scope.spawn("waits") {
            do { try await store.write { try $0.run(StoreFixture.add, 1, "ada") } } catch { outcome.send(Fault(error)) }
        }
        await Loop.yield()
        waiting.cancel()
        #expect(try await outcome.next()?.kind == .cancelled)
        await #expect(throws: Fault.self, "a passed deadline withdraws it too") {
            try await Deadline.within(.milliseconds(1)) {
                try await store.write { try $0.run(StoreFixture.add, 2, "grace") }
            }
        }
        hold.open()
        #expect(try await store.write { try $0.one(StoreFixture.count) } == 0)
        await scope.close()
        await store.close()
    }

    @Test("a write that is cancelled after it began tells what became of it")
    func cancelledAfter() async throws {
        let store = try await fixture.open()
        let scope = Scope.forTest()
        let (begun, hold, outcome) = (Mailbox<Void>("begun"), Gate(), Mailbox<Int>("outcome"))
        let task = scope.spawn("writes") {
            let changed = try await store.write { transaction in
                Loop.post { begun.send(()) }
                hold.wait()
                return try transaction.run(StoreFixture.add, 1, "ada")
            }
            outcome.send(changed)
        }
        _ = try await begun.next()
        task.cancel()
        await Loop.yield()
        hold.open()
        #expect(try await outcome.next() == 1)
        #expect(try await store.read { try $0.one(StoreFixture.count) } == 1)
        await scope.close()
        await store.close()
    }

    @Test("a statement that never ends is stopped and undone, and the others of its group are not")
    func endlessWrite() async throws {
        var options = Store.Options()
        options.writeLimit = .milliseconds(50)
        let store = try await fixture.open(options)
        let scope = Scope.forTest()
        let hold = try await fixture.hold(store, scope)
        let done = Mailbox<Fault.Kind?>("outcomes", limit: .max)
        for id in 0..<6 {
            scope.spawn("writes") {
                do {
                    try await store.write { transaction in
                        try transaction.run(StoreFixture.add, id, "person \(id)")
                        if id == 3 {
                            try transaction.run(
                                """
                                INSERT INTO people (id, name)
                                WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n) SELECT i, 'p' || i FROM n
                                """)
                        }
                    }
                    done.send(nil)
                } catch { done.send(Fault(error).kind) }
            }
        }
        await Loop.yield()
        hold.open()
        var kinds: [Fault.Kind?] = []
        for _ in 0..<6 { kinds.append(try await done.next()!) }
        #expect(kinds.filter { $0 == nil }.count == 5)
        #expect(kinds.contains(.timeout))
        #expect(try await store.read { try $0.one(StoreFixture.count) } == 5)
        await scope.close()
        await store.close()
    }

    @Test("later writes keep their order, and a durable write brings those before it along")
    func later() async throws {
        let store = try await fixture.open()
        for id in 0..<200 { try store.writeLater(bytes: 40) { try $0.run(StoreFixture.add, id, "person \(id)") } }
        let seen = try await store.write { try $0.one(StoreFixture.count) }
        #expect(seen == 200)
        try store.writeLater(bytes: 1) { try $0.run(StoreFixture.add, 500, "by itself") }
        try await Deadline.within(.seconds(10)) {
            while try await store.read({ try $0.first(StoreFixture.name, 500) }) == nil {
                try await Loop.sleep(for: .milliseconds(5))
            }
        }
        await store.close()
    }

    @Test("a later write that fails is told to the store's owner and by the next flush, once")
    func laterFailure() async throws {
        let store = try await fixture.open()
        try store.writeLater(bytes: 1) { try $0.run(StoreFixture.add, 1, "ada") }
        try store.writeLater(bytes: 1) { try $0.run(StoreFixture.add, 1, "again") }
        let fault = await #expect(throws: Fault.self) { try await store.flush() }
        #expect(fault?.kind == .conflict)
        try await store.flush()
        #expect(fixture.lost.count == 1)
        await store.close()
    }

    @Test("closing writes what was taken for later, and refuses what comes after")
    func closing() async throws {
        let store = try await fixture.open()
        try store.writeLater(bytes: 1) { try $0.run(StoreFixture.add, 1, "ada") }
        await store.close()
        await store.close()
        #expect(throws: Fault.self) { try store.writeLater(bytes: 1) { _ in } }
        await #expect(throws: Fault.self) { try await store.write { _ in } }
        await #expect(throws: Fault.self) { try await store.read { _ in } }
        await #expect(throws: Fault.self) { try await store.backup(to: "\(fixture.directory.path)/copy") }
        #expect(access("\(fixture.path)-wal", F_OK) != 0, "the WAL is emptied and gone")
        let again = try await fixture.open()
        #expect(try await again.read { try $0.one(StoreFixture.count) } == 1)
        await again.close()
    }

    @Test("a full queue refuses at once instead of growing")
    func fullQueue() async throws {
        var options = Store.Options()
        options.queueLimit = 3
        let store = try await fixture.open(options)
        let scope = Scope.forTest()
        let hold = try await fixture.hold(store, scope)
        for _ in 0..<3 { scope.spawn("waits") { try await store.write { _ in } } }
        await Loop.yield()
        let fault = await #expect(throws: Fault.self) { try await store.write { _ in } }
        #expect(fault?.kind == .overBudget)
        hold.open()
        await scope.close(grace: .seconds(20))
        await store.close()
    }

    @Test("later writes are refused at their bound, and none that was taken is lost meanwhile")
    func laterBound() async throws {
        let store = try await fixture.open()
        let scope = Scope.forTest()
        let hold = try await fixture.hold(store, scope)
        var taken = 0
        let fault = #expect(throws: Fault.self) {
            while taken < 1_000_000 {
                try store.writeLater(bytes: 1) { [taken] in try $0.run(StoreFixture.add, taken, "person \(taken)") }
                taken += 1
            }
        }
        #expect(fault?.kind == .overBudget)
        hold.open()
        try await store.flush()
        #expect(try await store.read { try $0.one(StoreFixture.count) } == taken)
        await scope.close()
        await store.close()
    }
}
