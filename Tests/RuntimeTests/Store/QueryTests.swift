import Testing

@testable import Runtime

private enum Mood: String, Storable { case calm, wild }

private struct PersonID: RawRepresentable, Storable, Equatable {
    let rawValue: Int64
}

private struct Everything: Equatable {
    let id: PersonID
    let mood: Mood
    let isHere: Bool
    let weight: Double
    let text: String
    let bytes: [UInt8]
    let nothing: String?
    let maybe: Int?
}

@Suite("store: queries")
@Loop
struct QueryTests {
    static let migrations = [
        Migration(
            1, "create things",
            """
            CREATE TABLE things (
                id BIGINT PRIMARY KEY, mood TEXT, here INTEGER, weight REAL, text TEXT, bytes BLOB, absent TEXT, maybe BIGINT)
            """)
    ]

    private nonisolated static let insert = Query(
        "INSERT INTO things VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id", PersonID.self)
    private nonisolated static let everything = Query("SELECT * FROM things WHERE id = ?") { row in
        try Everything(
            id: row.next(), mood: row.next(), isHere: row.next(), weight: row.next(), text: row.next(),
            bytes: row.next(), nothing: row.next(), maybe: row.next())
    }

    let directory = TemporaryDirectory()

    private func open() async throws -> Store {
        try await Store.open("\(directory.path)/q.db", migrations: QueryTests.migrations) { _ in }
    }

    @Test(
        "every type comes back as it went in",
        arguments: [
            (Int64.max, "text", [UInt8](0...255), Int?.some(.min)), (.min, "", [], nil),
            (0, "a\0b ‘ü’ 🌍", [0], 0),
        ])
    func roundTrip(id: Int64, text: String, bytes: [UInt8], maybe: Int?) async throws {
        let store = try await open()
        let value = Everything(
            id: PersonID(rawValue: id), mood: .wild, isHere: true, weight: -1.5e300, text: text, bytes: bytes,
            nothing: nil, maybe: maybe)
        let found = try await store.write { transaction in
            let id = try transaction.one(
                QueryTests.insert, value.id, value.mood, value.isHere, value.weight, value.text, value.bytes,
                value.nothing, value.maybe)
            return try transaction.one(QueryTests.everything, id)
        }
        #expect(found == value)
        await store.close()
    }

    @Test("a column that holds something else names itself, its content's type, and the query")
    func mismatch() async throws {
        let store = try await open()
        func message<Value>(_ query: Query<Value>) async -> String {
            let fault = await #expect(throws: Fault.self) {
                try await store.read { snapshot in _ = try snapshot.one(query) }
            }
            return fault?.message ?? ""
        }
        let text = await message(Query("SELECT 'x' AS word", Int64.self))
        #expect(text == "column word of “SELECT 'x' AS word” holds text, not Int64")
        #expect(await message(Query("SELECT NULL AS n", String.self)).contains("nothing (NULL)"))
        #expect(await message(Query("SELECT 2 AS b", Bool.self)).contains("not Bool"))
        #expect(await message(Query("SELECT 'sad' AS m", Mood.self)).contains("not Mood"))
        #expect(await message(Query("SELECT 1.5 AS d", Int.self)).contains("a real number"))
        #expect(await message(Query("SELECT 1, 2", Int.self)).contains("1 of 2 columns"))
        #expect(await message(Query("SELECT 1", Int.self, Int.self)).contains("more than 1 columns"))
        #expect(await message(Query("SELECT 1 WHERE 0", Int.self)).contains("no row"))
        #expect(await message(Query("SELECT 1 UNION SELECT 2", Int.self)).contains("several rows"))
        #expect(await message(Query("SELECT 9223372036854775807", Double.self)).contains("not Double"))
        await store.close()
    }

    @Test("a wrong number of values, wrong SQL, and two statements in one are errors")
    func programmersMistakes() async throws {
        let store = try await open()
        func fault(_ query: Query<Void>, _ values: [StoredValue] = []) async -> Fault? {
            await #expect(throws: Fault.self) {
                try await store.write { transaction in
                    switch values.count {
                    case 0: try transaction.run(query)
                    default: try transaction.run(query, values[0])
                    }
                }
            }
        }
        #expect(
            await fault("DELETE FROM things WHERE id = ?")?.message.contains("takes 1 values and was given 0") == true)
        #expect(await fault("DELETE FROM things", [.null])?.message.contains("takes 0 values and was given 1") == true)
        #expect(await fault("DELETE FROM thingz")?.message.contains("no such table") == true)
        #expect(await fault("DELETE FROM things; DROP TABLE things")?.message.contains("another statement") == true)
        #expect(await fault("SELECT 1")?.message.contains("gives rows") == true)
        for text: Query<Void> in [
            "COMMIT", "ROLLBACK", "SAVEPOINT mine", "PRAGMA synchronous = OFF", "ATTACH '/tmp/x' AS other",
        ] {
            #expect(await fault(text)?.kind == .denied)
        }
        await store.close()
    }

    @Test("a snapshot that was kept cannot be used after its closure")
    func escaped() async throws {
        final class Keeper: @unchecked Sendable { var snapshot: Store.Snapshot? }
        let store = try await open()
        let keeper = Keeper()
        try await store.read { keeper.snapshot = $0 }
        #expect(throws: Fault.self) { try keeper.snapshot!.one(Query("SELECT 1", Int.self)) }
        await store.close()
    }

    @Test("results have a bound, and each has none")
    func bounds() async throws {
        let store = try await open()
        let numbers = Query(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT i FROM n", Int.self)
        let fault = await #expect(throws: Fault.self) { try await store.read { try $0.all(numbers, 11, atMost: 10) } }
        #expect(fault?.kind == .tooLarge)
        #expect(try await store.read { try $0.all(numbers, 10, atMost: 10) }.count == 10)
        let sum = try await store.read { snapshot in
            var sum = 0
            try snapshot.each(numbers, 20_000, do: { sum += $0 })
            return sum
        }
        #expect(sum == 200_010_000)
        await store.close()
    }

    @Test("kept statements have a bound; one that is in use is not used twice")
    func statementCache() throws {
        let database = try Database("\(directory.path)/cache.db", .writer, statementLimit: 4)
        let texts: [StaticString] = ["SELECT 1", "SELECT 2", "SELECT 3", "SELECT 4", "SELECT 5", "SELECT 6"]
        for _ in 0..<3 {
            for (index, text) in texts.enumerated() {
                let found = try database.use(text, []) { statement in
                    _ = try database.step(statement)
                    return statement.column(0)
                }
                #expect(found == .integer(Int64(index + 1)))
            }
        }
        #expect(database.keptStatements == 4)
        let same: StaticString = "SELECT 7"
        try database.use(same, []) { outer in
            try database.use(same, []) { inner in #expect(inner !== outer) }
        }
        let first = try database.use(same, []) { ObjectIdentifier($0) }
        #expect(try database.use(same, []) { ObjectIdentifier($0) } == first, "it is kept")
    }
}
