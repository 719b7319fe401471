import Glibc
import Testing

@testable import Runtime

/// Tables, queries and a store in a directory of the test's own.
@Loop
final class StoreFixture {
    static let migrations = [
        Migration(1, "create people", "CREATE TABLE people (id BIGINT PRIMARY KEY, name TEXT NOT NULL UNIQUE)"),
        Migration(
            2, "create notes",
            """
            CREATE TABLE notes (
                id BIGINT PRIMARY KEY, person BIGINT NOT NULL REFERENCES people (id), text TEXT NOT NULL);
            CREATE INDEX notes_of_person ON notes (person);
            """),
    ]

    nonisolated static let add = Query<Void>("INSERT INTO people (id, name) VALUES (?, ?)")
    nonisolated static let note = Query<Void>("INSERT INTO notes (id, person, text) VALUES (?, ?, ?)")
    nonisolated static let name = Query("SELECT name FROM people WHERE id = ?", String.self)
    nonisolated static let count = Query("SELECT count(*) FROM people", Int.self)
    /// Takes hours unless it is stopped.
    nonisolated static let endless = Query(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n", Int.self)

    let directory = TemporaryDirectory()
    private(set) var lost: [Fault] = []

    var path: String { "\(directory.path)/perigee.db" }

    func open(_ options: Store.Options = Store.Options()) async throws -> Store {
        try await Store.open(path, migrations: StoreFixture.migrations, options: options) { [self] in lost.append($0) }
    }

    /// Keeps the writer busy until the gate opens, so that what is asked meanwhile becomes one group.
    func hold(_ store: Store, _ scope: Scope) async throws -> Gate {
        let (gate, begun) = (Gate(), Mailbox<Void>("begun"))
        scope.spawn("holds the writer") {
            try await store.write { _ in
                Loop.post { begun.send(()) }
                gate.wait()
            }
        }
        _ = try await begun.next()
        return gate
    }

    /// Writes over bytes of the closed file.
    func damage(at offset: Int, _ bytes: [UInt8]) {
        let descriptor = Glibc.open(path, O_WRONLY)
        precondition(pwrite(descriptor, bytes, bytes.count, off_t(offset)) == bytes.count)
        close(descriptor)
    }
}

/// Tells tasks of a test to go on, or not.
@Loop
final class Switch {
    var isOn = true
}
