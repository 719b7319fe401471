import Glibc
import Testing

@testable import Runtime

@Suite("store: migrations")
@Loop
struct MigrationTests {
    let directory = TemporaryDirectory()
    var path: String { "\(directory.path)/perigee.db" }
    let one = Migration(1, "create a", "CREATE TABLE a (id BIGINT PRIMARY KEY)")
    let two = Migration(2, "create b", "CREATE TABLE b (id BIGINT PRIMARY KEY, a BIGINT REFERENCES a (id))")

    private func open(_ migrations: Migration...) async throws -> Store {
        try await Store.open(path, migrations: migrations) { _ in }
    }

    private func tables() async throws -> [String] {
        let database = try Database(path, .asItIs)
        return try database.ourRows("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").compactMap {
            String(stored: $0[0])
        }
    }

    private func backups() throws -> [String] {
        try FilePath.names(in: directory.path).filter { $0.contains(".before-migration-") }.sorted()
    }

    @Test("each runs once, and a store that has data is copied before the first of a start-up")
    func upgrade() async throws {
        try await open(one).close()
        #expect(try backups().isEmpty, "a new store has nothing to lose")
        try await open(one, two).close()
        #expect(try await tables() == ["a", "b", "schema_migrations"])
        let backup = try #require(try backups().first)
        #expect(backup.contains("0002"))
        do {
            let old = try Database("\(directory.path)/\(backup)", .asItIs)
            #expect(try old.ourNumber("SELECT count(*) FROM schema_migrations") == 1)
        }
        try await open(one, two).close()
        #expect(try backups().count == 1)
    }

    @Test("only the newest copies are kept")
    func keptBackups() async throws {
        for number in 1...5 { directory.write("old", to: "perigee.db.before-migration-000\(number)-1") }
        try await open(one).close()
        try await open(one, two).close()
        #expect(try backups().count == 3)
    }

    @Test("one that fails leaves the state before it, and says which and why")
    func failure() async throws {
        let broken = Migration(
            2, "break", "CREATE TABLE b (id BIGINT PRIMARY KEY); INSERT INTO b VALUES (1); CREATE TABLE a (id INT)")
        let fault = await #expect(throws: Fault.self) { try await open(one, broken) }
        #expect(fault?.message.contains("migration 2 “break”") == true)
        #expect(fault?.message.contains("already exists") == true)
        #expect(try await tables() == ["a", "schema_migrations"])
        try await open(one, two).close()
    }

    @Test("one that leaves a reference to nothing is refused")
    func foreignKeys() async throws {
        let dangling = Migration(3, "dangle", "INSERT INTO b (id, a) VALUES (1, 99)")
        let fault = await #expect(throws: Fault.self) { try await open(one, two, dangling) }
        #expect(fault?.message.contains("a row of b refers to a row of a that is not there") == true)
    }

    @Test(
        "one that would end its own transaction is refused",
        arguments: ["COMMIT" as StaticString, "PRAGMA user_version = 4"])
    func noCommit(sql: StaticString) async throws {
        await #expect(throws: Fault.self) { try await open(one, Migration(2, "escape", sql)) }
        #expect(try await tables() == ["a", "schema_migrations"])
    }

    @Test("a crash at any moment of a migration leaves the schema before it")
    func crash() async throws {
        try await open(one).close()
        // A connection that vanishes without COMMIT, as a killed process's does.
        do {
            let database = try Database(path, .writer)
            try database.ours("BEGIN IMMEDIATE")
            try database.execute("CREATE TABLE b (id BIGINT)")
            try database.ours("INSERT INTO schema_migrations VALUES (2, 'half', 'x', 0)")
        }
        #expect(try await tables() == ["a", "schema_migrations"])
        try await open(one, two).close()
    }

    @Test("numbers, checksums and newer schemas are judged before anything is touched")
    func plan() throws {
        typealias Applied = MigrationPlan.Applied
        func applied(_ migrations: Migration...) -> [Applied] {
            migrations.map { Applied(number: $0.number, name: $0.name, checksum: $0.checksum) }
        }
        func pending(_ known: [Migration], _ applied: [Applied]) throws -> [Int] {
            try MigrationPlan.pending(known, after: applied, in: "p").map(\.number)
        }
        #expect(try pending([one, two], []) == [1, 2])
        #expect(try pending([one, two], applied(one)) == [2])
        #expect(try pending([one, two], applied(one, two)) == [])
        let newer = #expect(throws: Fault.self) { try pending([one], applied(one, two)) }
        #expect(newer?.message == "p was written by a newer Perigee (schema 2, this one knows 1)")
        let edited = Migration(1, "create a", "CREATE TABLE a (id BIGINT PRIMARY KEY, more TEXT)")
        #expect(throws: Fault.self) { try pending([edited, two], applied(one)) }
        #expect(throws: Fault.self) { try pending([two], []) }
        #expect(throws: Fault.self) { try pending([one, Migration(3, "gap", "SELECT 1")], []) }
    }
}
