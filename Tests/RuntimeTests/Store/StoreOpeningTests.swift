import Glibc
import Testing

@testable import Runtime

@Suite("store: what can be wrong at the start")
@Loop
struct StoreOpeningTests {
    let fixture = StoreFixture()

    private func refusal() async -> Fault? {
        await #expect(throws: Fault.self) { try await fixture.open() }
    }

    private func fill() async throws {
        let store = try await fixture.open()
        try await store.write { transaction in
            for id in 0..<2000 { try transaction.run(StoreFixture.add, id, "person number \(id)") }
        }
        await store.close()
    }

    @Test("a second Perigee is refused with the number of the first, until that one closes")
    func lease() async throws {
        let first = try await fixture.open()
        let fault = await refusal()
        #expect(fault?.kind == .conflict)
        #expect(fault?.message == "\(fixture.path) is in use by another Perigee (process \(getpid()))")
        await first.close()
        try await fixture.open().close()
    }

    @Test("a missing directory, and a file in its place, say what to do")
    func directory() async throws {
        for (path, words) in [("/nonexistent/p.db", "/nonexistent"), ("\(fixture.directory.path)/file/p.db", "file")] {
            fixture.directory.write("", to: "file")
            let fault = await #expect(throws: Fault.self) {
                try await Store.open(path, migrations: []) { _ in }
            }
            #expect(fault?.message.contains(words) == true)
            #expect(fault?.hint?.contains("STATE_DIR") == true)
        }
    }

    @Test("a file that is no database, also one of another program, is left as it is")
    func notADatabase() async throws {
        fixture.directory.write("Dear diary, today", to: "perigee.db")
        let fault = await refusal()
        #expect(fault?.message == "\(fixture.path) is not a Perigee database")
        unlink(fixture.path)
        do {
            let other = try Database(fixture.path, .writer)
            try other.execute("CREATE TABLE recipes (id INT)")
        }
        #expect(await refusal()?.message.contains("is not a Perigee database") == true)
    }

    @Test("a flipped byte in the header, a damaged page and a cut file are found", arguments: [0, 1, 2])
    func damaged(kind: Int) async throws {
        try await fill()
        switch kind {
        case 0: fixture.damage(at: 3, [0xff])
        case 1: fixture.damage(at: 4096 * 3, [UInt8](repeating: 0xa5, count: 4096 * 4))
        default: truncate(fixture.path, 4096 * 5 + 100)
        }
        let fault = try #require(await refusal())
        #expect(fault.hint?.contains("perigee restore") == true, "\(fault)")
        #expect(!fault.message.contains("\n"))
    }

    @Test("a newer schema is refused and not touched")
    func newer() async throws {
        try await fill()
        let fault = await #expect(throws: Fault.self) {
            try await Store.open(fixture.path, migrations: [StoreFixture.migrations[0]]) { _ in }
        }
        #expect(fault?.message.contains("newer Perigee") == true)
        try await fixture.open().close()
    }

    @Test("a store that another program holds locked fails with that reason", .timeLimit(.minutes(1)))
    func lockedByAnother() async throws {
        let store = try await fixture.open()
        let other = try Database(fixture.path, .asItIs)
        try other.ours("BEGIN IMMEDIATE")
        let fault = await #expect(throws: Fault.self) { try await store.write { try $0.run(StoreFixture.add, 1, "a") } }
        #expect(fault?.kind == .unavailable)
        #expect(fault?.message.contains("locked by another program") == true)
        try other.ours("ROLLBACK")
        try await store.write { try $0.run(StoreFixture.add, 1, "a") }
        await store.close()
    }

    @Test("its files are readable by nobody else")
    func modes() async throws {
        let store = try await fixture.open()
        try await store.write { try $0.run(StoreFixture.add, 1, "a") }
        for suffix in ["", "-wal", ".lease"] {
            var status = stat()
            #expect(stat(fixture.path + suffix, &status) == 0)
            #expect(status.st_mode & 0o077 == 0, "\(suffix)")
        }
        await store.close()
    }

    @Test("an opening whose caller has gone leaves the store free")
    func abandonedOpening() async throws {
        let scope = Scope.forTest()
        let task = scope.spawn("opens") { _ = try await fixture.open() }
        await Loop.yield()
        task.cancel()
        await scope.close()
        try await Deadline.within(.seconds(20)) {
            while true {
                do { return try await fixture.open().close() } catch let fault as Fault where fault.kind == .conflict {
                    try await Loop.sleep(for: .milliseconds(5))
                }
            }
        }
    }

    @Test("on a full disk writes fail with that reason, what was acknowledged stays, and space heals it")
    func diskFull() async throws {
        guard let disk = try await SmallDisk(megabytes: 2) else {
            print("SKIPPED: a full disk cannot be made here (needs root and tmpfs)")
            return
        }
        let path = "\(disk.path)/p.db"
        let store = try await Store.open(path, migrations: StoreFixture.migrations) { _ in }
        try await store.write { try $0.run(StoreFixture.add, 1, "ada") }
        let text = String(repeating: "x", count: 100_000)
        var written = 0
        let fault = await #expect(throws: Fault.self) {
            while written < 1000 {
                try await store.write { [written] in try $0.run(StoreFixture.note, written, 1, text) }
                written += 1
            }
        }
        #expect(fault?.kind == .overBudget)
        #expect(fault?.message.contains("the disk is full") == true)
        let notes = Query("SELECT count(*) FROM notes", Int.self)
        #expect(try await store.read { try $0.one(notes) } == written)
        try await disk.resize(megabytes: 32)
        try await store.write { [written] in try $0.run(StoreFixture.note, written, 1, text) }
        #expect(try await store.read { try $0.one(notes) } == written + 1)
        await store.close()
        try await disk.remove()
    }
}

/// A file system of a few megabytes in memory.
@Loop
private final class SmallDisk {
    private let directory = TemporaryDirectory()
    var path: String { directory.path }

    init?(megabytes: Int) async throws {
        let result = try await Subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=\(megabytes)m", "tmpfs", directory.path])
        guard result.succeeded else { return nil }
    }

    func resize(megabytes: Int) async throws {
        let result = try await Subprocess.run(["mount", "-o", "remount,size=\(megabytes)m", path])
        try #require(result.succeeded)
    }

    func remove() async throws {
        let result = try await Subprocess.run(["umount", path])
        #expect(result.succeeded, "\(result.errorText)")
    }
}
