import Testing

@testable import Runtime

@Suite("the spec runner")
@Loop
struct SpecRunnerTests {
    @Test("specs are named by the descriptions around them, and run in their order")
    func names() async throws {
        let report = try await SpecBench.run(
            """
            describe("outer", function()
              it("first", function() end)
              describe("inner", function()
                it("second", function() expect(1).equals(1) end)
              end)
              it("third", function() end)
            end)
            it("fourth", function() end)
            """)
        #expect(report.results.map(\.name) == ["outer: first", "outer: inner: second", "outer: third", "fourth"])
        #expect(report.failures.isEmpty)
    }

    @Test("before_each and after_each surround each spec, from the outside in and back, even when it fails")
    func surroundings() async throws {
        let report = try await SpecBench.run(
            """
            local told = {}
            local function tell(word) return function() told[#told + 1] = word end end
            before_each(tell "a")
            after_each(tell "z")
            describe("inner", function()
              it("fails", function() told[#told + 1] = "body" error("no") end)
              before_each(tell "b")
              after_each(tell "y")
            end)
            it("sees it all", function()
              expect(table.concat(told, " ")).equals "a b body y z a"
            end)
            """)
        #expect(report.results.map { $0.failure?.message } == ["no", nil])
    }

    @Test("a spec may wait, wherever it stands")
    func waiting() async throws {
        let report = try await SpecBench.run(
            """
            local echo = require "host.echo"
            local found = echo.later("at load")
            local before
            before_each(function() before = echo.later("before") end)
            describe("waits", function()
              local inside = echo.later("in describe")
              it("in all places", function()
                expect({ found, before, inside, echo.later(4) }).equals { "at load", "before", "in describe", 4 }
                expect(function() echo.later(1) error("late") end).fails "late"
              end)
            end)
            """)
        #expect(report.results.map(\.failure) == [nil])
    }

    @Test("specs require scripts by their place, modules of lib by their name, and host modules")
    func requiring() async throws {
        let report = try await SpecBench.run(
            """
            local recover = require "hooks.recover"
            it("finds them", function()
              expect(recover.recover({})).equals "ids say 7"
              expect(require("hooks.recover")).is(recover)
            end)
            it("advises", function() require "hooks.recovr" end)
            it("names the line of a script that does not compile", function() require "hooks.broken" end)
            """,
            scripts: [
                "hooks/recover.lua":
                    "local ids = require \"ids\"\nreturn { recover = function() return \"ids say \" .. ids.next() end }",
                "lib/ids.lua": "return { next = function() return 7 end }",
                "hooks/broken.lua": "return {\n  x = = 1\n}",
            ])
        #expect(report.results[0].failure == nil)
        #expect(report.results[1].failure?.message.contains("did you mean 'hooks.recover'?") == true)
        #expect(report.results[2].failure?.message.contains("unexpected symbol near '='") == true)
        #expect(report.results[2].failure?.place == "hooks/broken.lua:2")
    }

    @Test("an error is told with its place and the frames of scripts only")
    func errors() async throws {
        let report = try await SpecBench.run(
            """
            local deep = require "deep"
            it("fails", function()
              deep.dig(3)
            end)
            it("goes on", function() end)
            """,
            scripts: ["lib/deep.lua": "local function dig(n)\n  local x = nil + n\nend\nreturn { dig = dig }"])
        let failure = try #require(report.failures.first?.failure)
        #expect(failure.place == "lib/deep.lua:2")
        #expect(failure.message.hasPrefix("attempt to perform arithmetic on a nil value"))
        #expect(failure.traceback.first?.hasPrefix("lib/deep.lua:2") == true)
        #expect(failure.traceback.last?.hasPrefix("hooks/tried_spec.lua:3") == true)
        #expect(!failure.traceback.contains { $0.contains("[C]") })
        #expect(report.results.count == 2 && report.results[1].failure == nil)
    }

    @Test("a spec that loops or waits for ever ends with the limit's error, and the rest go on")
    func limits() async throws {
        let report = try await SpecBench.run(
            """
            local echo = require "host.echo"
            it("loops", function() while true do end end)
            it("waits", function() echo.never() end)
            it("is well", function() expect(1).is(1) end)
            """,
            limits: {
                $0[.hook].computing = .milliseconds(20)
                $0[.hook].wall = .milliseconds(200)
            })
        #expect(report.results.map { $0.failure == nil } == [false, false, true])
        #expect(report.results[0].failure?.line == 2)
        #expect(report.results[1].failure?.message.contains("took longer than") == true)
    }

    @Test(
        "a file that cannot be loaded is one failure with its place",
        arguments: [
            ("it(\"x\", function()\nend", "near <eof>", 2),
            ("\nerror(\"no\")", "no", 2),
            ("describe(\"x\", function()\n  local y = nil\n  y()\nend)", "attempt to call a nil value (local 'y')", 3),
            ("local x = 1", "describes nothing: write `it(\"…\", function() … end)`", nil as Int?),
            ("x = 1", "the global 'x' cannot be set: use `local`", 1),
        ])
    func unloadable(text: String, message: String, line: Int?) async throws {
        let report = try await SpecBench.run(text)
        #expect(report.results.count == 1)
        #expect(report.results[0].name == "hooks/tried_spec.lua")
        let failure = try #require(report.results[0].failure)
        #expect(failure.message.contains(message), "\(failure.message)")
        #expect(failure.line == line)
    }

    @Test(
        "wrong use of the words says what is right",
        arguments: [
            ("it(\"x\")", "bad argument #2 'body' to 'it' (a function expected, got nothing)"),
            ("it(function() end)", "bad argument #1 'name' to 'it'"),
            ("it(\"x\", function() end)\nit(\"x\", function() end)", "there are two specs called \"x\""),
            ("before_each \"x\"", "bad argument #1 'body' to 'before_each' (a function expected, got \"x\")"),
            ("describe(function() end)", "bad argument #1 'name' to 'enter'"),
        ])
    func misuse(text: String, message: String) async throws {
        let failure = try await SpecBench.failure(text)
        #expect(failure?.message.contains(message) == true, "\(failure?.message ?? "none")")
    }

    @Test(
        "what belongs outside an `it` is refused inside",
        arguments: ["it(\"y\", function() end)", "describe(\"y\", function() end)", "after_each(function() end)"])
    func inside(text: String) async throws {
        let failure = try await SpecBench.failure(in: text)
        #expect(failure?.message.contains("cannot stand inside an `it`") == true)
    }

    @Test("the filter keeps what its text is a part of, whatever the case")
    func filter() async throws {
        let text = """
            describe("Recover", function()
              it("asks", function() end)
              it("waits", function() end)
            end)
            it("names", function() end)
            """
        func names(_ filter: String) async throws -> [String] {
            try await SpecBench.run(text, filter: filter).results.map(\.name)
        }
        #expect(try await names("recover") == ["Recover: asks", "Recover: waits"])
        #expect(try await names("recover WAITS") == ["Recover: waits"])
        #expect(try await names("tried_spec").count == 3)
        #expect(try await names("nothing of it") == [])
    }
}
