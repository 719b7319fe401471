import FakeOpencode
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("sessions of the sidecar's API")
@Loop
struct SessionsTests {
    private nonisolated static let id = "5b1c9c1e-6f0e-4f4b-9b43-0d2b7a2c1f10"

    private static func body(_ prompt: String, _ more: JSONObject = [:]) -> JSONValue {
        var body: JSONObject = ["session_id": .string(id), "prompt": .string(prompt)]
        for member in more { body[member.key] = member.value }
        return .object(body)
    }

    @Test("a session is started, followed in its own words, and read again from any point")
    func life() async throws {
        try await ChatBed.with { bed in
            let prompt = "think hm; say hello; write made.txt words; todo a!, b!; say the end"
            let started = try await bed.call(.post, "/sessions", Self.body(prompt))
            #expect(try started.status == 201 && started.json["session_id"].string == Self.id)
            #expect(try started.json["status"].string == "running" && started.json["created_at"].string != nil)
            let remote = try #require(try started.json["remote_session_id"].string)

            let events = try await bed.events(at: "/sessions/\(Self.id)/stream")
            #expect(events.first?.name == "status" && events.last?.name == "complete")
            #expect(events.allSatisfy { $0.json["timestamp"].string != nil })
            let text = events.filter { $0.name == "output" && $0.json["type"].string == "stdout" }
            #expect(text.compactMap { $0.json["text"].string }.joined().contains("hello"))
            let call = try #require(events.first { $0.name == "tool_call" && $0.json["tool"].string == "write" })
            #expect(call.json["args"].kind == .object)
            #expect(events.contains { $0.name == "tool_result" && $0.json["id"].string == call.json["id"].string })
            #expect(events.contains { $0.name == "status" && $0.json["progress"].integer == 100 })
            let end = try #require(events.last?.json)
            #expect(end["final_message"].string?.contains("the end") == true)
            #expect(end["files_modified"].elements.compactMap(\.string).contains { $0.contains("made.txt") })

            let late = try await bed.events(at: "/sessions/\(remote)/stream", headers: [("Last-Event-ID", "10")])
            #expect(late.count < events.count && late.last?.name == "complete")
            let strange = try await bed.events(
                at: "/sessions/\(Self.id)/stream", headers: [("Last-Event-ID", "1732-abc")])
            #expect(strange.contains { $0.json["gap"].exists })
            #expect(try await bed.call(.get, "/sessions/\(Self.id)/status").json["status"].string == "completed")
        }
    }

    @Test("model_config reaches the agent, and what cannot is told")
    func config() async throws {
        try await ChatBed.with { bed in
            let config: JSONValue = [
                "provider": "fake", "model": "m1", "api_key": "", "temperature": 0.5, "max_tokens": 1000,
                "enabled_tools": ["read", "grep"], "unknown": 1,
            ]
            let body = Self.body("say hi", ["model_config": config, "system_prompt": "Be brief."])
            let started = try await bed.call(.post, "/sessions", body)
            #expect(started.status == 201, "\(started.text)")
            let notices = try started.json["notices"].elements.compactMap(\.string).joined()
            #expect(notices.contains("temperature") && notices.contains("max_tokens"))
            let events = try await bed.events(at: "/sessions/\(Self.id)/stream")
            #expect(events.contains { $0.json["text"].string?.contains("temperature") == true })
            let prompt = try #require(bed.fake.prompts.first)
            #expect(prompt.model == "fake/m1" && prompt.system?.contains("Be brief.") == true)
            #expect(prompt.body["tools"]?["bash"] == false && prompt.body["tools"]?["read"] == nil)
        }
    }

    @Test("in a sidecar the project's key goes to its one agent, once; without a project it is not honoured")
    func sidecar() async throws {
        let workspace = TemporaryDirectory()
        let config: JSONValue = ["provider": "openai", "api_key": "sk-of-the-project"]
        try await ChatBed.with(["WORKSPACE_DIR=\(workspace.path)", "PROJECT_ID=p1"]) { bed in
            for name in ["one", "two"] {
                let body: JSONValue = ["session_id": .string(name), "prompt": "say hi", "model_config": config]
                let started = try await bed.call(.post, "/sessions", body)
                #expect(try started.status == 201 && !started.json["notices"].exists, "\(started.text)")
                _ = try await bed.events(at: "/sessions/\(name)/stream")
            }
            #expect(bed.fake.keys == ["openai": "sk-of-the-project"])
        }
        try await ChatBed.with(["WORKSPACE_DIR=\(workspace.path)"]) { bed in
            let started = try await bed.call(.post, "/sessions", Self.body("say hi", ["model_config": config]))
            #expect(started.text.contains("keys of its own") && bed.fake.keys.isEmpty)
        }
    }

    @Test("a key for a model that is asked directly is for that run alone, and is sealed")
    func key() async throws {
        let provider = try FakeProvider()
        provider.reply(.stream(FakeProvider.chat("an answer")))
        let settings = [
            "RUNNER_MODE=rehearsal", "OZ_PROVIDER_MINE_TYPE=openai_compatible", "OZ_PROVIDER_MINE_MODEL=m",
            "OZ_PROVIDER_MINE_BASE_URL=\(provider.base)",
        ]
        let state = TemporaryDirectory()
        state.write("return { place = function() return { engine = 'provider' } end }", to: "scripts/hooks/zz.lua")
        let program = try await RunningProgram.start(state: state.path, settings: settings)
        let body = Self.body(
            "hi", ["model_config": ["provider": "mine", "model": "m", "api_key": "sk-very-own", "temperature": 0.25]])
        let started = try await Exchange.post(
            "/sessions", String(decoding: try JSON.encode(body), as: UTF8.self), port: program.port)
        #expect(started.status == 201, "\(started.body)")
        let told = try await Exchange.get("/sessions/\(Self.id)/stream", port: program.port).body
        #expect(told.contains("event: complete"), "\(told)")
        let asked = try #require(provider.requests.first)
        #expect(asked.headers["authorization"] == "Bearer sk-very-own")
        #expect(asked.body["temperature"]?.number == 0.25)
        try await program.end()
        let found = try await Subprocess.run(["grep", "-rc", "--binary-files=text", "sk-very-own", state.path])
        #expect(!found.outputText.split(separator: "\n").contains { !$0.hasSuffix(":0") }, "\(found.outputText)")
        await provider.close()
    }

    @Test("a wrong field is named with its reason; a session that is there already is a conflict")
    func bad() async throws {
        try await ChatBed.with(["MAX_PROMPT_LENGTH=20", "MAX_CONCURRENT_SESSIONS=1"]) { bed in
            let cases: [(JSONValue, String)] = [
                (["prompt": "x"], "session_id"), (["session_id": "s"], "prompt"),
                (["session_id": .string(String(repeating: "s", count: 201)), "prompt": "x"], "session_id"),
                (["session_id": "s", "prompt": "a prompt that is too long"], "prompt"),
                (["session_id": "s", "prompt": "x", "model_config": ["temperature": 9]], "model_config.temperature"),
                (["session_id": "s", "prompt": "x", "model_config": ["provider": 1]], "model_config.provider"),
            ]
            for (body, field) in cases {
                let answer = try await bed.call(.post, "/sessions", body)
                #expect(answer.status == 400 || answer.status == 413, "\(field)")
                let json = try answer.json
                #expect(json["error"].string != nil && json["timestamp"].string != nil)
                #expect(json["details"]["field"].string == field && json["details"]["reason"].string != nil)
            }
            #expect(try await bed.call(.get, "/sessions").json["sessions"].count == 0)

            #expect(try await bed.call(.post, "/sessions", Self.body("hang")).status == 201)
            #expect(try await bed.call(.post, "/sessions", Self.body("hang")).status == 409)
            let full = try await bed.call(.post, "/sessions", ["session_id": "other", "prompt": "say x"])
            #expect(full.status == 503)
            #expect(try await bed.call(.get, "/api/sessions/active").json["sessions"].count == 1)
            #expect(try await bed.call(.post, "/sessions/\(Self.id)/stop").json["status"].string == "cancelled")
            #expect(try await bed.call(.post, "/sessions/\(Self.id)/stop").status == 200)
            #expect(try await bed.call(.get, "/api/sessions/active").json["sessions"].count == 0)
            #expect(try await bed.call(.delete, "/sessions/\(Self.id)").status == 204)
            let gone = try await bed.call(.get, "/sessions/\(Self.id)/status")
            #expect(try gone.status == 404 && gone.json["error"].string != nil)
        }
    }
}
