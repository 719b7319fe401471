import Testing

@testable import Runtime

@Suite("expectations")
@Loop
struct ExpectTests {
    @Test(
        "what holds says nothing",
        arguments: [
            "expect(1).equals(1)", "expect(1).equals(1.0)", "expect(\"a\").equals \"a\"", "expect(nil).equals(nil)",
            "expect({ a = { 1, 2 } }).equals { a = { 1, 2 } }", "expect({}).equals {}", "expect(0/0).equals(0/0)",
            "local t = {} expect(t).is(t)", "expect({}).never.is({})", "expect(print).never.is(type)",
            "local a = {} a.me = a local b = {} b.me = b expect(a).equals(b)",
            "expect({ a = 1, b = { c = 2, d = 3 } }).has { b = { c = 2 } }", "expect({ 1, 2 }).has { 1 }",
            "expect(\"recover.lua:12\").matches \"%.lua:%d+\"", "expect(\"abc\").contains \"b\"",
            "expect({ 1, { 2 } }).contains { 2 }", "expect({ x = \"y\" }).contains \"y\"",
            "expect(function() error(\"no way\") end).fails \"no w\"", "expect(function() error({}) end).fails()",
            "expect(function() end).never.fails()", "expect(nil).is_nil()", "expect(1 == 1).is_true()",
            "expect(false).is_false()", "expect(1).never.equals(2)", "expect(1).never.never.equals(1)",
            "expect({ 1 }).never.contains(2)", "expect(\"x\").never.matches \"y\"", "expect(nil).never.has { 1 }",
        ])
    func holds(_ text: String) async throws {
        let report = try await SpecBench.run("it(\"holds\", function() \(text) end)")
        #expect(report.results.map(\.failure) == [nil])
    }

    @Test(
        "what does not hold says what was expected and what came",
        arguments: [
            ("expect(\"give_up\").equals \"ask\"", "expected \"ask\", got \"give_up\""),
            ("expect(nil).equals(1)", "expected 1, got nil"),
            ("expect(1).equals \"1\"", "expected \"1\", got 1"),
            ("expect({ b = 1, a = \"x\\ty\" }).equals(2)", "expected 2, got { a = \"x\\9y\", b = 1 }"),
            ("expect({ 1, 2, n = 2 }).equals {}", "expected {}, got { 1, 2, n = 2 }"),
            ("expect({ [\"a b\"] = 1, [7] = 2 }).equals(1)", "expected 1, got { [7] = 2, [\"a b\"] = 1 }"),
            ("local t = {} t.me = t expect(t).equals(1)", "expected 1, got { me = <itself> }"),
            ("expect(type).equals(1.5)", "expected 1.5, got <function>"),
            ("expect({}).is({})", "expected the very same {}, got {}"),
            ("expect({ a = 1 }).has { a = 2 }", "expected a table with { a = 2 }, got { a = 1 }"),
            ("expect(7).has { a = 2 }", "expected a table with { a = 2 }, got 7"),
            ("expect(\"x\").matches \"^y\"", "expected text that matches \"^y\", got \"x\""),
            ("expect({ 1 }).contains(2)", "expected something that contains 2, got { 1 }"),
            ("expect(function() end).fails()", "expected a failure, got no failure"),
            (
                "expect(function() error(\"a\", 0) end).fails \"b\"",
                "expected a failure with \"b\", got the failure \"a\""
            ),
            ("expect(1).is_nil()", "expected nil, got 1"), ("expect(1).is_true()", "expected true, got 1"),
            ("expect(nil).is_false()", "expected false, got nil"),
            ("expect(1).never.equals(1)", "expected anything but 1, got 1"),
            (
                "expect((\"x\"):rep(300)).is_nil()",
                "expected nil, got \"" + String(repeating: "x", count: 98) + "…"
            ),
            ("expect((\"ä\"):rep(300)).is_nil()", "expected nil, got \"" + String(repeating: "ä", count: 49) + "…"),
            (
                "expect(require(\"host.echo\").refuse()).never.is_nil()",
                "expected anything but nil, got nil with the error \"not here (go there)\""
            ),
        ])
    func messages(text: String, message: String) async throws {
        let failure = try await SpecBench.failure(in: "\n\(text)")
        #expect(failure?.message == message)
        #expect(failure?.place == "hooks/tried_spec.lua:3")
        #expect(failure?.mismatch?.message == message)
        #expect(failure?.traceback == [])
    }

    @Test(
        "wrong use of expect is an error of its own, at its line",
        arguments: [
            ("expect(1).equal(1)", "expect(…) has no 'equal'; did you mean 'equals'?"),
            ("expect(1).never.is_nill()", "expect(…) has no 'is_nill'; did you mean 'is_nil'?"),
            ("expect(1):equals(1)", "write expect(…).equals(…), with a dot"),
            ("expect(1).fails()", "expect(…).fails calls a function, and was given 1"),
        ])
    func misuse(text: String, message: String) async throws {
        let failure = try await SpecBench.failure(in: text)
        #expect(failure?.message == message)
        #expect(failure?.line == 2)
        #expect(failure?.mismatch == nil)
    }

    @Test("tables that differ are compared line by line")
    func difference() async throws {
        let failure = try await SpecBench.failure(
            in: """
                expect({ action = "retry", after = 5, list = { "a", "b" }, reason = "x" })
                  .equals { action = "retry", after = 42, list = { "a", "c", "b" } }
                """)
        #expect(
            failure?.mismatch?.difference.map(\.description) == [
                "  {", "    action = \"retry\",", "-   after = 42,", "+   after = 5,", "    list = {", "      \"a\",",
                "-     \"c\",", "      \"b\",", "    },", "+   reason = \"x\",", "  }",
            ])
    }

    @Test("a table that lacks something is compared only where something was asked")
    func partial() async throws {
        let failure = try await SpecBench.failure(
            in: "expect({ a = 1, b = { c = 2, d = 3 }, e = 4 }).has { b = { c = 9 } }")
        #expect(
            failure?.mismatch?.difference.map(\.description) == [
                "  {", "    b = {", "-     c = 9,", "+     c = 2,", "    },", "  }",
            ])
    }

    @Test("texts of several lines are compared line by line, others are not")
    func texts() async throws {
        let failure = try await SpecBench.failure(in: #"expect("one\ntwo\nthree").equals "one\n2\nthree""#)
        #expect(failure?.mismatch?.difference.map(\.description) == ["  one", "- 2", "+ two", "  three"])
        let short = try await SpecBench.failure(in: #"expect("one").equals "two""#)
        #expect(short?.mismatch?.difference.isEmpty == true)
    }
}
