import FakeOpencode
import Runtime
import Testing

/// Answers of the double: their shapes as recorded, the families of errors, paging, passwords, directories.
@Suite("opencode double: answers")
@Loop
struct FakeOpencodeAnswersTests {
    @Test("answers have the recorded status, keys and types")
    func recordedAnswers() async throws {
        try await FakeBed.with {
            $0.strongConfig = ["permission": ["bash": "ask"]]
        } _: { bed in
            bed.directory.write("hi", to: "README.md")
            let worker = try await bed.session()
            try await bed.ask(worker, "write new.txt hello")
            let session = try await bed.session(["title": "e"])
            var failures: [String] = []
            for line in try FakeOpencodeTests.recorded("answers.http") {
                let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
                let target = fields[0].split(separator: " ").map(String.init)
                if fields[1] == "messages page" {
                    let last = object("noReply", true, "parts", [["type": "text", "text": "hi"]])
                    _ = try await bed.post("/session/\(session)/message", last)
                }
                let path = target[1].split(separator: "{id}", omittingEmptySubsequences: false).joined(by: session)
                let reply = try await bed.send(
                    Method(rawValue: target[0]) ?? .get, path, FakeOpencodeAnswersTests.body(fields[1]))
                let shape = WireShape.shape(reply.json)
                if "\(reply.status)" != fields[2] || shape != fields[3] {
                    failures.append(
                        "\(fields[0]) (\(fields[1])): \(reply.status) \(shape), recorded \(fields[2]) \(fields[3])")
                }
            }
            #expect(failures == [])
        }
    }

    private static func body(_ name: String) -> String? {
        switch name {
        case "unknown field": #"{"parts":[{"type":"text","text":"hi"}],"noReply":true,"strange":1}"#
        case "bad create": #"{"title":5}"#
        case "create badparent": #"{"parentID":"ses_nope"}"#
        case "patch": #"{"title":"new title","metadata":{"a":1}}"#
        case "patch perm": #"{"permission":[{"permission":"bash","pattern":"*","action":"allow"}]}"#
        case "archive": #"{"time":{"archived":123}}"#
        case "summarize": #"{"providerID":"fake","modelID":"m1"}"#
        case "auth": #"{"type":"api","key":"k"}"#
        case "log": #"{"service":"x","level":"info","message":"m"}"#
        default: nil
        }
    }

    @Test(
        "errors come in four families, with their surprises",
        arguments: [
            (
                "GET", "/session/ses_missing", "", 404,
                #"{"name":"NotFoundError","data":{"message":"Session not found: ses_missing"}}"#
            ),
            ("POST", "/session/ses_missing/message", "{}", 404, "Session not found: ses_missing"),
            ("GET", "/session/abc", "", 500, #"{"name":"UnknownError","data":{"message":"Unexpected server error."#),
            ("POST", "/session/{id}/message", "{", 500, "UnknownError"),
            (
                "POST", "/session/{id}/message", "{}", 400,
                #"{"name":"BadRequest","data":{"message":"Missing key\n  at [\"parts\"]","kind":"Payload"}}"#
            ),
            (
                "POST", "/session/{id}/message", #"{"parts":[{"type":"zzz"}]}"#, 400,
                #"got {\"type\":\"zzz\"}\n  at [\"parts\"][0]"#
            ),
            (
                "POST", "/session/{id}/message", #"{"messageID":"x","parts":[]}"#, 400,
                #"Expected a string starting with \"msg\""#
            ),
            ("POST", "/session/{id}/message", #"{"agent":"nope","parts":[]}"#, 500, "UnknownError"),
            ("POST", "/session", "{", 400, #"{"_tag":"BadRequest"}"#),
            ("POST", "/session/{id}/command", #"{"command":"nope"}"#, 500, "UnknownError"),
            (
                "POST", "/permission/per_nope/reply", #"{"reply":"once"}"#, 404,
                #"{"_tag":"PermissionNotFoundError","requestID":"per_nope","message":"Permission request not found: per_nope"}"#
            ),
            (
                "POST", "/permission/xxx/reply", #"{"reply":"once"}"#, 400,
                #"got \"xxx\"\n  at [\"requestID\"]","kind":"Params"}"#
            ),
            (
                "POST", "/permission/per_nope/reply", #"{"reply":"maybe"}"#, 400,
                #"Expected \"once\" | \"always\" | \"reject\", got \"maybe\""#
            ),
            (
                "POST", "/question/que_nope/reject", "{}", 404,
                #"{"_tag":"QuestionNotFoundError","requestID":"que_nope""#
            ),
            (
                "POST", "/mcp/nope/connect", "", 404,
                #"{"_tag":"McpServerNotFoundError","name":"nope","message":"MCP server not found: nope"}"#
            ),
            ("GET", "/nope/route", "", 404, #"{"error":"Not Found"}"#),
            ("PUT", "/session", "{}", 404, #"{"error":"Not Found"}"#),
            ("GET", "/session/{id}/message?before=x", "", 400, "BadRequest"),
        ] as [(String, String, String, Int, String)])
    func errors(_ method: String, _ path: String, _ body: String, _ status: Int, _ part: String) async throws {
        try await FakeBed.with { bed in
            let session = try await bed.session()
            let path = path.split(separator: "{id}", omittingEmptySubsequences: false).joined(by: session)
            let reply = try await bed.send(try #require(Method(rawValue: method)), path, body.isEmpty ? nil : body)
            #expect(reply.status == status)
            #expect(reply.text.contains(part), "\(reply.text)")
        }
    }

    @Test("an unknown model is a defect to who waits, and an event, twice, to who does not")
    func unknownModel() async throws {
        try await FakeBed.with { bed in
            let log = try await bed.events()
            let session = try await bed.session()
            let body = object(
                "model", ["providerID": "nope", "modelID": "zz"], "parts", [["type": "text", "text": "hi"]])
            #expect(try await bed.post("/session/\(session)/message", body).status == 500)
            #expect(try await bed.post("/session/\(session)/prompt_async", body).status == 204)
            try await bed.settle(log)
            let errors = log.events.filter { $0.kind == "session.error" }.map {
                $0.properties["error"]?["data"]?["message"]?.string ?? ""
            }
            #expect(errors.count == 3 && errors[0] == "Model not found: nope/zz." && errors[1] == errors[0])
            #expect(errors[2].hasPrefix("ProviderModelNotFoundError: Model not found"))
            #expect(bed.fake.modelCalls == 0)
        }
    }

    @Test("only shell, revert, unrevert and the removal of messages mind that a session is busy")
    func busy() async throws {
        try await FakeBed.with { bed in
            let log = try await bed.events()
            let session = try await bed.session()
            try await bed.start(session, "hang")
            let message = try await log.until { $0.kind == "message.updated" }.properties["info"]?["id"]?.string ?? ""
            for path in ["shell", "revert", "unrevert"] {
                let reply = try await bed.post(
                    "/session/\(session)/\(path)", object("messageID", "msg_x", "command", "ls"))
                #expect(reply.status == 409)
                #expect(reply.json?["_tag"]?.string == "SessionBusyError")
            }
            #expect(try await bed.send(.delete, "/session/\(session)/message/\(message)").status == 409)
            #expect(try await bed.post("/session/\(session)/fork").status == 200)
            _ = try await bed.post("/session/\(session)/abort")
        }
    }

    @Test("pages of messages lead from the latest to the first, each message once")
    func pages() async throws {
        try await FakeBed.with { bed in
            let session = try await bed.session()
            for turn in 0..<3 { try await bed.ask(session, "say \(turn)") }
            var found: [String] = []
            var path: String? = "/session/\(session)/message?limit=4"
            while let asked = path {
                let reply = try await bed.get(asked)
                guard case .array(let page)? = reply.json else { throw Fault(.internal, "no page: \(reply.text)") }
                found = page.compactMap { $0["info"]?["id"]?.string } + found
                path = reply.headers["x-next-cursor"].map { "/session/\(session)/message?limit=4&before=\($0)" }
                if let path { #expect(reply.headers["link"] == "<\(bed.fake.address)\(path)>; rel=\"next\"") }
            }
            #expect(found == bed.fake.messages(session).compactMap { $0["info"]?["id"]?.string })
            #expect(found.count == 6 && found == found.sorted())
        }
    }

    @Test("without the password there is an empty 401, everywhere; either way of saying it is taken")
    func password() async throws {
        try await FakeBed.with {
            $0.password = "s3cret"
        } _: { bed in
            for path in ["/global/health", "/session", "/event", "/nope"] {
                let reply = try await bed.get(path)
                #expect(reply.status == 401 && reply.text.isEmpty)
                #expect(reply.headers["www-authenticate"] == "Basic realm=\"Secure Area\"")
            }
            let word = Base64.encode(Array("opencode:s3cret".utf8))
            let health = try await bed.send(.get, "/global/health", headers: ["authorization": "Basic \(word)"])
            #expect(health.json == ["healthy": true, "version": "1.17.20"])
            #expect(try await bed.get("/session?auth_token=\(word)").status == 200)
            #expect(try await bed.send(.get, "/session", headers: ["authorization": "Bearer s3cret"]).status == 401)
        }
    }

    @Test("a session's own directory wins, then the query, then the header, then the server's")
    func directories() async throws {
        try await FakeBed.with { bed in
            let (one, two) = ("\(bed.directory.path)/one", "\(bed.directory.path)/zwei ü")
            func directory(_ path: String, _ header: String?) async throws -> String? {
                let headers: Headers = header.map { ["x-opencode-directory": $0] } ?? [:]
                return try await bed.send(.get, path, headers: headers).json?["directory"]?.string
            }
            let encoded = "\(bed.directory.path)/zwei%20%C3%BC"
            #expect(try await directory("/path", nil) == bed.directory.path)
            #expect(try await directory("/path", encoded) == two)
            #expect(try await directory("/path?directory=\(one)", encoded) == one)
            let made = try await bed.post("/session?directory=\(one)", ["title": "there"])
            let session = try #require(made.json?["id"]?.string)
            #expect(try await directory("/session/\(session)", encoded) == one)
            #expect(try await bed.get("/session?directory=\(bed.directory.path)").json == [])

            // Events reach the streams of their directory only.
            let (here, there) = (try await bed.events(), try await bed.events("/event?directory=\(one)"))
            try await bed.ask(session, "say hi")
            try await there.until("session.idle")
            try await bed.settle(here)
            #expect(here.events.allSatisfy { $0.sessionID == nil || $0.sessionID == "ses_marker" })
        }
    }

    @Test("a broken configuration is remembered, whatever is done about it")
    func brokenConfiguration() async throws {
        try await FakeBed.with { bed in
            bed.directory.write("{bad", to: "opencode.jsonc")
            #expect(try await bed.get("/session").json?["name"]?.string == "ConfigJsonError")
            bed.directory.write("{}", to: "opencode.jsonc")
            _ = try await bed.post("/global/dispose")
            #expect(try await bed.post("/instance/dispose").status == 400)
            #expect(try await bed.get("/global/health").status == 200)
            try await bed.fake.restart()
            #expect(try await bed.get("/session").status == 200)
        }
    }

    @Test("tokens are counted as the original counts them, by message and by session")
    func tokens() async throws {
        try await FakeBed.with { bed in
            let session = try await bed.session()
            try await bed.ask(session, "bash true")
            let answer = try await bed.ask(session, "tokens 1000 200; say hi")
            #expect(
                answer.json?["info"]?["tokens"] == [
                    "total": 1200, "input": 600, "output": 150, "reasoning": 50, "cache": ["write": 0, "read": 400],
                ])
            let sum = try await bed.get("/session/\(session)").json
            #expect(sum?["tokens"]?["input"] == 720 && sum?["tokens"]?["cache"]?["read"] == 480)
        }
    }

    @Test("json_schema gives a value in the message; files, agents and system words reach the record of prompts")
    func bodies() async throws {
        try await FakeBed.with { bed in
            let session = try await bed.session()
            let schema: JSONValue = [
                "type": "object", "properties": ["name": ["type": "string"], "count": ["type": "integer"]],
            ]
            let structured = try await bed.post(
                "/session/\(session)/message",
                object("format", ["type": "json_schema", "schema": schema], "parts", [["type": "text", "text": "go"]]))
            #expect(structured.json?["info"]?["structured"] == ["name": "text", "count": 1])
            let answer = try await bed.post(
                "/session/\(session)/message",
                [
                    "agent": "plan", "system": "be short", "messageID": "msg_000000000000aaaaaaaaaaaaaa",
                    "parts": [
                        ["type": "text", "text": "look"],
                        ["type": "file", "mime": "image/png", "url": "data:image/png;base64,AA=="],
                    ],
                ])
            #expect(answer.status == 200)
            let prompt = try #require(bed.fake.prompts.last)
            #expect(prompt.agent == "plan" && prompt.system == "be short" && prompt.model == "fake/m1")
            #expect(prompt.text == "look" && prompt.messageID == "msg_000000000000aaaaaaaaaaaaaa")
        }
    }
}

/// An object of two members.
func object(_ one: String, _ first: JSONValue, _ two: String, _ second: JSONValue) -> JSONValue {
    .object(JSONObject([(one, first), (two, second)]))
}

extension Sequence where Element == Substring {
    func joined(by text: String) -> String { map(String.init).joined(separator: text) }
}
