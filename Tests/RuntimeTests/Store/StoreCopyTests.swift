import Glibc
import Testing

@testable import Runtime

@Suite("store: backup and restore")
@Loop
struct StoreCopyTests {
    let fixture = StoreFixture()
    var copy: String { "\(fixture.directory.path)/copy.db" }

    private func fill(_ store: Store, _ count: Int) async throws {
        let text = String(repeating: "x", count: 1000)
        try await store.write { transaction in
            try transaction.run(StoreFixture.add, 1, "ada")
            for id in 0..<count { try transaction.run(StoreFixture.note, id, 1, text) }
        }
    }

    @Test("a backup under load is whole, and holds at least what was acknowledged before it")
    func underLoad() async throws {
        let store = try await fixture.open()
        try await fill(store, 5000)
        let scope = Scope.forTest()
        let writing = Switch()
        var written = 5000
        scope.spawn("writes") {
            while writing.isOn {
                try await store.write { [written] in try $0.run(StoreFixture.note, written, 1, "more") }
                written += 1
            }
        }
        while written < 5010 { try await Loop.sleep(for: .milliseconds(1)) }
        let before = written
        try await store.backup(to: copy)
        let after = written
        writing.isOn = false
        await scope.close(grace: .seconds(20))
        #expect(after >= before)
        let database = try Database(copy, .asItIs)
        let count = try database.ourNumber("SELECT count(*) FROM notes")
        #expect(count >= before && count <= written)
        #expect(try StoreOpening.problems(of: database).isEmpty)
        var status = stat()
        stat(copy, &status)
        #expect(status.st_mode & 0o077 == 0)
        let again = await #expect(throws: Fault.self) { try await store.backup(to: copy) }
        #expect(again?.kind == .conflict, "nothing is overwritten")
        #expect(try await store.integrityCheck().isEmpty)
        await store.close()
    }

    @Test("a backup that is cancelled or has nowhere to go leaves nothing behind")
    func cancelled() async throws {
        let store = try await fixture.open()
        try await fill(store, 20_000)
        let scope = Scope.forTest()
        let task = scope.spawn("backs up") { try await store.backup(to: copy) }
        await Loop.yield()
        task.cancel()
        await scope.close()
        await #expect(throws: Fault.self) { try await store.backup(to: "/nonexistent/copy") }
        try await Deadline.within(.seconds(20)) {
            while try FilePath.names(in: fixture.directory.path).contains(where: { $0.contains(".part-") }) {
                try await Loop.sleep(for: .milliseconds(5))
            }
        }
        await store.close()
    }

    @Test("restoring brings the old state back and keeps the replaced one")
    func restore() async throws {
        var store = try await fixture.open()
        try await fill(store, 10)
        try await store.backup(to: copy)
        try await store.write { try $0.run(StoreFixture.add, 2, "grace") }
        let inUse = await #expect(throws: Fault.self) {
            try await Store.restore(fixture.path, from: copy, migrations: StoreFixture.migrations)
        }
        #expect(inUse?.kind == .conflict)
        await store.close()

        let kept = try #require(
            try await Store.restore(fixture.path, from: copy, migrations: StoreFixture.migrations))
        store = try await fixture.open()
        #expect(try await store.read { try $0.one(StoreFixture.count) } == 1)
        await store.close()
        #expect(try Database(kept, .asItIs).ourNumber("SELECT count(*) FROM people") == 2)
    }

    @Test("a damaged store with a WAL is replaced, and its WAL does not meet the new file")
    func restoreOverDamage() async throws {
        var store = try await fixture.open()
        try await fill(store, 10)
        try await store.backup(to: copy)
        await store.close()
        fixture.damage(at: 0, [UInt8](repeating: 7, count: 200))
        fixture.directory.write("what a killed process left", to: "perigee.db-wal")
        try await Store.restore(fixture.path, from: copy, migrations: StoreFixture.migrations)
        store = try await fixture.open()
        #expect(try await store.read { try $0.one(StoreFixture.count) } == 1)
        #expect(try await store.integrityCheck().isEmpty)
        await store.close()
    }

    @Test("what is no good backup is refused before anything is replaced")
    func badBackup() async throws {
        let store = try await fixture.open()
        try await fill(store, 500)
        try await store.backup(to: copy)
        await store.close()
        fixture.directory.write("text", to: "text")
        let descriptor = Glibc.open(copy, O_WRONLY)
        pwrite(descriptor, [UInt8](repeating: 0xa5, count: 8192), 8192, 4096 * 4)
        close(descriptor)
        for bad in [copy, "\(fixture.directory.path)/text", "/nonexistent/backup"] {
            await #expect(throws: Fault.self) {
                try await Store.restore(fixture.path, from: bad, migrations: StoreFixture.migrations)
            }
        }
        let again = try await fixture.open()
        #expect(try await again.read { try $0.one(StoreFixture.count) } == 1)
        await again.close()
    }

    @Test("the integrity check names what it finds")
    func integrity() async throws {
        let store = try await fixture.open()
        try await fill(store, 10)
        await store.close()
        do {
            let database = try Database(fixture.path, .asItIs)
            try database.ours("PRAGMA foreign_keys = OFF; INSERT INTO notes VALUES (99, 12345, 'of nobody')")
        }
        let again = try await fixture.open()
        let problems = try await again.integrityCheck()
        #expect(problems.count == 1 && problems[0].contains("notes"))
        await again.close()
    }
}
