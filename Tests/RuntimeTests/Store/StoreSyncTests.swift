import Glibc
import Testing

@testable import Runtime

@Suite("store: bringing commits to the disk")
@Loop
struct StoreSyncTests {
    let fixture = StoreFixture()

    @Test("a write is committed first, then on the disk, and only then done; what changes nothing needs no disk")
    func order() async throws {
        let story = Locked<[String]>([])
        var options = Store.Options()
        options.sync = { database in
            story.withLock { $0.append("sync") }
            try database.sync()
        }
        let store = try await fixture.open(options)
        try await store.write {
            story.withLock { $0.append("committed") }
        } _: {
            try $0.run(StoreFixture.add, 1, "ada")
        }
        story.withLock { $0.append("done") }
        // The loop hears of the commit while the writer goes on.
        let told = story.withLock { $0 }
        #expect(told.sorted() == ["committed", "done", "sync"] && told.last == "done")
        await #expect(throws: Fault.self) {
            try await store.write {
                Issue.record("what was undone is not committed")
            } _: {
                try $0.run(StoreFixture.add, 1, "the same number")
            }
        }
        await store.close()
    }

    @Test("when the disk refuses a sync, that write fails, and nothing is acknowledged until the store is opened again")
    func refused() async throws {
        let fails = Locked(true)
        var options = Store.Options()
        options.sync = { database in
            if fails.withLock({ $0 }) { throw Fault(.unavailable, "the disk is on fire") }
            try database.sync()
        }
        let store = try await fixture.open(options)
        let first = await #expect(throws: Fault.self) {
            try await store.write { try $0.run(StoreFixture.add, 1, "ada") }
        }
        #expect(first?.message == "the disk is on fire")
        fails.withLock { $0 = false }
        let second = await #expect(throws: Fault.self) {
            try await store.write { try $0.run(StoreFixture.add, 2, "ben") }
        }
        #expect(second?.message.contains("the disk is on fire") == true && second?.isRetryable == false)
        await store.close()
        let again = try await fixture.open()
        try await again.write { try $0.run(StoreFixture.add, 2, "ben") }
        #expect(try await again.read { try $0.first(StoreFixture.name, 2) } == "ben")
        await again.close()
    }
}
