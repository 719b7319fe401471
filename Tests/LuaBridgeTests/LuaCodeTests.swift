import Testing

@testable import LuaBridge

@Suite("compiled scripts")
struct LuaCodeTests {
    private func code(_ text: String, memory: Int = 8 << 20) throws -> LuaCode {
        try LuaCode(compiling: Array(text.utf8), script: "a.lua", memory: memory)
    }

    @Test("what was compiled once runs in every state, and its errors name the script and line")
    func runs() throws {
        let code = try code("local x = ...\nif x == 0 then error('zero') end\nreturn x * 2")
        for _ in 1...3 {
            let state = try LuaState(scheduler: {})
            let function = try state.load(code)
            #expect(try state.callNow(function, 21) == [42])
            let failure = #expect(throws: LuaError.self) { _ = try state.callNow(function, 0) == [] }
            #expect(failure?.message == "a.lua:2: zero")
            #expect(function.place?.script == "a.lua")
            state.close()
            #expect(function.place == nil)
        }
    }

    @Test(
        "what does not compile says where",
        arguments: [
            ("return {", LuaError.Kind.syntax, 1), ("local x =\n\n= 2", .syntax, 3), ("\u{1b}Lua", .syntax, nil),
        ] as [(String, LuaError.Kind, Int?)])
    func broken(_ text: String, _ kind: LuaError.Kind, _ line: Int?) {
        let failure = #expect(throws: LuaError.self) { _ = try code(text) }
        #expect(failure?.kind == kind)
        #expect(failure?.line == line)
        #expect(failure?.script == "a.lua")
    }

    @Test("compiling takes no more memory than it may")
    func bounded() {
        let text = "return {" + String(repeating: "{1,2,3},", count: 20_000) + "}"
        let failure = #expect(throws: LuaError.self) { _ = try code(text, memory: 64 << 10) }
        #expect(failure?.kind == .memory)
    }

    @Test("a function knows where it was written")
    func place() throws {
        let state = try LuaState(scheduler: {})
        let made = try state.callNow(state.load("\n\nreturn function()\nend, print", script: "lib/b.lua"))
        #expect(made[0].function?.place?.script == "lib/b.lua")
        #expect(made[0].function?.place?.line == 3)
        state.close()
    }

    @Test("a module can be a chunk that is loaded already, and runs once")
    func chunks() throws {
        let state = try LuaState(scheduler: {})
        let code = try code("runs = (runs or 0) + 1\nreturn { name = ... }")
        state.searcher = { [unowned state] name in
            guard name == "a", let chunk = try? state.load(code) else { return .unknown("there is only a") }
            return .chunk(chunk)
        }
        let text = "return require('a').name, require('a') == require('a'), runs, pcall(require, 'b')"
        let seen = try state.callNow(state.load(text, script: "test"))
        #expect(seen[..<4] == ["a", true, 1, false])
        state.close()
    }

    @Test("an error that is returned prints as one that is raised does")
    func returnedErrors() throws {
        let state = try LuaState(scheduler: {})
        let metatable = try state.callNow(
            state.load("return { __tostring = function(e) return '<' .. e.message .. '>' end }", script: "test"),
            LuaCallOptions(keepsTables: true), results: { $0.value() })
        guard case .reference(let table as LuaTable) = metatable else {
            Issue.record("no table")
            return
        }
        try state.useErrorMetatable(table)
        try state.function("fails") { call in
            call.results.putNil()
            call.results.makeNextError()
            call.results.put(["message": "gone"] as LuaValue)
        }
        let seen = try state.callNow(state.load("local _, e = fails() return tostring(e)", script: "test"))
        #expect(seen == ["<gone>"])
        state.close()
    }
}
