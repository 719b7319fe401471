import LuaBridge
import Testing

@testable import Runtime

@Suite("host.http, against made-up servers")
@Loop
struct HTTPModuleTests {
    private let fake = FakeHTTP()

    private func run(_ text: String) async throws -> LuaResults {
        try await ModuleHarness(.http(bareWorld(http: fake))).run("local http = require 'host.http' " + text)
    }

    private func answers(_ answers: FakeAnswer..., at url: String = "*") { fake.reply("*", url, answers) }

    @Test("an answer has status, headers by lower-case name, body, address, and the value of JSON")
    func answer() async throws {
        let headers: Headers = ["Content-Type": "application/json; charset=utf-8", "X-A": "1", "x-a": "2"]
        answers(FakeAnswer(201, headers: headers, text: #"{"a":[null,1]}"#))
        let seen = try await run(
            """
            local a = http.get "https://example.com/x"
            return a.ok, a.status, a.headers["content-type"], a.headers["x-a"], a.body, a.json.a[2], a.url
            """)
        #expect(
            seen == [
                true, 201, "application/json; charset=utf-8", "1, 2", #"{"a":[null,1]}"#, 1, "https://example.com/x",
            ])
    }

    @Test(
        "json is there only when the type says JSON and the body is",
        arguments: [
            ("application/json", "{}", true), ("application/problem+json", "1", true), ("text/plain", "{}", false),
            ("application/json", "{", false), ("application/json", "", false),
        ])
    func json(_ type: String, _ body: String, _ isThere: Bool) async throws {
        answers(FakeAnswer(headers: ["content-type": type], text: body))
        let seen = try await run("local a = http.get 'http://x/' return a.json ~= nil, a.body")
        #expect(seen == [.bool(isThere), .string(body)])
    }

    @Test("bodies that are no text arrive byte for byte")
    func bytes() async throws {
        answers(FakeAnswer(pieces: [[0xff, 0], [0xfe]]))
        #expect(try await run("return http.get('http://x/').body == '\\xff\\0\\xfe'") == [true])
    }

    @Test("a status of 400 and more is an answer that is not ok", arguments: [199, 300, 404, 500])
    func notOK(_ status: Int) async throws {
        answers(FakeAnswer(status))
        let seen = try await run("local a, err = http.get 'http://x/' return a.ok, a.status, err")
        #expect(seen == [false, .integer(Int64(status)), .nil])
    }

    @Test("request and the five shortcuts send their method, parameters, headers and bodies")
    func requests() async throws {
        answers(.init(), .init(), .init(), .init(), .init(), .init())
        _ = try await run(
            """
            http.request { method = "OPTIONS", url = "http://x/a?q=1", query = { b = true, c = { 1, "ü &" }, d = 1.5 } }
            http.get("http://x/", { headers = { Authorization = "Bearer t" } })
            http.post("http://x/", { json = { a = 1 } })
            http.put("http://x/", { form = { a = "1 2", b = { "x", "y" } } })
            http.patch("http://x/", { body = "\\xff", headers = { ["content-type"] = "a/b" } })
            http.delete("http://x/", { json = false })
            """)
        let sent = fake.requests
        #expect(sent.map(\.method) == ["OPTIONS", "GET", "POST", "PUT", "PATCH", "DELETE"])
        #expect(sent[0].url == "http://x/a?q=1&b=true&c=1&c=%C3%BC%20%26&d=1.5")
        #expect(sent[1].headers["authorization"] == "Bearer t" && sent[1].body.isEmpty)
        #expect(sent[2].headers["content-type"] == "application/json" && sent[2].body == Array(#"{"a":1}"#.utf8))
        #expect(sent[3].headers["content-type"] == "application/x-www-form-urlencoded")
        #expect(sent[3].body == Array("a=1%202&b=x&b=y".utf8))
        #expect(sent[4].headers.all("content-type") == ["a/b"] && sent[4].body == [0xff])
        #expect(sent[5].body == Array("false".utf8))
    }

    @Test(
        "wrong arguments are mistakes of the script, with advice",
        arguments: [
            ("http.get()", "bad argument #1 'url' to 'host.http.get' (text expected, got nothing)"),
            (
                "http.get('http://x/', { header = {} })",
                "bad argument #2 'options' to 'host.http.get': field 'header' is unknown; did you mean 'headers'?"
            ),
            (
                "http.post('http://x/', { body = 'a', json = 1 })",
                "bad argument #2 'options' to 'host.http.post': a request has one body, not 'body' and 'json'"
            ),
            (
                "http.request { url = 'http://x/', method = 'GETS' }",
                "bad argument #1 'request' to 'host.http.request': field 'method' is \"GETS\", not one of \"GET\", "
                    + "\"HEAD\", \"POST\", \"PUT\", \"PATCH\", \"DELETE\", \"OPTIONS\"; did you mean \"GET\"?"
            ),
            ("http.request {}", "bad argument #1 'request' to 'host.http.request': field 'url' is missing"),
            (
                "http.get('http://x/', { deadline = 'soon' })",
                "bad argument #2 'options' to 'host.http.get': field 'deadline' must be a duration such as \"15m\", or "
                    + "a number of seconds, not \"soon\""
            ),
            (
                "http.get('http://x/', { redirects = 99 })",
                "bad argument #2 'options' to 'host.http.get': field 'redirects' is 99; it must be from 0 to 20"
            ),
            (
                "http.stream('http://x/', { as = 'line' })",
                "bad argument #2 'options' to 'host.http.stream': field 'as' is \"line\", not one of \"lines\", "
                    + "\"sse\", \"raw\"; did you mean \"lines\"?"
            ),
        ])
    func mistakes(_ call: String, _ message: String) async throws {
        let harness = try ModuleHarness(.http(bareWorld(http: fake)))
        #expect(await harness.mistake("local http = require 'host.http'\n\(call)") == message)
        #expect(fake.requests.isEmpty)
    }

    @Test("an address that is none is an error of the world, because addresses come from outside")
    func address() async throws {
        let seen = try await run("return http.get 'example.com'")
        #expect(seen.kind == "invalid_input" && seen.error["hint"] == "as in https://example.com/path")
    }

    @Test("what the world's failure says arrives as nil and an error that prints well")
    func failure() async throws {
        answers(.failure(Fault(.unavailable, "no connection to x:80", hint: "is the server up?")))
        let seen = try await run(
            "local a, err = http.get 'http://x/' return a, err.kind, err.retryable, err.status, tostring(err)")
        #expect(seen == [.nil, "unavailable", true, 503, "no connection to x:80 (is the server up?)"])
    }

    @Test("a request that nobody answers says so, and is noted")
    func unanswered() async throws {
        answers(FakeAnswer(), at: "http://x/a")
        let seen = try await run("http.get 'http://x/a?b=1' return http.get 'http://x/a'")
        #expect(seen.kind == "internal" && seen.message == "nobody answers GET http://x/a in this spec")
        #expect(seen.error["hint"] == #"answer it first: http.reply("GET", "http://x/a", { status = 200 })"#)
        #expect(fake.unanswered == ["GET http://x/a"])
    }

    @Test(
        "patterns of addresses",
        arguments: [
            ("*", "GET", "http://x/a?b", true), ("http://x/a", "GET", "http://x/a?b", true),
            ("http://x/a?b", "GET", "http://x/a?b", true), ("http://x/a?c", "GET", "http://x/a?b", false),
            ("http://*/a", "GET", "http://x/a", true), ("http://x/*/c", "GET", "http://x/a/b/c", true),
            ("http://x/*/c", "GET", "http://x/c", false), ("http://x/", "POST", "http://x/", false),
        ])
    func patterns(_ pattern: String, _ method: String, _ url: String, _ isAnswered: Bool) async throws {
        fake.reply("GET", pattern, [FakeAnswer()])
        let seen = try await run("return http.request { method = '\(method)', url = '\(url)' } ~= nil")
        #expect(seen == [.bool(isAnswered)])
    }

    @Test("a body larger than max_size is an error that says what to do, and its transfer ends")
    func tooLarge() async throws {
        answers(FakeAnswer(pieces: [[1], [2, 3], [4]], ending: .silent), FakeAnswer(pieces: [[1, 2, 3, 4]]))
        let seen = try await run("return http.get('http://x/', { max_size = 3 })")
        #expect(seen.kind == "too_large" && seen.message == "GET http://x/: the answer is larger than 3")
        #expect(seen.error["hint"] == "raise max_size, or read it with http.stream")
        #expect(fake.open == 0)
        #expect(try await run("return #http.get('http://x/', { max_size = 4 }).body") == [4])
    }

    @Test("no max_size lets in more than one text of Lua can hold")
    func largestText() async throws {
        let piece = [UInt8](repeating: 65, count: 1 << 20)
        answers(FakeAnswer(pieces: [piece, piece]), FakeAnswer(pieces: [piece, piece.dropLast(64)]))
        let seen = try await run("return http.get('http://x/', { max_size = '1GB' })")
        #expect(seen.kind == "too_large" && seen.message == "GET http://x/: the answer is larger than 1.9MB")
        #expect(try await run("return #http.get('http://x/', { max_size = '1GB' }).body") == [.integer(2 << 20 - 64)])
    }

    @Test("the request's own deadline is an error that the script can handle")
    func deadline() async throws {
        answers(FakeAnswer(pieces: [[1]], ending: .silent))
        let seen = try await run("return http.get('http://x/', { deadline = '1ms' })")
        #expect(seen.kind == "timeout" && seen.error["retryable"] == true)
        #expect(fake.open == 0)
    }

    @Test("the caller's deadline ends the request and the script with it")
    func inheritedDeadline() async throws {
        answers(FakeAnswer(pieces: [[1]], ending: .silent))
        var ending = ""
        do {
            try await Deadline.within(.milliseconds(1)) {
                _ = try await run("return http.get('http://x/', { deadline = '1h' })")
            }
        } catch {
            ending = Fault(error).message
        }
        #expect(ending == "test.lua:1: the next piece of an answer's body took longer than its deadline allows")
        #expect(fake.open == 0)
    }

    @Test("a cancelled caller ends the request and the script with it")
    func cancelled() async throws {
        answers(FakeAnswer(nil, ending: .silent))
        let harness = try ModuleHarness(.http(bareWorld(http: fake)))
        var outcome = ""
        let scope = Scope("test") { _, _ in }
        let task = scope.spawn("call") {
            do {
                try await harness.run("require('host.http').get 'http://x/' error 'went on'")
            } catch {
                outcome = (error as? LuaError)?.kind.rawValue ?? "\(error)"
            }
        }
        while fake.requests.isEmpty { await Loop.yield() }
        task.cancel()
        await scope.close()
        #expect(outcome == "cancelled")
        #expect(harness.state.liveCalls == 0)
    }
}
