import Testing

@testable import Runtime

@Suite("store: SQL of scripts")
@Loop
struct ReadOnlySQLTests {
    static let migrations = [
        Migration(
            1, "create accounts",
            """
            CREATE TABLE accounts (id BIGINT PRIMARY KEY, name TEXT, secret TEXT);
            CREATE VIEW account_list AS SELECT id, name FROM accounts;
            CREATE VIEW account_secrets AS SELECT id, secret FROM accounts;
            INSERT INTO accounts VALUES (1, 'ada', 'tops3cret'), (2, 'grace', 'tops3cret'), (3, 'joan', 'tops3cret');
            """)
    ]

    let directory = TemporaryDirectory()

    private func open() async throws -> Store {
        try await Store.open("\(directory.path)/p.db", migrations: ReadOnlySQLTests.migrations) { _ in }
    }

    private let limits = ReadOnlyLimits(views: ["account_list"])

    @Test("reads listed views, with parameters, names of columns, joins and CTEs")
    func reads() async throws {
        let store = try await open()
        let result = try await store.readOnly(
            "SELECT name, count(*) AS n FROM account_list WHERE id >= ? GROUP BY name ORDER BY 1;", [.integer(2)],
            limits: limits)
        #expect(result.columns == ["name", "n"])
        #expect(result.rows == [[.text("grace"), .integer(1)], [.text("joan"), .integer(1)]])
        #expect(!result.isTruncated)
        let joined = try await store.readOnly(
            "WITH x AS (SELECT id FROM account_list) SELECT upper(a.name) FROM account_list a JOIN x ON a.id = x.id WHERE x.id = 1",
            limits: limits)
        #expect(joined.rows == [[.text("ADA")]])
        await store.close()
    }

    @Test(
        "tables, other views, the schema, writing and settings are out of reach",
        arguments: [
            "SELECT secret FROM accounts", "SELECT * FROM account_secrets", "SELECT * FROM \"ACCOUNTS\"",
            "SELECT * FROM [accounts]", "SELECT * FROM `accounts`", "SELECT * FROM main.accounts",
            "SELECT sql FROM sqlite_master", "SELECT * FROM sqlite_schema", "SELECT * FROM pragma_table_info('x')",
            "WITH account_list AS (SELECT secret FROM accounts) SELECT * FROM account_list",
            "SELECT (SELECT secret FROM accounts LIMIT 1) FROM account_list",
            "DELETE FROM account_list", "INSERT INTO accounts VALUES (9, '', '')", "DROP VIEW account_list",
            "CREATE TEMP TABLE t (x)", "PRAGMA query_only = OFF", "ATTACH '/etc/passwd' AS p", "BEGIN", "VACUUM",
            "SELECT load_extension('x')", "SELECT randomblob(10)", "EXPLAIN SELECT 1", "SELECT * FROM dbstat",
        ])
    func refused(sql: String) async throws {
        let store = try await open()
        do {
            let result = try await store.readOnly(sql, limits: limits)
            Issue.record("\(sql) gave \(result.rows)")
        } catch {
            #expect([.denied, .invalidInput].contains(Fault(error).kind), "\(error)")
            #expect(!"\(error)".contains("tops3cret"))
        }
        await store.close()
    }

    @Test("what is no SQL, two statements, NUL and a wrong number of values are the script's fault")
    func invalid() async throws {
        let store = try await open()
        for sql in [
            "", "  ", "SELEC 1", "SELECT 1; SELECT 2", "SELECT 1\0", "SELECT ?", "SELECT nothing FROM account_list",
        ] {
            let fault = await #expect(throws: Fault.self, "\(sql)") { try await store.readOnly(sql, limits: limits) }
            #expect(fault?.kind == .invalidInput, "\(sql): \(String(describing: fault))")
        }
        await store.close()
    }

    @Test("rows and bytes beyond the limit are left out, and the result says so")
    func caps() async throws {
        let store = try await open()
        var few = limits
        few.rows = 2
        let result = try await store.readOnly("SELECT name FROM account_list ORDER BY id", limits: few)
        #expect(result.rows.count == 2 && result.isTruncated)
        few = limits
        few.bytes = 8
        #expect(try await store.readOnly("SELECT name FROM account_list ORDER BY id", limits: few).rows.count == 2)
        await store.close()
    }

    @Test("too many steps, too much time and too much memory end a query")
    func limitsHold() async throws {
        let store = try await open()
        let endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
        var few = limits
        few.steps = 100_000
        let steps = await #expect(throws: Fault.self) { try await store.readOnly(endless, limits: few) }
        #expect(steps?.kind == .overBudget)
        few = limits
        few.steps = .max
        few.time = .milliseconds(20)
        let time = await #expect(throws: Fault.self) { try await store.readOnly(endless, limits: few) }
        #expect(time?.kind == .timeout)
        let memory = await #expect(throws: Fault.self) {
            try await store.readOnly(
                "WITH RECURSIVE s (t) AS (SELECT 'xxxxxxxx' UNION ALL SELECT t || t FROM s) SELECT length(t) FROM s",
                limits: limits)
        }
        #expect(memory?.kind == .tooLarge)
        #expect(try await store.readOnly("SELECT 1", limits: limits).rows == [[.integer(1)]], "it goes on serving")
        await store.close()
    }
}
