import Testing

@testable import Runtime

@Suite("opencode: version 2")
@Loop
struct MajorTwoTests {
    private let http = FakeHTTP()

    private func server() throws -> OpencodeServer {
        http.reply("GET", "*/global/health", [json("404", #"{"error":"Not Found"}"#)])
        http.reply("GET", "*/api/info", [json("200", #"{"version":"2.2.0"}"#)])
        return OpencodeServer(
            try WebAddress("http://127.0.0.1:4096"), user: "opencode", password: Secret("pw"), log: Log(level: .error)
        ) { [http] in try await http.send($0) }
    }

    private func json(_ status: String, _ body: String) -> FakeAnswer {
        FakeAnswer(Int(status)!, headers: ["Content-Type": "application/json"], text: body)
    }

    private func body(_ index: Int) throws -> JSONView { try JSON.parse(http.requests[index].body) }

    @Test("sessions, prompts, states and stopping go by its own calls")
    func calls() async throws {
        let server = try server()
        http.reply(
            "POST", "*/api/session",
            [json("200", #"{"data":{"id":"ses_1","title":"t","location":{"directory":"/w"},"time":{"created":5}}}"#)])
        let session = try await server.create(.init(title: "t"), in: "/w")
        #expect(session.id == "ses_1" && session.directory == "/w" && session.created == 5)
        #expect(try body(2)["location"]["directory"].string == "/w")
        #expect(http.requests[2].headers["authorization"] == "Basic b3BlbmNvZGU6cHc=")

        for path in ["agent", "model"] { http.reply("POST", "*/session/ses_1/\(path)", [FakeAnswer(204)]) }
        http.reply("POST", "*/session/ses_1/prompt", [json("200", #"{"data":{"id":"msg_1"}}"#)])
        let prompt = OpencodePrompt(parts: [.text("hi")], agent: "build", model: "fake/m/1")
        #expect(try await server.prompt(prompt, to: "ses_1") == "msg_1")
        #expect(try body(4)["model"]["id"].string == "m/1" && body(4)["model"]["providerID"].string == "fake")
        #expect(try body(5)["text"].string == "hi")

        http.reply("GET", "*/api/session/active", [json("200", #"{"data":{"ses_1":{"type":"running"}}}"#)])
        #expect(try await server.status(in: "/w") == ["ses_1": .busy])
        http.reply("POST", "*/session/ses_1/interrupt", [FakeAnswer(204)])
        try await server.abort("ses_1")
        http.reply("POST", "*/permission/per_1/reply", [FakeAnswer(204)])
        let ask = OpencodeAsk(id: "per_1", session: "ses_1", .permission(.init(name: "bash")))
        try await server.answer(ask, .always)
        #expect(try body(8)["decision"].string == "always")
        #expect(http.unanswered.isEmpty)
    }

    @Test("what is not known yet is told in words, before anything happens")
    func missing() async throws {
        let server = try server()
        let fault = await failure { _ = try await server.fork("ses_1") }
        #expect(fault?.kind == .invalidInput && fault?.message.contains("2.2.0") == true)
        #expect(await failure { _ = try await server.prompt(.init(parts: [], system: "s"), to: "ses_1") } != nil)
        #expect(http.requests.count == 2)
    }

    @Test("messages come oldest first, with the parts of an answer")
    func messages() async throws {
        let server = try server()
        http.reply(
            "GET", "*/api/session/ses_1/message",
            [
                json(
                    "200",
                    #"""
                    {"data":[{"id":"msg_2","type":"assistant","time":{"created":7,"completed":9},"finish":"stop",
                    "cost":0.5,"tokens":{"input":60,"output":15,"reasoning":5,"cache":{"read":40,"write":0}},
                    "content":[{"type":"reasoning","id":"reasoning-0","text":"hm"},{"type":"text","id":"text-0",
                    "text":"Hello"},{"type":"tool","id":"call_1","name":"bash","state":{"status":"completed",
                    "input":{"command":"ls"},"content":[{"type":"text","text":"a"}]},"time":{"created":7}}]},
                    {"id":"msg_1","type":"user","text":"hi","time":{"created":5}}],"cursor":{"next":null}}
                    """#)
            ])
        let found = try await server.messages(of: "ses_1").messages
        #expect(found.map(\.id) == ["msg_1", "msg_2"] && found[1].text == "Hello")
        #expect(found[1].parts.map(\.id) == ["msg_2/reasoning-0", "msg_2/text-0", "msg_2/call_1", "msg_2/step"])
    }

    private func event(_ type: String, _ data: String) throws -> OpencodeEvent? {
        OpencodeEvent.majorTwo(try JSON.parse(#"{"id":"evt_\#(type)","type":"\#(type)","data":\#(data)}"#))
    }

    @Test("a turn by its events, under both of their names", arguments: ["session.", "session.next."])
    func turn(_ prefix: String) throws {
        let now = Instant(nanoseconds: 1)
        var turn = OpencodeTurn(session: "ses_1", wanted: .init(), now: now)
        turn.sent(message: "msg_1")
        let base = #""sessionID":"ses_1","assistantMessageID":"msg_2""#
        let told: [(String, String)] = [
            ("\(prefix)prompted", #"{"sessionID":"ses_1","messageID":"msg_1","timestamp":5}"#),
            ("session.execution.started", #"{"sessionID":"ses_1"}"#),
            ("\(prefix)step.started", "{\(base),\"timestamp\":6}"),
            ("\(prefix)text.started", "{\(base),\"textID\":\"text-0\"}"),
            ("\(prefix)text.delta", "{\(base),\"textID\":\"text-0\",\"delta\":\"Hel\"}"),
            ("\(prefix)text.delta", "{\(base),\"textID\":\"text-0\",\"delta\":\"lo\"}"),
            ("\(prefix)text.ended", "{\(base),\"textID\":\"text-0\",\"text\":\"Hello!\"}"),
            ("\(prefix)tool.input.started", "{\(base),\"callID\":\"call_1\",\"name\":\"bash\"}"),
            ("\(prefix)tool.called", "{\(base),\"callID\":\"call_1\",\"input\":{\"command\":\"ls\"}}"),
            (
                "\(prefix)tool.success",
                "{\(base),\"callID\":\"call_1\",\"content\":[{\"type\":\"text\",\"text\":\"a\"}]}"
            ),
            (
                "\(prefix)step.ended",
                "{\(base),\"finish\":\"stop\",\"cost\":0,\"tokens\":{\"input\":60,\"output\":15,\"reasoning\":5,"
                    + "\"cache\":{\"read\":40,\"write\":0}}}"
            ),
            ("session.execution.succeeded", #"{"sessionID":"ses_1"}"#),
        ]
        var followed = FollowedTurn()
        for (type, data) in told {
            guard let event = try event(type, data) else {
                Issue.record("\(type) is not read")
                continue
            }
            for effect in turn.take(event, now: now) { followed.take(effect) }
        }
        #expect(followed.prompted == ["msg_1"] && followed.text == "Hello!")
        let tool = followed.tools["msg_2/call_1"]
        #expect(tool?.name == "bash" && tool?.input["command"] == "ls" && tool?.output == "a")
        #expect(followed.usage.input == 100 && followed.effects.last == .read)
        var answer = OpencodeMessage(
            id: "msg_2", session: "ses_1", isUser: false, created: 6, completed: 9, finish: "stop")
        answer.parts = []
        let end = turn.resync(.init(status: .idle, messages: [answer], mark: turn.mark), now: now)
        #expect(end.last == .ended(.completed(message: "msg_2", finish: "stop")))
    }

    @Test("a superseded turn is no end, a stopped one is")
    func interrupted() async throws {
        let dialect = try await server().dialect()
        let frame = { (reason: String) in
            try JSON.parse(
                #"{"type":"session.execution.interrupted","data":{"sessionID":"ses_1","reason":"\#(reason)"}}"#)
        }
        #expect(dialect.events(try frame("superseded")).isEmpty)
        #expect(dialect.events(try frame("user")).map(\.body.kind) == ["failed", "status"])
    }
}
