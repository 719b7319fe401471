import FakeOpencode
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("chats, from a client to the agent and back")
@Loop
struct ChatDoorTests {
    @Test("an answer is streamed word by word, with one end, one usage and one [DONE]")
    func streamed() async throws {
        try await ChatBed.with { bed in
            let reply = try await bed.chat(["think hm; say one two three"])
            #expect(reply.status == 200 && reply.text == "one two three")
            #expect(reply.chunks.count { $0["choices"][0]["delta"]["content"].string?.isEmpty == false } > 2)
            #expect(reply.chunks.contains { $0["choices"][0]["delta"]["reasoning_content"].string == "hm" })
            #expect(reply.finishes == ["stop"] && reply.usages == 1 && reply.ends == 1 && reply.error == nil)
            #expect(reply.chunks.last?["usage"]["prompt_tokens"].integer == 100)

            let whole = try await bed.chat(["bash echo from the workspace; say done"], stream: false)
            #expect(whole.text.contains("from the workspace") && whole.text.hasSuffix("done"))
            #expect(whole.chunks[0]["usage"]["completion_tokens"].integer == 40 && whole.finishes == ["stop"])
        }
    }

    @Test("a chat goes on in its session; what is regenerated or edited forks it")
    func lineage() async throws {
        try await ChatBed.with { bed in
            let first = try await bed.chat(["say one"], headers: ChatBed.openWebUI(message: "a1"))
            #expect(first.text == "one")
            _ = try await bed.chat(
                ["say one", "one", "say two"], headers: ChatBed.openWebUI(message: "a2", user: "u2", parent: "a1"))
            #expect(bed.fake.sessions.count == 1)
            #expect(bed.fake.prompts.map(\.text) == ["say one", "say two"])

            // The same question again, and then another one in its place.
            _ = try await bed.chat(
                ["say one", "one", "say two"], headers: ChatBed.openWebUI(message: "a3", user: "u2", parent: "a1"))
            _ = try await bed.chat(
                ["say one", "one", "say three"], headers: ChatBed.openWebUI(message: "a4", user: "u3", parent: "a1"))
            #expect(bed.fake.sessions.count == 3 && Set(bed.fake.prompts.map(\.session)).count == 3)

            // On the branch that was regenerated.
            _ = try await bed.chat(
                ["say one", "one", "say two", "two", "say four"],
                headers: ChatBed.openWebUI(message: "a5", user: "u4", parent: "a3"))
            #expect(bed.fake.sessions.count == 3 && bed.fake.prompts[4].session == bed.fake.prompts[2].session)

            // A long history that nobody knows begins with a transcript.
            _ = try await bed.chat(
                ["was", "that was", "say five"], headers: ChatBed.openWebUI(chat: "c2", message: "b1", parent: "x"))
            #expect(bed.fake.sessions.count == 4)
            let seeded = bed.fake.messages(bed.fake.prompts.last!.session)
            #expect(String(describing: seeded).contains("that was"))
        }
    }

    @Test("without any ids a chat is known by its history")
    func history() async throws {
        try await ChatBed.with { bed in
            let first = try await bed.chat(["say one"])
            _ = try await bed.chat(["say one", first.text, "say two"])
            #expect(bed.fake.sessions.count == 1)
            _ = try await bed.chat(["say one", "something else", "say three"])
            #expect(bed.fake.sessions.count == 2)
        }
    }

    @Test("side calls reach no agent, a turn that looks like one does")
    func sideCalls() async throws {
        try await ChatBed.with { bed in
            let title =
                "### Task:\nGenerate a concise title summarizing the chat history.\n<chat_history>\nUSER: plan a trip\n</chat_history>"
            let answer = try await bed.chat(
                [title], headers: ChatBed.openWebUI(message: "", user: "", task: "title_generation"), stream: false)
            #expect(try JSON.parse(answer.text)["title"].string?.isEmpty == false)
            let untold = try await bed.chat([title], stream: false)
            #expect(untold.text.hasPrefix("{"))
            #expect(bed.fake.sessions.isEmpty && bed.fake.prompts.isEmpty)

            let rag = "### Task:\nRespond to the user query using the provided context.\n\n!say read it"
            let turn = try await bed.chat([rag], headers: ChatBed.openWebUI(message: "a1"))
            #expect(turn.text.contains("read it") && bed.fake.prompts.count == 1)
            #expect(bed.fake.titleCalls == 0)
        }
    }

    @Test("several models that answer at once, each new to the workspace, all answer", arguments: 1...5)
    func atOnce(_ round: Int) async throws {
        try await ChatBed.with { bed in
            let models = ["build", "izzy", "scribe", "plan", "reviewer"]
            let answers = Mailbox<String>("answers", limit: 16)
            let scope = Scope("askers") { name, error in Issue.record("\(name) let \(error) escape") }
            for model in models {
                scope.spawn(model) {
                    let reply = try await bed.chat(
                        ["slow \(round); say it is \(model)"],
                        headers: ChatBed.openWebUI(message: "a-\(model)"), ["model": .string("open-persona/\(model)")])
                    answers.send(reply.text)
                }
            }
            var told: Set<String> = []
            while told.count < models.count, let text = try await answers.next() { told.insert(text) }
            #expect(told == Set(models.map { "it is \($0)" }))
            #expect(bed.fake.sessions.count == models.count && bed.fake.prompts.count == models.count)
            await scope.close()
        }
    }

    @Test("twenty chats make exactly twenty sessions")
    func sessions() async throws {
        try await ChatBed.with { bed in
            for number in 1...20 {
                _ = try await bed.chat(
                    ["### Task:\nGenerate a concise title"],
                    headers: ChatBed.openWebUI(chat: "c\(number)", message: "", task: "title_generation"), stream: false
                )
                _ = try await bed.chat(
                    ["say hello"], headers: ChatBed.openWebUI(chat: "c\(number)", message: "a\(number)"))
            }
            #expect(bed.fake.sessions.count == 20 && bed.fake.prompts.count == 20)
        }
    }

    @Test("tools are cards for Open WebUI, each with its result, and never calls to make")
    func cards() async throws {
        try await ChatBed.with { bed in
            let reply = try await bed.chat(
                ["say first; bash echo in the middle; say last"], headers: ChatBed.openWebUI(message: "a1"))
            let kinds = reply.items.compactMap { $0["type"].string }
            #expect(kinds.filter { $0 == "function_call_output" }.count == 1)
            #expect(reply.items.last?["output"][0]["text"].string?.contains("in the middle") == true)
            #expect(reply.call == nil && reply.finishes == ["stop"] && reply.text == "first\n\nlast")
        }
    }

    @Test("a client that leaves stops the agent")
    func leaving() async throws {
        try await ChatBed.with { bed in
            var answer: HTTPAnswer? = try await bed.open(
                "/v1/chat/completions",
                Array(
                    #"{"model":"open-persona/build","stream":true,"messages":[{"role":"user","content":"hang"}]}"#.utf8)
            )
            let run = try #require(answer?.headers["x-perigee-run"])
            try await bed.fake.until("the turn") { !bed.fake.busySessions.isEmpty }
            answer?.body.cancel()
            answer = nil
            try await bed.fake.until("the stop") { bed.fake.busySessions.isEmpty }
            #expect(try await bed.outcome(of: run) == "cancelled")
        }
    }

    @Test("an agent that dies in the middle ends the answer honestly, and the chat goes on when it is back")
    func agentDies() async throws {
        try await ChatBed.with { bed in
            let body: JSONObject = [
                "model": "open-persona/build", "stream": true,
                "messages": ChatBed.messages(["say so far so good; hang"]),
            ]
            let answer = try await bed.open(
                "/v1/chat/completions", try JSON.encode(JSONValue.object(body)),
                headers: ChatBed.openWebUI(message: "a1"))
            try await bed.fake.until("the text") {
                bed.fake.sessions.contains {
                    String(describing: bed.fake.messages($0["id"]?.string ?? "")).contains("good")
                }
            }
            await bed.fake.kill()
            try await bed.fake.restart()
            let reply = try await bed.reply(to: answer)
            // It was begun, so that nobody runs it again unasked: an error, or a question what to do.
            #expect(reply.text.contains("so far so good"))
            #expect(reply.ends == 1 && (reply.error != nil || reply.finishes == ["stop"]))
            #expect(bed.fake.prompts.count == 1)
        }
    }

    @Test("an answer that is cut at the model's limit is an answer, and says so in the words of both APIs")
    func cut() async throws {
        try await ChatBed.with { bed in
            let words = "say as far as it goes; finish length"
            let streamed = try await bed.chat([words], headers: ChatBed.openWebUI(message: "a1"))
            #expect(streamed.text == "as far as it goes" && streamed.finishes == ["length"] && streamed.error == nil)
            #expect(streamed.body.contains("output limit") && streamed.ends == 1)
            #expect(try await bed.outcome(of: try #require(streamed.run)) == "succeeded")
            let whole = try await bed.chat([words], stream: false)
            #expect(whole.text == "as far as it goes" && whole.finishes == ["length"])

            let response = try await bed.post("/v1/responses", ["input": .string(words)])
            #expect(response.chunks[0]["status"].string == "incomplete")
            #expect(response.chunks[0]["incomplete_details"]["reason"].string == "max_output_tokens")
            let events = try await bed.post("/v1/responses", ["input": .string(words), "stream": true])
            #expect(events.chunks.last?["type"].string == "response.incomplete")
        }
    }

    @Test("a model that the agent does not have ends the run at once, and is named")
    func unknownModel() async throws {
        try await ChatBed.with { bed in
            let order: JSONObject = [
                "prompt": "say x", "engine": "opencode", "model": "nope/zz", "directory": .string(bed.state.path),
            ]
            let run = try #require(try await bed.post("/mgmt/runs", order).chunks[0]["id"].string)
            #expect(try await bed.outcome(of: run) == "failed")
            let record = try await bed.get("/mgmt/runs/\(run)").json
            #expect(record["attempts"].integer == 1 && record["error"]["kind"].string == "model_missing")
            let message = try #require(record["error"]["message"].string)
            #expect(message.contains("nope/zz") && message.contains("Choose another model"), "\(message)")
        }
    }

    @Test("what is wrong with a request is told in OpenAI's form, with the place")
    func badInput() async throws {
        try await ChatBed.with { bed in
            for (text, status) in [("", 400), ("[]", 400), ("{", 400), (#"{"messages":7}"#, 400)] {
                let reply = try await bed.reply(to: try await bed.open("/v1/chat/completions", Array(text.utf8)))
                #expect(reply.status == status && reply.error?.isEmpty == false, "\(text)")
                #expect(reply.chunks[0]["error"]["type"].string == "invalid_request_error")
            }
            let unknown = try await bed.get("/v1/nothing")
            #expect(unknown.status == 404 && unknown.json["error"]["message"].string?.contains("/v1/models") == true)
            let model = try await bed.get("/v1/models/open-persona/biuld")
            #expect(model.status == 404 && model.json["error"]["message"].string?.contains("build") == true)
            let models = try await bed.get("/v1/models")
            #expect(models.json["data"].elements.contains { $0["id"].string == "open-persona/izzy" })
            let key = try await bed.get("/v1/models", headers: [("Authorization", "Bearer pk_wrong")])
            #expect(key.status == 401 && key.json["error"]["code"].string == "invalid_api_key")
        }
    }
}
