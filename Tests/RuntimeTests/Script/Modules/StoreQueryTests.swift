import LuaBridge
import Testing

@testable import Runtime

@Suite("host.store.query")
@Loop
struct StoreQueryTests {
    private func run(_ text: String, rows: Int = 100) async throws -> LuaResults {
        let directory = TemporaryDirectory()
        let store = try await Store.open("\(directory.path)/p.db", migrations: ReadOnlySQLTests.migrations) { _ in }
        var world = bareWorld()
        world.query = { sql, values in
            try await store.readOnly(sql, values, limits: ReadOnlyLimits(views: ["account_list"], rows: rows))
        }
        let seen = try await ModuleHarness(.store(world)).run("local store = require 'host.store' return " + text)
        await store.close()
        return seen
    }

    @Test("rows are tables by column, with values in order")
    func rows() async throws {
        let seen = try await run(
            """
            store.query([[
              SELECT id, name, NULL AS none, 0.5 AS half FROM account_list WHERE id > ? AND name <> ? ORDER BY id
            ]], { 1, "x" })
            """
        )
        #expect(
            seen.first == [["id": 2, "name": "grace", "half": 0.5], ["id": 3, "name": "joan", "half": 0.5]])
        #expect(try await run("#store.query('SELECT 1 FROM account_list WHERE id = 99')") == [0])
    }

    @Test("tables are out of reach, and so is writing")
    func denied() async throws {
        #expect(try await run("store.query('SELECT secret FROM accounts')").kind == "denied")
        #expect(try await run("store.query('DELETE FROM account_list')").kind != nil)
        #expect(try await run("store.query('SELEC')").kind == "invalid_input")
    }

    @Test("more rows than fit are an error, so that no script takes a part for the whole")
    func truncated() async throws {
        let seen = try await run("store.query('SELECT id FROM account_list')", rows: 2)
        #expect(seen.kind == "too_large")
        #expect(seen.message == "the query gives more than the 2 rows that fit into an answer")
    }

    @Test("without a store there is nothing to ask")
    func missing() async throws {
        let seen = try await ModuleHarness(.store(bareWorld())).run("return require('host.store').query('SELECT 1')")
        #expect(seen.kind == "unavailable")
    }
}
