import LuaBridge
import Testing

@testable import Runtime

@Suite("host.json")
@Loop
struct JSONModuleTests {
    private func run(_ text: String, _ arguments: LuaValue...) async throws -> LuaResults {
        let harness = try ModuleHarness(.json())
        let function = try harness.state.load("local json = require 'host.json' " + text, script: "test.lua")
        return try await harness.state.call(
            function, arguments: { for value in arguments { $0.put(value) } }, results: { LuaResults($0.values()) })
    }

    @Test(
        "values are written as JSON",
        arguments: [
            ("nil", "null"), ("json.null", "null"), ("true", "true"), ("-7", "-7"), ("1.5", "1.5"),
            ("'ä\"\\n'", #""ä\"\n""#), ("{}", "{}"), ("json.list {}", "[]"), ("{1, {2}}", "[1,[2]]"),
            ("{a = {b = json.null}}", #"{"a":{"b":null}}"#), ("json.list {'x', json.list {}}", #"["x",[]]"#),
        ])
    func encode(_ value: String, _ text: String) async throws {
        let seen = try await run("local value = \(value) return json.encode(value == nil and json.null or value)")
        #expect(seen == [.string(text)])
    }

    @Test("sorted members stand in the order of their names at every depth, and pretty ones in lines")
    func sorted() async throws {
        let value = "{c = {z = 1, a = {}}, a = json.list {}, b = {{y = 1, x = 2}}}"
        #expect(
            try await run("return json.encode(\(value), {sorted = true})").first
                == #"{"a":[],"b":[{"x":2,"y":1}],"c":{"a":{},"z":1}}"#)
        #expect(
            try await run("return json.encode({b = 1, a = {2}}, {sorted = true, pretty = true})").first
                == "{\n  \"a\": [\n    2\n  ],\n  \"b\": 1\n}")
    }

    @Test("what decode reads encode writes again, empty lists, nulls, whole numbers and bytes beyond ASCII too")
    func roundTrip() async throws {
        let text = #"{"a":[],"b":{},"c":[1,2.5,null,"ü",9007199254740993,{"d":false}]}"#
        #expect(
            try await run("return json.encode(json.decode(...), {sorted = true})", .string(text)).first
                == .string(text))
    }

    @Test("nulls in decoded values are json.null, which is no nil")
    func nulls() async throws {
        let seen = try await run(
            """
            local v = json.decode('{"a":null,"b":[null]}')
            return v.a == json.null, v.b[1] == json.null, #v.b, v.c
            """)
        #expect(seen == [true, true, 1, .nil])
        #expect(try await run("return json.decode('null') == json.null") == [true])
    }

    @Test(
        "text that is no JSON is an error with its line and column",
        arguments: [
            ("", "JSON line 1 column 1: expected a value, found the end of the text"),
            ("{\"a\":1,\n  \"b\": x}", "JSON line 2 column 8: expected a value, found 'x'"),
            ("[1] 2", "JSON line 1 column 5: expected the end of the text, found '2'"),
        ])
    func broken(_ text: String, _ message: String) async throws {
        let seen = try await run("return json.decode(...)", .string(text))
        #expect(seen.kind == "invalid_input" && seen.message == message)
    }

    @Test("nesting without end is an error of the text, not of the script")
    func deep() async throws {
        let seen = try await run("return json.decode(string.rep('[', 1000))")
        #expect(seen.kind == "invalid_input" && seen.message?.contains("nested deeper than 128 levels") == true)
    }

    @Test(
        "what has no form in JSON is an error that names its place",
        arguments: [
            ("{a = {print_me = function() end}}", "a.print_me: a function or handle has no form in JSON"),
            ("{1, 2, [5] = 5}", "a list with holes has no form in JSON: it has 3 elements, one of them at 1"),
            ("{1/0}", "[0]: inf has no form in JSON"), ("'\\xff'", "a string is not UTF-8: byte 1 of 1"),
        ])
    func unwritable(_ value: String, _ message: String) async throws {
        let seen = try await run("return json.encode(\(value), {sorted = true})")
        #expect(seen.kind == "invalid_input" && seen.message?.contains(message) == true, "\(seen.message ?? "")")
    }

    @Test(
        "wrong arguments are mistakes of the script",
        arguments: [
            ("json.decode()", "bad argument #1 'text' to 'host.json.decode' (text expected, got nothing)"),
            ("json.decode({})", "bad argument #1 'text' to 'host.json.decode' (text expected, got a table)"),
            ("json.encode()", "bad argument #1 'value' to 'host.json.encode' (anything expected, got nothing)"),
            (
                "json.encode(1, {prety = true})",
                "bad argument #2 'options' to 'host.json.encode': field 'prety' is unknown; did you mean 'pretty'?"
            ),
            ("json.list({a = 1})", "bad argument #1 'values' to 'host.json.list' (a list expected, got a table)"),
        ])
    func mistakes(_ call: String, _ message: String) async throws {
        let harness = try ModuleHarness(.json())
        #expect(await harness.mistake("local json = require 'host.json'\n\(call)") == message)
    }
}
