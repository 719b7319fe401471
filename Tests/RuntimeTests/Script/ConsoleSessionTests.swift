import LuaBridge
import Testing

@testable import Runtime

@Suite("console session")
@Loop
struct ConsoleSessionTests {
    /// A session with one module of the host, `host.demo`.
    private func session(_ limits: ScriptLimits = ScriptLimits()) throws -> ConsoleSession {
        let table = HostTable([
            HostModule(
                "", "What everything else is found in.",
                [
                    HostFunction(waiting: "pause", "Waits for a moment.", [.required("time", .duration, "how long")]) {
                        try await Loop.sleep(for: $0.duration("time"))
                        return .nil
                    }
                ]),
            HostModule(
                "demo", "A module to try.",
                [
                    HostFunction("double", "Doubles a number.", [.required("number", .integer(), "what")]) {
                        .integer($0.integer("number") * 2)
                    },
                    HostFunction("refuse", "Refuses.", canFail: true) { _ in
                        throw Fault(.denied, "no", hint: "ask again")
                    },
                ]),
        ])
        let state = try GenerationBuilder.state(table, limits, [:])
        return try ConsoleSession(state, table, limits: limits, generation: 7)
    }

    private func values(_ session: ConsoleSession, _ code: String) async throws -> [String] {
        let answer = await session.evaluate(code)
        guard case .values(let values) = answer else {
            throw Fault(.script, "\(code): \(answer)")
        }
        return values
    }

    @Test(
        "values as they are shown",
        arguments: [
            ("1 + 1", ["2"]), ("1 / 2", ["0.5"]), ("nil", ["nil"]), ("true, nil", ["true", "nil"]),
            ("'a\\nb\"'", [#""a\nb\"""#]),
            ("'ä漢'", ["\"ä漢\""]), ("'\\xff\\0'", [#""\xFF\x00""#]), ("{}", ["{}"]),
            ("{ 1, 2, 'x' }", [#"{ 1, 2, "x" }"#]),
            ("{ b = 1, a = { c = true } }", ["{ a = { c = true }, b = 1 }"]),
            (
                "{ ['a b'] = 1, ['end'] = 2, [3] = 4, [1.5] = 5 }",
                [#"{ [1.5] = 5, [3] = 4, ["a b"] = 1, ["end"] = 2 }"#]
            ),
            ("{ 1, nil, 3 }", ["{ 1, [3] = 3 }"]), ("string.format", ["<function string.format>"]),
            ("host.demo.double", ["<function host.demo.double>"]), ("host.demo.double(21)", ["42"]),
            ("print", ["<function print>"]), ("function() end", ["<function console:1>"]), ("-- nothing", []),
            ("x = 1", []),
            (
                "host.demo.refuse()",
                ["nil", #"{ hint = "ask again", kind = "denied", message = "no", retryable = false, status = 403 }"#]
            ),
        ] as [(String, [String])])
    func shown(code: String, expected: [String]) async throws {
        let session = try session()
        defer { session.close() }
        #expect(try await values(session, code).map { $0.replacing(/\s+/, with: " ") } == expected)
    }

    @Test("wide tables go over several lines, deep and long ones are cut, cycles end")
    func layout() async throws {
        let session = try session()
        defer { session.close() }
        let wide = try await values(session, "{ name = ('x'):rep(60), other = { ('y'):rep(40), 1 } }")[0]
        let lines = wide.split(separator: "\n").map(String.init)
        #expect(lines.first == "{" && lines.last == "}")
        #expect(lines[1] == "  name = \"\(String(repeating: "x", count: 60))\",")
        #expect(lines[2] == "  other = { \"\(String(repeating: "y", count: 40))\", 1 }")

        let long = try await values(session, "(function() local t = {} for i = 1, 500 do t[i] = i end return t end)()")[
            0]
        #expect(long.contains("100") && !long.contains("101,"))
        #expect(long.contains("… 400 more"))

        #expect(try await values(session, "{{{{{{{{1}}}}}}}}") == ["{ { { { { { {…} } } } } } }"])
        _ = try await values(session, "t = { n = 1 } t.me = t")
        #expect(try await values(session, "t") == ["{ me = <cycle>, n = 1 }"])
        #expect(try await values(session, "('z'):rep(3000)")[0].hasSuffix("z\" <3000 bytes in all>"))
        let many = try await values(
            session,
            "(function() local t = {} for i = 1, 90 do t[i] = {} for j = 1, 90 do t[i][j] = ('w'):rep(200) end end return t end)()"
        )
        #expect(many[0].utf8.count < 300_000)
    }

    @Test("variables last, with local and without; `_` is the last value")
    func variables() async throws {
        let session = try session()
        defer { session.close() }
        for code in ["local a = 20", "b = 1", "local function add(x) return x + a + b end", "local c <const> = 2"] {
            #expect(try await values(session, code) == [])
        }
        #expect(try await values(session, "add(c)") == ["23"])
        #expect(try await values(session, "_ + 1") == ["24"])
        _ = try await values(session, "a = 0")
        #expect(try await values(session, "add(0)") == ["1"])
    }

    @Test("one session sees nothing of another, and the libraries stay as they are")
    func apart() async throws {
        let one = try session()
        let other = try session()
        defer {
            one.close()
            other.close()
        }
        _ = try await values(one, "shared = 1")
        #expect(try await values(other, "shared") == ["nil"])
        guard case .failed(let failure) = await one.evaluate("string.format = nil") else {
            Issue.record("a library was changed")
            return
        }
        #expect(failure.message.contains("read-only"), "\(failure.message)")
    }

    @Test(
        "a statement that is not finished asks for more, one that is wrong does not",
        arguments: [
            ("if x then", true), ("f(", true), ("{ 1,", true), ("local x =", true), ("x = [[ a", true), ("1 +", true),
            ("function f()", true), ("for i = 1, 2 do", true), ("--[[ a", true), ("end", false), ("a b", false),
            ("x = 'a", false), ("1 + + 2 )", false), ("if x then end end", false),
        ])
    func incomplete(code: String, isIncomplete: Bool) async throws {
        let session = try session()
        defer { session.close() }
        let answer = await session.evaluate(code)
        #expect((answer == .incomplete) == isIncomplete, "\(answer)")
    }

    @Test("what is printed comes line by line, before the answer")
    func output() async throws {
        let session = try session()
        defer { session.close() }
        var lines: [String] = []
        let answer = await session.evaluate("print(1, nil, 'x') print() print({} ~= nil)") { lines.append($0) }
        #expect(answer == .values([]))
        #expect(lines == ["1\tnil\tx", "", "true"])
    }

    @Test("an error tells its place, and where it was called from without the console's own frames")
    func errors() async throws {
        let session = try session()
        defer { session.close() }
        _ = try await values(session, "function outer()\n  error('it broke')\nend")
        guard case .failed(let failure) = await session.evaluate("local x = 1\nouter()") else {
            Issue.record("no failure")
            return
        }
        #expect(failure.message == "console:2: it broke")
        #expect(
            failure.traceback.contains("console:2:") && !failure.traceback.contains("(console)"), "\(failure.traceback)"
        )
        #expect(try await values(session, "1") == ["1"], "the session goes on")

        guard case .failed(let syntax) = await session.evaluate("x = = 1") else {
            Issue.record("no failure")
            return
        }
        #expect(syntax.message == "console:1: unexpected symbol near '='" && syntax.traceback.isEmpty)
        guard case .failed(let table) = await session.evaluate("error({ kind = 'denied', message = 'not you' })") else {
            Issue.record("no failure")
            return
        }
        #expect(table.message.contains("not you"))
    }

    @Test("a runaway line is ended by its limit, a waiting one by cancellation, and the session goes on")
    func ending() async throws {
        var limits = ScriptLimits()
        limits[.console].computing = .milliseconds(30)
        let session = try session(limits)
        defer { session.close() }
        guard case .failed(let failure) = await session.evaluate("while true do end") else {
            Issue.record("it ended well")
            return
        }
        #expect(failure.message.contains("a console line may compute for 30ms"), "\(failure.message)")

        let outcome = Waiter<ConsoleAnswer>("the answer")
        var begun: Waiter<Void>? = Waiter<Void>("the wait to begin")
        let start = begun!
        let scope = Scope("test") { _, _ in }
        let task = scope.spawn("evaluation") {
            let answer = await session.evaluate("print('waiting') host.pause(600)") { _ in
                begun?.finish(.success(()))
                begun = nil
            }
            outcome.finish(.success(answer))
        }
        try await start.value()
        task.cancel()
        #expect(try await outcome.value() == .failed(ConsoleFailure(message: "ended")))
        await scope.close()
        #expect(try await values(session, "1") == ["1"])
    }

    @Test("a waiting line that takes longer than its limit is told so")
    func wallClock() async throws {
        var limits = ScriptLimits()
        limits[.console].wall = .milliseconds(20)
        let session = try session(limits)
        defer { session.close() }
        guard case .failed = await session.evaluate("host.pause(600)") else {
            Issue.record("it waited")
            return
        }
    }

    @Test(
        "what can follow, with a line about it",
        arguments: [
            ("host.demo.d", [ConsoleCandidate("double", "double(number): Doubles a number.")]),
            ("x = host.de", [ConsoleCandidate("demo", "A module to try.")]),
            ("host.pau", [ConsoleCandidate("pause", "pause(time): Waits for a moment.")]),
            ("d.ref", [ConsoleCandidate("refuse", "refuse(): Refuses.")]),
            ("coun", [ConsoleCandidate("counter", "number")]),
            ("whil", [ConsoleCandidate("while", "keyword")]), ("string.rev", [ConsoleCandidate("reverse", "function")]),
            ("text:rev", [ConsoleCandidate("reverse", "function")]), ("nothing.x", []), ("f().x", []), ("1.", []),
            ("host.demo.x", []), ("counter.x", []),
        ] as [(String, [ConsoleCandidate])])
    func completion(text: String, candidates: [ConsoleCandidate]) async throws {
        let session = try session()
        defer { session.close() }
        _ = try await values(session, "counter = 1 local d = require 'host.demo' text = 'abc'")
        #expect(session.complete(text) == candidates)
    }

    @Test("each evaluation runs as a script call of its generation")
    func scriptCall() async throws {
        var seen: ScriptCall?
        let table = HostTable([
            HostModule("", "", []),
            HostModule(
                "spy", "",
                [
                    HostFunction("look", "") { _ in
                        seen = ScriptCall.current
                        return .nil
                    }
                ]),
        ])
        let limits = ScriptLimits()
        let session = try ConsoleSession(
            GenerationBuilder.state(table, limits, [:]), table, limits: limits, generation: 7)
        defer { session.close() }
        _ = try await values(session, "host.spy.look()")
        #expect(seen?.generation == 7 && seen?.kind == .console && seen?.script == "console")
    }
}
