import Testing

@testable import LuaBridge

@Suite("values crossing between Swift and Lua")
@LuaThread
struct CrossingTests {
    @Test(
        "plain values come back as they went",
        arguments: ([
            .nil, .null, true, false, 0, -1, .integer(.min), .integer(.max), 0.5, .number(.infinity),
            .number(9_007_199_254_740_992), "", "text", "nul\0inside", "ünïcode 🚀", .bytes([0xff, 0, 0xfe]),
            [1, 2, 3], ["a": 1, "b": [true, .null]], [["x": 1], ["x": 2]], .array([]), .table([:]),
            .table([.integer(5): "five", "name": 2.5]),
        ] as [LuaValue]).map(SendableValue.init))
    func roundTrip(_ value: SendableValue) async throws {
        let bench = try Bench()
        #expect(try await bench.run("return ...", value.value) == [value.value])
    }

    @Test("a float stays a float and an integer an integer")
    func numberTypes() async throws {
        let bench = try Bench()
        let types = try await bench.run(
            "local i, f = ... return math.type(i), math.type(f), i == f", .integer(1), .number(1))
        #expect(types == ["integer", "float", true])
        let minusZero = try await bench.run("return -0.0")
        #expect(minusZero[0].number?.sign == .minus)
        #expect(try await bench.run("return 0/0")[0].number?.isNaN == true)
        #expect(try await bench.run("return math.maxinteger + 1 == math.mininteger") == [true])
    }

    @Test("a table is a list when its keys are 1 to n, in whatever order they were set")
    func lists() async throws {
        let bench = try Bench()
        #expect(try await bench.run("return {[3] = 'c', [1] = 'a', [2] = 'b'}") == [["a", "b", "c"]])
        #expect(try await bench.run("return {1, 2, x = 3}") == [.table([1: 1, 2: 2, "x": 3])])
        #expect(try await bench.run("return {[2] = 'b'}") == [.table([2: "b"])])
        #expect(try await bench.run("return {1, nil, 3}") == [.table([1: 1, 3: 3])])
        #expect(
            try await bench.run("local t = {} for i = 100, 1, -1 do t[i] = i end return #t, t")[1]
                == .array((1...100).map { .integer($0) }))
    }

    @Test("an empty list stays a list, and table.array makes one")
    func emptyLists() async throws {
        let bench = try Bench()
        #expect(
            try await bench.run("return {}, table.array(), table.array {}") == [.table([:]), .array([]), .array([])])
        #expect(try await bench.run("local t = ... t[1] = 'x' return t", .array([])) == [["x"]])
        #expect(await bench.failure("getmetatable(table.array()).__index = 1").kind == .runtime)
    }

    @Test("a text that is not UTF-8 is repaired for those who ask for a String, and whole for the others")
    func brokenText() async throws {
        let bench = try Bench()
        let function = try bench.state.load(#"return "a\xffb", "a\xffb""#, script: "t")
        try await bench.state.call(function) { reader in
            #expect(reader.string() == "a\u{fffd}b")
            #expect(reader.rawString().map { Array($0) } == [0x61, 0xff, 0x62])
            #expect(reader.string() == nil)
        }
    }

    @Test(
        "what cannot cross is refused with the reason",
        arguments: [
            ("local t = {} t.t = t return t", "contains itself"),
            ("local t = {} for _ = 1, 200 do t = {t} end return t", "nested deeper than 128"),
            ("return {[1.5] = 1}", "neither a string nor an integer"),
            ("return {[true] = 1}", "neither a string nor an integer"),
            ("return ('x'):rep(2e6), ('x'):rep(2e6), ('x'):rep(2e6)", "larger than 4096 KB"),
        ])
    func refused(_ text: String, _ reason: String) async throws {
        let bench = try Bench()
        let error = await bench.failure(text)
        #expect(error.message.contains(reason), "\(error.message)")
        #expect(error.script == "test.lua")
        #expect(try await bench.run("return 1") == [1], "the state must be usable after it")
    }

    @Test("the same table twice is no cycle")
    func diamonds() async throws {
        let bench = try Bench()
        #expect(try await bench.run("local t = {1} return {t, t}") == [[[1], [1]]])
    }

    @Test("arguments that cannot cross name the host function")
    func refusedArguments() async throws {
        let bench = try Bench()
        #expect(
            await bench.failure("local t = {} t[1] = t note(t)").message.contains("an argument of note contains itself")
        )
    }

    @Test("a reader takes fields by name, skips what is not wanted, and survives wrong types")
    func reading() async throws {
        let bench = try Bench()
        let function = try bench.state.load(
            "return {action = 'retry', after = 5, extra = {1, {2}}, list = {1, 2}}, 'end'", script: "t")
        var action: String?
        var after: Int64?
        var list: [Int64] = []
        try await bench.state.call(function) { reader in
            reader.fields { name, reader in
                switch name {
                case "action": action = reader.string()
                case "after": after = reader.integer()
                case "list": reader.elements { list.append($0.integer() ?? -1) }
                default: break
                }
            }
            #expect(reader.integer() == nil)
            #expect(reader.isAtEnd)
            #expect(reader.value() == .nil)
        }
        #expect(action == "retry" && after == 5 && list == [1, 2])
    }

    @Test("functions and tables by reference can be called, read and changed later")
    func references() async throws {
        let bench = try Bench()
        let hooks = try await bench.run("return {place = function(x) return x + 1 end, name = 'h'}")
        let place = try #require(hooks[0]["place"]?.function)
        #expect(try await bench.state.call(place, 41) == [42])
        let table = try bench.state.store(["a": 1]) as? LuaTable
        try table?.set("b", [1, 2])
        #expect(try table?.value() == ["a": 1, "b": [1, 2]])
        #expect(try table?.get("a") == 1)
        #expect(try table?.table("b")?.get(2) == 2)
        #expect(try table?.table("a") == nil)
        let change = try bench.state.load("local t = ... t.c = 3", script: "t")
        try await bench.state.call(change, .reference(try #require(table)))
        #expect(try table?.get("c") == 3)
    }

    @Test("read-only facts can be read like any table, and a write names the field, at any depth")
    func facts() async throws {
        let bench = try Bench()
        func give(_ text: String) throws -> Values {
            let function = try bench.state.load(text, script: "t.lua")
            return try bench.state.callNow(
                function,
                arguments: {
                    $0.makeNextReadOnly()
                    $0.put(["name": "x", "inner": ["list": [1, 2, 3]]])
                }, results: { Values($0.values()) })
        }
        #expect(try give("local f = ... return f.name, #f.inner.list, f.inner.list[2]") == ["x", 3, 2])
        #expect(
            try give("local f = ... local n = 0 for k, v in pairs(f) do n = n + 1 end return n, next(f) ~= nil") == [
                2, true,
            ])
        #expect(
            try give("local f, t = ..., {} for i, v in ipairs(f.inner.list) do t[i] = v end return table.concat(t)")
                == ["123"])
        #expect(try give("return ...") == [["name": "x", "inner": ["list": [1, 2, 3]]]])
        #expect(
            try give("local f = ... return rawget(f, 'name'), rawlen(f.inner.list), getmetatable(f)") == [
                "x", 3, false,
            ])
        for (text, field) in [("f.name = 1", "'name'"), ("f.inner.x = 1", "'x'"), ("f.inner.list[1] = 0", "'1'")] {
            #expect(
                performing: { try give("local f = ... \(text)") },
                throws: {
                    ($0 as? LuaError)?.message.hasSuffix("the field \(field) cannot be set") == true
                })
        }
        #expect(throws: LuaError.self) { try give("rawset(..., 'a', 1)") }
        #expect(throws: LuaError.self) { try give("setmetatable(..., nil)") }
        #expect(throws: LuaError.self) { try give("table.insert((...).inner.list, 1)") }
    }
}

/// Values of the tests' tables hold no handles, so they may be shared.
struct SendableValue: @unchecked Sendable {
    let value: LuaValue

    init(_ value: LuaValue) { self.value = value }
}
