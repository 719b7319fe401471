import LuaBridge
import Testing

@testable import Runtime

@Suite("values that scripts declare")
struct ValueRuleTests {
    private func field(_ setting: LuaValue) throws -> ValueField { try ValueField("x", setting, at: "input.x") }

    private func outcome(_ setting: LuaValue, _ value: JSONValue?) throws -> String {
        do {
            guard let good = try field(setting).checked(value, at: "x") else { return "nothing" }
            return String(decoding: try JSON.encode(good), as: UTF8.self)
        } catch let fault as ShapeFault {
            return "\(fault.field) \(fault.message)"
        }
    }

    @Test("a value is checked, and what is left out is filled in")
    func checks() throws {
        let text: LuaValue = ["type": "string", "min": 2, "max": 4]
        let number: LuaValue = ["type": "number", "min": 0, "max": 1.5]
        let whole: LuaValue = ["type": "integer", "min": 1, "max": 50, "default": 10]
        let words: LuaValue = ["type": "list", "items": ["type": "string", "max": 3], "min": 1, "max": 2]
        let inner: LuaValue = [
            "type": "table",
            "fields": [
                "name": ["type": "string", "required": true], "size": ["type": "integer", "default": 3],
            ],
        ]
        let choice: LuaValue = ["type": "string", "choices": ["a", "b"]]
        let rows: [(LuaValue, JSONValue?, String)] = [
            (text, "abc", "\"abc\""), (text, "äöüß", "\"äöüß\""),
            (text, "a", "x has 1 characters, at least 2 are wanted"),
            (text, "abcde", "x has 5 characters, at most 4 are taken"), (text, 5, "x must be text, not 5"),
            (text, nil, "nothing"), (text, .null, "nothing"),
            (["type": "string", "required": true], nil, "x is missing"),
            (["type": "string", "required": true], .null, "x is missing"),
            (number, 1, "1"), (number, 1.25, "1.25"), (number, 2, "x is 2, more than 1.5"),
            (number, -1, "x is -1, less than 0"), (number, "1", "x must be a number, not \"1\""),
            (whole, nil, "10"), (whole, 7.0, "7"), (whole, 7.5, "x must be a whole number"),
            (whole, 51, "x is 51, more than 50"), (["type": "boolean"], true, "true"),
            (["type": "boolean"], "true", "x must be true or false, not \"true\""),
            (words, ["a", "bcd"], "[\"a\",\"bcd\"]"),
            (words, [], "x has 0 elements, at least 1 are wanted"),
            (words, ["a", "bcde"], "x[2] has 4 characters, at most 3 are taken"),
            (words, "a", "x must be a list, not \"a\""), (inner, ["name": "n"], #"{"name":"n","size":3}"#),
            (inner, [:], "x.name is missing"), (inner, ["name": "n", "nam": 1], "x.nam is unknown"),
            (["type": "table"], ["any": [1]], #"{"any":[1]}"#), (choice, "b", "\"b\""),
            (choice, "c", "x must be one of \"a\", \"b\", not \"c\""),
        ]
        for (setting, value, expected) in rows { #expect(try outcome(setting, value) == expected) }
    }

    @Test("the schema that models see says the same")
    func schema() throws {
        let fields = try ValueField.fields(
            [
                "criteria": ["type": "string", "min": 2, "max": 500, "required": true, "description": "Words."],
                "limit": ["type": "integer", "min": 1, "max": 50, "default": 10],
                "kinds": ["type": "list", "items": ["type": "string", "choices": ["a", "b"]]],
                "where": ["type": "table", "fields": ["town": ["type": "string", "required": true]]],
                "share": ["type": "number", "max": 0.5], "deep": ["type": "boolean"],
            ], at: "input")
        let expected: JSONObject = [
            "type": "object",
            "properties": [
                "criteria": ["type": "string", "minLength": 2, "maxLength": 500, "description": "Words."],
                "deep": ["type": "boolean"],
                "kinds": ["type": "array", "items": ["type": "string", "enum": ["a", "b"]]],
                "limit": ["type": "integer", "minimum": 1, "maximum": 50, "default": 10],
                "share": ["type": "number", "maximum": 0.5],
                "where": [
                    "type": "object", "properties": ["town": ["type": "string"]], "required": ["town"],
                    "additionalProperties": false,
                ],
            ],
            "required": ["criteria"], "additionalProperties": false,
        ]
        #expect(fields.schema == expected)
    }

    @Test("a declaration that cannot hold is found when it is loaded")
    func declarations() throws {
        let rows: [(LuaValue, String)] = [
            (["type": "string", "min": 5, "max": 1], "input.x.min is greater than its max"),
            (["type": "integer", "default": "ten"], "input.x.default must be a whole number, not \"ten\""),
            (["type": "integer", "min": 1, "default": 0], "input.x.default is 0, less than 1"),
            (["type": "string", "choices": [1]], "input.x.choices[1] must be text, not 1"),
            (["type": "list", "items": ["typ": "string"]], "input.x.items.typ is unknown"),
            (["type": "table", "fields": ["a": 5]], "input.x.fields.a must be a table, not the number 5"),
        ]
        for (setting, message) in rows {
            let fault = #expect(throws: ShapeFault.self) { try field(setting) }
            #expect(fault.map { "\($0.field) \($0.message)" } == message)
        }
        var deep: LuaValue = ["type": "string"]
        for _ in 0..<20 { deep = ["type": "list", "items": deep] }
        #expect(throws: ShapeFault.self) { try field(deep) }
    }
}
