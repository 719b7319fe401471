import LuaBridge
import Testing

@testable import Runtime

@Suite("host.opencode")
@Loop
struct OpencodeModuleTests {
    private let fake = FakeHTTP()

    private func run(_ text: String) async throws -> LuaResults {
        fake.reply("GET", "*/global/health", [json(#"{"healthy":true,"version":"1.17.20"}"#)])
        let harness = try ModuleHarness(.opencode(bareWorld(http: fake)))
        return try await harness.run(
            """
            local opencode = require "host.opencode"
            local server = assert(opencode.connect { url = "http://agent.example:4096", directory = "/w ü", password = "pw" })
            \(text)
            """)
    }

    private func json(_ text: String, _ status: Int = 200) -> FakeAnswer {
        FakeAnswer(status, headers: ["Content-Type": "application/json"], text: text)
    }

    private let session =
        #"{"id":"ses_1","title":"t","directory":"/w","time":{"created":5000,"updated":6000},"cost":0.5}"#

    @Test("sessions come as tables, the directory and the password go along")
    func sessions() async throws {
        fake.reply("POST", "*/session", [json(session)])
        let seen = try await run(
            "local s = assert(server:sessions():create { title = 't' }) return s.id, s.created, s.cost, s.parent")
        #expect(seen == ["ses_1", 5.0, 0.5, .nil])
        let sent = try #require(fake.requests.last)
        #expect(sent.headers["x-opencode-directory"] == "%2Fw%20%C3%BC")
        #expect(sent.headers["authorization"] == "Basic b3BlbmNvZGU6cHc=")
        #expect(try JSON.parse(sent.body)["title"].string == "t")
    }

    @Test("a prompt is handed over with what was said, and only that")
    func prompt() async throws {
        fake.reply("POST", "*/prompt_async", [FakeAnswer(204)])
        let seen = try await run(
            #"return server:prompt("ses_1", { text = "hi", agent = "plan", model = "fake/m1", schema = { type = "object" } })"#
        )
        #expect(seen == [true])
        let body = try JSON.parse(try #require(fake.requests.last).body)
        #expect(body["parts"][0]["text"].string == "hi" && body["agent"].string == "plan")
        #expect(body["model"]["modelID"].string == "m1" && body["format"]["type"].string == "json_schema")
        #expect(!body["system"].exists)
    }

    @Test("messages have their role, text and parts")
    func messages() async throws {
        fake.reply(
            "GET", "*/message*",
            [
                json(
                    #"""
                    [{"info":{"id":"msg_1","sessionID":"ses_1","role":"assistant","time":{"created":1000,"completed":2000},
                    "finish":"stop"},"parts":[{"id":"prt_1","sessionID":"ses_1","messageID":"msg_1","type":"text",
                    "text":"Hello"},{"id":"prt_2","sessionID":"ses_1","messageID":"msg_1","type":"tool","tool":"bash",
                    "callID":"c","state":{"status":"completed","input":{"command":"ls"},"output":"a"}}]}]
                    """#)
            ])
        let seen = try await run(
            """
            local m = assert(server:sessions():messages("ses_1"))[1]
            return m.role, m.text, m.completed, m.parts[2].tool, m.parts[2].input.command, m.parts[2].output
            """)
        #expect(seen == ["assistant", "Hello", 2.0, "bash", "ls", "a"])
    }

    @Test("errors come as nil, err with their kind")
    func errors() async throws {
        fake.reply("GET", "*/session/ses_9", [json(#"{"name":"NotFoundError","data":{"message":"gone"}}"#, 404)])
        #expect(try await run(#"return server:sessions():get("ses_9")"#).kind == "not_found")
        let path = try await ModuleHarness(.opencode(bareWorld(http: fake))).run(
            #"return require("host.opencode").connect { url = "http://a.example", directory = "w" }"#)
        #expect(path.kind == "invalid_input")
    }

    @Test("events are read in a loop, and the stream ends with it")
    func events() async throws {
        fake.reply(
            "GET", "*/global/event",
            [
                FakeAnswer(
                    200, headers: ["Content-Type": "text/event-stream"],
                    text: """
                        data: {"payload":{"id":"e1","type":"server.connected","properties":{}}}

                        data: {"payload":{"id":"e2","type":"session.status","properties":{"sessionID":"s","status":{"type":"busy"}}}}

                        data: {"payload":{"id":"e3","type":"plugin.added","properties":{}}}

                        data: {"payload":{"id":"e4","type":"message.part.delta","properties":{"sessionID":"s","messageID":"m","partID":"p","field":"text","delta":"Hi"}}}


                        """)
            ])
        let seen = try await run(
            """
            local all = {}
            for event in server:events() do
              all[#all + 1] = event.type .. ":" .. (event.session or "") .. ":" .. (event.status or event.text or "")
            end
            return table.unpack(all)
            """)
        #expect(seen == ["connected::", "status:s:busy", "delta:s:Hi"])
        #expect(fake.open == 0)
    }

    @Test("a configuration comes without its keys")
    func config() async throws {
        fake.reply(
            "GET", "*/config",
            [json(#"{"provider":{"x":{"options":{"apiKey":"sk-1","baseURL":"http://x"}}},"model":"x/y"}"#)])
        let seen = try await run(
            "local c = assert(server:config()) return c.model, c.provider.x.options.apiKey, c.provider.x.options.baseURL"
        )
        #expect(seen == ["x/y", "•••", "http://x"])
    }

    @Test("asks are listed and answered")
    func asks() async throws {
        fake.reply(
            "GET", "*/permission", [json(#"[{"id":"per_1","sessionID":"s","permission":"bash","patterns":["ls"]}]"#)])
        fake.reply("GET", "*/question", [json("[]")])
        fake.reply("POST", "*/permission/per_1/reply", [json("true")])
        fake.reply("POST", "*/question/que_1/reply", [json("true")])
        let seen = try await run(
            """
            local ask = assert(server:asks())[1]
            assert(server:reply_permission(ask, "reject", "not now"))
            assert(server:reply_question({ id = "que_1", session = "s" }, { { "A" } }))
            return ask.kind, ask.permission, ask.patterns[1]
            """)
        #expect(seen == ["permission", "bash", "ls"])
        #expect(try JSON.parse(fake.requests[3].body)["message"].string == "not now")
        #expect(try JSON.parse(fake.requests[4].body)["answers"][0][0].string == "A")
    }

    @Test("private addresses need the call and the owner to allow them")
    func addresses() async throws {
        let client = HTTPClient()
        let harness = try ModuleHarness(.opencode(bareWorld(http: NetHTTP(client))))
        let seen = try await harness.run(
            """
            local opencode = require "host.opencode"
            return assert(opencode.connect { url = "http://127.0.0.1:9", directory = "/w" }):health()
            """)
        #expect(seen.kind == "denied")
        await client.close()
    }
}
