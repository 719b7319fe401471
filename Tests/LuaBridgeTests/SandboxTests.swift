import Testing

@testable import LuaBridge

@Suite("what scripts may do")
@LuaThread
struct SandboxTests {
    @Test(
        "nothing reaches outside",
        arguments: [
            "io", "package", "dofile", "loadfile", "print", "os.execute", "os.exit", "os.getenv", "os.remove",
            "os.rename",
            "os.tmpname", "string.dump", "debug.sethook", "debug.getregistry", "debug.getinfo", "debug.setmetatable",
            "debug.getupvalue", "warn",
        ])
    func absent(_ name: String) async throws {
        #expect(try await Bench().run("return \(name)") == [.nil])
    }

    @Test(
        "the useful parts are there",
        arguments: [
            "os.time()", "os.clock()", "os.date()", "math.floor(1.5)", "utf8.len('ü')", "#debug.traceback()",
            "select('#', 1, 2)", "collectgarbage('count')", "string.format('%q', 'x')", "('x'):upper()", "'10' + 1",
            "table.unpack({1})", "load('return 1')()", "string.pack('i4', 1)",
        ])
    func present(_ expression: String) async throws {
        #expect(try await Bench().run("return \(expression) ~= nil") == [true])
    }

    @Test("bytecode is refused, in load and by the host")
    func bytecode() async throws {
        let bench = try Bench()
        #expect(try await bench.run("return load('\\27Lua')").first == .nil)
        #expect(try await bench.run("return load('return 1', 'x', 'b')").first == .nil)
        #expect(throws: LuaError.self) { try bench.state.load("\u{1b}Lua", script: "t") }
    }

    @Test("syntax errors say where")
    func syntax() throws {
        let bench = try Bench()
        #expect(
            performing: { try bench.state.load("local x = \n\n = 3", script: "hooks/bad.lua") },
            throws: {
                let error = $0 as? LuaError
                return error?.kind == .syntax && error?.script == "hooks/bad.lua" && error?.line == 3
            })
    }

    @Test("a load by a script takes text or a reader, a name and an environment")
    func loads() async throws {
        let bench = try Bench()
        #expect(
            try await bench.run("local n = 0 return load(function() n = n + 1 return ({'return ', '4', '2'})[n] end)()")
                == [42])
        #expect(try await bench.run("return load('return x', '=x', 't', {x = 5})()") == [5])
        #expect(try await bench.run("return select(2, load('x =', '=chunk'))")[0].string?.hasPrefix("chunk:1:") == true)
        #expect(
            try await bench.run("return select(2, load(('x = 1 '):rep(100000)))")[0].string?.contains(
                "larger than 256 KB") == true)
    }

    @Test("after freeze a write to a global or a library raises the given advice")
    func freezes() async throws {
        let bench = try Bench()
        try await bench.run("settings = {a = 1} function helper() return settings.a end")
        let before = try bench.state.load("late = 1", script: "old.lua")
        try bench.state.freeze(advice: "the global '{name}' cannot be set: use a local")
        #expect(await bench.failure("x = 1").message == "test.lua:1: the global 'x' cannot be set: use a local")
        #expect(await bench.failure("print = 1").message.contains("'print' cannot be set"))
        #expect(await bench.failure("string.upper = 1").message.contains("'string' is read-only: the field 'upper'"))
        #expect(await bench.failure("settings.a = 2").message.contains("'settings' is read-only"))
        #expect(await bench.failure("rawset(_G, 'x', 1)").kind == .runtime)
        #expect(await bench.failure("rawset(string, 'x', 1)").kind == .runtime)
        #expect(await bench.failure("setmetatable(_G, {})").message.contains("protected metatable"))
        #expect(await bench.failure("setmetatable(string, nil)").message.contains("protected metatable"))
        #expect(await bench.failure("table.insert(settings, 1)").message.contains("read-only"))
        await #expect(throws: LuaError.self) { _ = try await bench.state.call(before) }
        let seen = try await bench.run(
            """
            local n = 0 for k in pairs(string) do n = n + 1 end return helper(), n > 10, _G.helper == \
            helper, string.format('%d', 3), next(string) ~= nil, getmetatable(string)
            """
        )
        #expect(seen == [1, true, true, "3", true, false])
        try bench.state.freeze(advice: "twice is harmless")
        try bench.state.globals().set("added", 5)
        #expect(try await bench.run("return added") == [5])
    }

    @Test("the metatable of strings is out of reach")
    func stringMetatable() async throws {
        let bench = try Bench()
        #expect(try await bench.run("return getmetatable('')") == [false])
    }

    @Test("require asks the host once, gives read-only modules, may wait, and tells of loops and failures")
    func requires() async throws {
        let bench = try Bench()
        var asked: [String] = []
        bench.state.searcher = { name in
            asked.append(name)
            switch name {
            case "lib.a": return .source(script: "lib/a.lua", text: "local n = pause(1) return {n = n, name = ...}")
            case "lib.loop": return .source(script: "lib/loop.lua", text: "return require 'lib.loop'")
            case "lib.bad": return .source(script: "lib/bad.lua", text: "\nerror 'broken'")
            case "lib.syntax": return .source(script: "lib/syntax.lua", text: "local = 1")
            case "host.x": return .value(["answer": 42, "f": .host(LuaHostFunction("x.f") { $0.returns(7) })])
            default: return .unknown("did you mean lib.a?")
            }
        }
        #expect(
            try await bench.run("local a = require 'lib.a' return a.n, a.name, a == require 'lib.a'") == [
                1, "lib.a", true,
            ])
        #expect(try await bench.run("local x = require 'host.x' return x.answer, x.f()") == [42, 7])
        #expect(asked == ["lib.a", "host.x"])
        #expect(
            await bench.failure("require('lib.a').n = 2").message.contains("module 'lib.a' is read-only: the field 'n'")
        )
        #expect(await bench.failure("require 'lib.loop'").message.contains("requires itself"))
        #expect(await bench.failure("require 'lib.bad'").message.contains("lib/bad.lua:2: broken"))
        #expect(await bench.failure("require 'lib.bad'").message.contains("broken"), "a failure is not remembered")
        let syntax = await bench.failure("require 'lib.syntax'")
        #expect(syntax.message.contains("lib/syntax.lua:1:"))
        #expect(
            await bench.failure("require 'none'").message.contains("module 'none' was not found: did you mean lib.a?"))
    }

    @Test(
        "sorting is stable, complete, and indifferent to comparators that lie",
        arguments: [
            ("{5, 3, 9, 1}", "nil", "1 3 5 9"), ("{'b', 'a', 'c'}", "nil", "a b c"),
            ("{5, 3, 9, 1}", "function(a, b) return a > b end", "9 5 3 1"), ("{}", "nil", ""), ("{1}", "nil", "1"),
            ("{2, 1.5, -1}", "nil", "-1 1.5 2"),
            ("{'b1', 'a1', 'b0'}", "function(a, b) return a:sub(1, 1) < b:sub(1, 1) end", "a1 b1 b0"),
        ])
    func sorts(_ list: String, _ before: String, _ expected: String) async throws {
        let bench = try Bench()
        #expect(
            try await bench.run("local t = \(list) table.sort(t, \(before)) return table.concat(t, ' ')") == [
                .string(expected)
            ])
        let count = try await bench.run(
            "local t = {} for i = 1, 500 do t[i] = i end table.sort(t, function() return true end) return #t")
        #expect(count == [500])
    }

    @Test(
        "sort refuses what is no list",
        arguments: [
            ("table.sort(1)", "bad argument #1 to 'sort' (table expected, got number)"),
            ("table.sort({}, 1)", "bad argument #2 to 'sort' (function expected, got number)"),
            ("table.sort({1, 'a'})", "attempt to compare"),
            ("table.sort({{}, {}})", "attempt to compare two table values"),
        ])
    func sortErrors(_ text: String, _ message: String) async throws {
        #expect(try await Bench().failure(text).message.contains(message))
    }

    @Test(
        "table functions agree with the manual",
        arguments: [
            ("table.concat({1, 2, 3}, ', ', 2)", "2, 3"), ("table.concat({})", ""),
            ("table.concat({'a'}, 'x', 1, 1)", "a"),
            (
                """
                (function() local t = {1, 2, 3} table.insert(t, 1, 0) table.insert(t, 4) return \
                table.concat(t) end)()
                """,
                "01234"
            ),
            (
                """
                (function() local t = {1, 2, 3} local x = table.remove(t, 1) .. table.remove(t) return x \
                .. table.concat(t) end)()
                """,
                "132"
            ),
            ("tostring(table.remove({}))", "nil"), ("table.concat(table.move({1, 2, 3}, 1, 3, 2))", "1123"),
            ("table.concat(table.move({1, 2, 3}, 2, 3, 1))", "233"),
            ("table.concat({table.unpack({1, 2, 3}, 2)})", "23"),
            ("select('#', table.unpack({}, 1, 3)) .. ''", "3"), ("('ab'):rep(3, '-')", "ab-ab-ab"),
            ("('x'):rep(0)", ""),
        ])
    func tableFunctions(_ expression: String, _ expected: String) async throws {
        #expect(try await Bench().run("return \(expression)") == [.string(expected)])
    }

    @Test("coroutines behave as in the manual")
    func coroutines() async throws {
        let bench = try Bench()
        let seen = try await bench.run(
            """
            local co = coroutine.create(function(a) local b = coroutine.yield(a + 1) error({code = b}) end)
            local _, first = coroutine.resume(co, 1)
            local status = coroutine.status(co)
            local ok, e = coroutine.resume(co, 9)
            local dead, why = coroutine.resume(co)
            return first, status, ok, e.code, coroutine.status(co), dead, why, coroutine.isyieldable(), select(2, coroutine.running())
            """)
        #expect(seen == [2, "suspended", false, 9, "dead", false, "cannot resume dead coroutine", false, true])
        #expect(
            try await bench.run("local w = coroutine.wrap(function() error('x') end) return pcall(w)")[1]
                == "test.lua:1: x")
        let closed = try await bench.run(
            """
            local co = coroutine.create(function() local x <close> = setmetatable({}, {__close = function() note 'closed' end}) coroutine.yield() end)
            coroutine.resume(co)
            return coroutine.close(co), coroutine.status(co)
            """)
        #expect(closed == [true, "dead"] && bench.notes == ["closed"])
    }
}
