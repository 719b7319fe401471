import TestSupport
import Testing

@testable import Runtime

@Suite("integrations of scripts")
@Loop
struct ScriptIntegrationTests {
    private static let script = """
        return {
          name = "shop", description = "A shop.", keys = { "SHOP_KEY" },
          tools = {
            buy = {
              description = "Buys.", timeout = "200ms",
              input = { what = { type = "string", required = true }, count = { type = "integer", default = 1, min = 1 } },
              call = function(input, caller)
                if input.what == "air" then return nil, { kind = "conflict", message = "not for sale" } end
                if input.what == "bug" then error("oops") end
                if input.what == "time" then while true do end end
                if input.what == "nothing" then return end
                if input.what == "words" then return "sold" end
                return { bought = input.what, count = input.count, user = caller.user, key = caller.keys.SHOP_KEY,
                  persona = caller.persona }
              end,
            },
          },
        }
        """

    private func with(_ script: String = script, _ body: @Loop (Generation) async throws -> Void) async throws {
        let bed = try ScriptBed()
        bed.write("integrations/shop.lua", script)
        await bed.scripts.start()
        #expect(bed.scripts.failure == nil, "\(bed.scripts.failure?.problems.map(\.description) ?? [])")
        try await body(bed.scripts.live)
        await bed.close()
    }

    private static let caller: JSONValue = ["user": "ann", "keys": ["SHOP_KEY": "k"], "persona": "build"]

    @Test("a tool is called with checked input and its caller, and gives a table, text or nothing")
    func calls() async throws {
        try await with { live in
            let shop = try #require(live.integration(named: "shop"))
            #expect(shop.keys == ["SHOP_KEY"] && shop.tools.map(\.name) == ["buy"])
            let buy = try #require(shop.tool(named: "buy"))
            #expect(buy.timeout == .milliseconds(200) && !buy.isReadOnly)
            @Loop func call(_ input: JSONValue) async throws -> JSONValue {
                try await live.call(buy, of: shop, input: input, caller: Self.caller)
            }
            #expect(
                try await call(["what": "tea"])
                    == ["bought": "tea", "count": 1, "user": "ann", "key": "k", "persona": "build"])
            #expect(try await call(["what": "words", "count": 3]) == "sold")
            #expect(try await call(["what": "nothing"]) == .null)
        }
    }

    @Test("what goes wrong is told by its kind")
    func failures() async throws {
        try await with { live in
            let shop = try #require(live.integration(named: "shop"))
            let rows: [(JSONValue, Fault.Kind, String)] = [
                (["what": "air"], .conflict, "not for sale"), ([:], .invalidInput, "buy: 'what' is missing"),
                (["what": "x", "coutn": 1], .invalidInput, "buy: 'coutn' is unknown"),
                (["what": "x", "count": 0], .invalidInput, "buy: 'count' is 0, less than 1"),
                ([1], .invalidInput, "buy: the input must be an object with named values"),
                (["what": "bug"], .script, "oops"), (["what": "time"], .script, ""),
            ]
            for (input, kind, text) in rows {
                do {
                    let answer = try await live.call(shop.tools[0], of: shop, input: input, caller: Self.caller)
                    Issue.record("\(input) gave \(answer)")
                } catch {
                    let fault = Fault(error)
                    #expect(kind == .script ? fault.kind != .invalidInput : fault.kind == kind, "\(fault)")
                    #expect(fault.message.contains(text), "\(fault)")
                }
            }
        }
    }

    @Test("one that is not enabled is declared and not offered")
    func disabled() async throws {
        try await with("return { name = \"shop\", description = \"x\", enabled = false, tools = {} }") { live in
            #expect(live.integrations.map(\.name) == ["shop"])
            #expect(live.offeredIntegrations.isEmpty && live.integration(named: "shop") == nil)
        }
    }

    @Test(
        "what cannot be offered fails the load, with its place",
        arguments: [
            (#"["a b"] = { description = "x", call = function() end }"#, "must have a name of at most 64"),
            (
                #"a = { description = "x", input = { n = { type = "integer", default = 1.5 } }, call = function() end }"#,
                "must be a whole number"
            ),
        ])
    func refused(tool: String, message: String) async throws {
        let bed = try ScriptBed()
        bed.write("integrations/shop.lua", "return { name = \"shop\", description = \"x\", tools = {\n\(tool) } }")
        await bed.scripts.start()
        let problem = try #require(bed.scripts.failure?.problems.first)
        #expect("\(problem)".contains(message) && "\(problem)".contains("integrations/shop.lua"))
        await bed.close()
    }
}
