import LuaBridge
import Testing

@testable import Runtime

private let badValue = "bad argument #2 'value' to 'host.store.Namespace:set' "

@Suite("host.store")
@Loop
struct StoreModuleTests {
    private let clock = ManualClock(1_000_000)
    private let world: World

    init() {
        var world = bareWorld()
        world.clock = clock
        world.values = MemoryValues(clock: clock)
        self.world = world
    }

    private static let start = "local store = require 'host.store' local ns = store.namespace('test') "

    private func run(_ text: String) async throws -> LuaResults {
        try await ModuleHarness(.store(world)).run(Self.start + text)
    }

    private func mistake(_ text: String) async throws -> String {
        try await ModuleHarness(.store(world)).mistake(Self.start + text)
    }

    @Test("anything that JSON can say is kept and comes back, also in the next generation")
    func values() async throws {
        let first = try await run(
            """
            return ns:set("a", { list = { 1, 2.5, "x" }, empty = {}, deep = { { ok = true } } }), ns:set("b", false),
              ns:set("c", "\\0é"), ns:get("nothing")
            """)
        #expect(first == [true, true, true, .nil])
        let second = try await run("return ns:get('a'), ns:get('b'), ns:get('c'), ns:remove('b'), ns:remove('b')")
        #expect(
            second == [["list": [1, 2.5, "x"], "empty": [:], "deep": [["ok": true]]], false, "\0é", true, false])
    }

    @Test("JSON's null is kept as a value")
    func null() async throws {
        let seen = try await ModuleHarness(.store(world)).run(
            Self.start + "ns:set('n', ...) return ns:get('n') == ...", .null)
        #expect(seen == [true])
    }

    @Test("the namespace's ttl holds unless a value has its own")
    func lifetimes() async throws {
        let text = """
            local short = store.namespace("short", { ttl = "10s" })
            short:set("a", 1)
            short:set("b", 1, { ttl = 60 })
            """
        _ = try await run(text)
        clock.advance(by: .seconds(10))
        let seen = try await run("local s = store.namespace('short') return s:get('a'), s:get('b')")
        #expect(seen == [.nil, 1])
    }

    @Test("counters count by one, by more, and down")
    func counters() async throws {
        #expect(try await run("return ns:increment('n'), ns:increment('n', 5), ns:increment('n', -10)") == [1, 6, -4])
        let failed = try await run("ns:set('t', {}) return ns:increment('t')")
        #expect(failed.kind == "conflict")
        #expect(failed.message == "the value 't' is {}, not a whole number that can be counted up")
    }

    @Test("swap compares values, not how they were written")
    func swap() async throws {
        let seen = try await run(
            """
            ns:set("k", { b = 2, a = { 1, 2 } })
            return ns:swap("k", { a = { 1, 2 }, b = 3 }, 1), ns:swap("k", { a = { 1, 2.0 }, b = 2 }, 7),
              ns:swap("k", nil, 8), ns:swap("k", 7.0, 9, { ttl = "1s" }), ns:get("k"), ns:swap("new", nil, 1)
            """)
        #expect(seen == [false, true, false, true, 9, true])
    }

    @Test("update retries until nobody came between, and nil leaves the value alone")
    func update() async throws {
        let seen = try await run(
            """
            local calls = 0
            local new = ns:update("k", function(old)
              calls = calls + 1
              if calls == 1 then ns:set("k", { count = 10 }) end
              return { count = (old and old.count or 0) + 1 }
            end)
            local same = ns:update("k", function() end)
            local none = ns:update("other", function() end)
            return calls, new.count, ns:get("k").count, same.count, none
            """)
        #expect(seen == [2, 11, 11, 11, .nil])
    }

    @Test("update gives up when others are always faster, and raises what its function raises")
    func updateFails() async throws {
        let busy = try await run(
            """
            local n = 0
            return ns:update("k", function(old)
              n = n + 1
              ns:set("k", n)
              return 0
            end)
            """)
        #expect(busy.kind == "conflict")
        #expect(busy.error["retryable"] == true)
        #expect(try await mistake("ns:update('k', function() error('boom') end)") == "boom")
    }

    @Test("lists come in pages")
    func list() async throws {
        let seen = try await run(
            """
            for i = 1, 5 do ns:set("run-" .. i, i) end
            ns:set("other", {})
            local keys, last = {}, nil
            repeat
              local page = ns:list("run-", { limit = 2, after = last })
              for _, item in ipairs(page) do keys[#keys + 1] = item.key .. "=" .. item.value end
              last = #page > 0 and page[#page].key or nil
            until not last
            return table.concat(keys, " "), #ns:list(), #ns:list("none")
            """)
        #expect(seen == ["run-1=1 run-2=2 run-3=3 run-4=4 run-5=5", 6, 0])
    }

    @Test(
        "what cannot be kept is a mistake that says where it is",
        arguments: [
            (
                "ns:set('k', type)",
                badValue + "cannot be kept: a function or handle has no form in JSON"
            ),
            (
                "ns:set('k', { a = { 1, { b = type } } })",
                badValue + "cannot be kept: a[1].b: a function or handle has no form in JSON"
            ),
            (
                "ns:set('k', { 1 / 0 })",
                badValue + "cannot be kept: [0]: inf has no form in JSON"
            ),
            ("ns:set('k')", badValue + "(anything expected, got nothing)"),
            (
                "local t = {} t.t = t ns:set('k', t)",
                "an argument of host.store.Namespace:set contains itself: "
                    + "a table cannot cross that leads back to itself"
            ),
            (
                "ns:set('k', { [1] = 1, x = 2 })",
                badValue + "cannot be kept: a table with both string keys ('x') "
                    + "and integer keys (1) has no form in JSON"
            ),
            (
                "store.namespace('Bad Name')",
                "bad argument #1 'name' to 'host.store.namespace': "
                    + "it is wrong: 1 to 64 of a-z, 0-9, _, . and - make a name"
            ),
            (
                "store.namespace('x', { tll = 1 })",
                "bad argument #2 'options' to 'host.store.namespace': field 'tll' is unknown; did you mean 'ttl'?"
            ),
            ("ns:get(7)", "bad argument #1 'key' to 'host.store.Namespace:get' (text expected, got the number 7)"),
        ])
    func mistakes(_ text: String, _ message: String) async throws {
        let seen = try await mistake(text)
        #expect(seen == message)
    }

    @Test("keys and values have limits, and what is over them is an error that can be handled")
    func limits() async throws {
        #expect(try await run("return ns:set(('k'):rep(200), ('x'):rep(256 * 1024 - 2))") == [true])
        let key = try await run("return ns:set(('k'):rep(201), 1)")
        #expect(key.kind == "too_large")
        #expect(key.message?.contains("is 201 bytes long, at most 200 are taken") == true)
        let value = try await run("return ns:set('k', ('x'):rep(256 * 1024 - 1))")
        #expect(value.kind == "too_large")
        #expect(value.message == "the value for 'k' is 256.0KB as JSON, at most 256KB are kept")
        for text in ["''", "'a\\0b'", "'\\xff'"] {
            let bad = try await run("return ns:get(\(text))")
            #expect(bad.message == "a key is text in UTF-8, neither empty nor with a NUL in it", "\(text)")
        }
    }

    @Test("a store that fails is an error, not an end")
    func failing() async throws {
        var world = bareWorld()
        world.values = BrokenValues()
        let seen = try await ModuleHarness(.store(world)).run(Self.start + "return ns:get('k')")
        #expect(seen.kind == "unavailable")
    }
}

/// Values whose disk has gone.
private final class BrokenValues: KeyValues {
    private let fault = Fault(.unavailable, "the disk has gone")

    func get(_ namespace: String, _ key: String) async throws -> String? { throw fault }
    func set(_ namespace: String, _ key: String, _ json: String, lifetime: Duration?) async throws { throw fault }
    func remove(_ namespace: String, _ key: String) async throws -> Bool { throw fault }

    func increment(_ namespace: String, _ key: String, by amount: Int64, lifetime: Duration?) async throws -> Int64 {
        throw fault
    }

    func swap(
        _ namespace: String, _ key: String, expected: String?, _ json: String, lifetime: Duration?
    ) async throws -> Bool { throw fault }

    func list(
        _ namespace: String, prefix: String, after: String?, limit: Int
    ) async throws -> [(key: String, json: String)] { throw fault }
}
