import CSQLite
import Glibc

/// One step of the schema, forward only. Once released it is never edited: the next change is a new one.
public struct Migration: Sendable {
    public let number: Int
    /// What it does: `create runs`.
    public let name: String
    public let sql: String

    /// Numbers go 1, 2, 3. `sql` may hold several statements; BEGIN, COMMIT and PRAGMA are refused.
    public init(_ number: Int, _ name: String, _ sql: StaticString) {
        self.number = number
        self.name = name
        self.sql = String(describing: sql)
    }

    /// FNV-1a of the text. It finds an edit; it need not stop anybody who means harm.
    var checksum: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in sql.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16)
    }
}

/// Which migrations are still to do, or why this program must not touch the store.
enum MigrationPlan {
    struct Applied: Equatable {
        let number: Int
        let name: String
        let checksum: String
    }

    static func pending(_ known: [Migration], after applied: [Applied], in path: String) throws -> [Migration] {
        for (index, migration) in known.enumerated() where migration.number != index + 1 {
            throw Fault(.internal, "migration \(migration.number) “\(migration.name)” stands at place \(index + 1)")
        }
        if applied.count > known.count {
            throw Fault(
                .conflict,
                "\(path) was written by a newer Perigee (schema \(applied.count), this one knows \(known.count))",
                hint: "start the newer version, or restore a backup from before the upgrade")
        }
        for (done, migration) in zip(applied, known)
        where done.number != migration.number || done.checksum != migration.checksum {
            throw Fault(
                .conflict, "\(path): migration \(done.number) “\(done.name)” is not the one that this program knows",
                hint: "the program was changed after the store was made: use the release that made it")
        }
        return Array(known.dropFirst(applied.count))
    }
}

/// Brings a schema up to date, one transaction for each step, so that a crash leaves the step before.
struct Migrator {
    /// "PERI": tells our files from other programs'.
    static let applicationID = 0x5045_5249

    let database: Database

    func applied() throws -> [MigrationPlan.Applied] {
        guard try hasTable("schema_migrations") else {
            guard try database.ourNumber("SELECT count(*) FROM sqlite_schema") == 0 else {
                throw Fault.notADatabase(database.path)
            }
            return []
        }
        return try database.ourRows("SELECT number, name, checksum FROM schema_migrations ORDER BY number").map { row in
            guard let number = Int(stored: row[0]), let name = String(stored: row[1]),
                let checksum = String(stored: row[2])
            else { throw Fault.notADatabase(database.path) }
            return MigrationPlan.Applied(number: number, name: name, checksum: checksum)
        }
    }

    func run(_ migrations: [Migration]) throws {
        // Rebuilding a table that others refer to needs this; what results is checked before each commit.
        try database.ours("PRAGMA foreign_keys = OFF")
        for migration in migrations { try run(migration) }
        try database.ours("PRAGMA foreign_keys = ON")
    }

    private func run(_ migration: Migration) throws {
        do {
            try database.ours("BEGIN IMMEDIATE")
            try database.ours(
                """
                PRAGMA application_id = \(Migrator.applicationID);
                CREATE TABLE IF NOT EXISTS schema_migrations (
                    number BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)
                """)
            try database.execute(migration.sql)
            try checkForeignKeys()
            try record(migration)
            try database.ours("COMMIT")
        } catch {
            // The reason for the rollback is the one to tell; the file is as it was either way.
            if database.isInTransaction { try? database.ours("ROLLBACK") }
            let fault = Fault(error)
            throw Fault(
                fault.kind, "\(database.path): migration \(migration.number) “\(migration.name)”: \(fault.message)",
                hint: fault.hint ?? "the store is as it was before; please report this")
        }
    }

    private func record(_ migration: Migration) throws {
        let (statement, _) = try database.compile("INSERT INTO schema_migrations VALUES (?, ?, ?, ?)", flags: 0)
        try statement.bind([migration.number, migration.name, migration.checksum, Int(time(nil)) * 1000])
        _ = try database.step(statement)
    }

    private func checkForeignKeys() throws {
        guard let row = try database.ourRows("PRAGMA foreign_key_check").first else { return }
        throw Fault(
            .internal,
            "a row of \(String(stored: row[0]) ?? "a table") refers to a row of \(String(stored: row[2]) ?? "another") that is not there"
        )
    }

    private func hasTable(_ name: String) throws -> Bool {
        try database.ourNumber("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = '\(name)'") > 0
    }
}
