import FakeOpencode
import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("a chat keeps its session, whatever comes between")
@Loop
struct ChatSessionTests {
    private func begin(_ bed: ChatBed) async throws {
        _ = try await bed.chat(["say one"], headers: ChatBed.openWebUI(message: "a1"))
    }

    /// The texts of a prompt's parts, those that Perigee added included.
    private func parts(_ bed: ChatBed, _ place: Int) -> [String] {
        var texts: [String] = []
        while let text = bed.fake.prompts[place].body["parts"]?[texts.count]?["text"]?.string { texts.append(text) }
        return texts
    }

    @Test("behind a turn that was stopped before the agent had it; its message is handed over")
    func stoppedEarly() async throws {
        try await ChatBed.with { bed in
            try await begin(bed)
            bed.fake.hangHTTP()
            let body: JSONObject = [
                "model": "open-persona/build", "stream": true,
                "messages": ChatBed.messages(["say one", "one", "remember the lamp"]),
            ]
            let answer = try await bed.open(
                "/v1/chat/completions", try JSON.encode(JSONValue.object(body)),
                headers: ChatBed.openWebUI(message: "a2", user: "u2", parent: "a1"))
            let run = try #require(answer.headers["x-perigee-run"])
            answer.body.cancel()
            #expect(try await bed.outcome(of: run) == "cancelled")
            bed.fake.recover()

            let next = try await bed.chat(
                [], headers: ChatBed.openWebUI(message: "a3", user: "u3", parent: "a2"), ["messages": Self.unanswered])
            #expect(next.text == "three" && bed.fake.sessions.count == 1)
            let texts = parts(bed, 1)
            #expect(texts.count == 2 && texts[0].contains("remember the lamp") && !texts[0].contains("say one"))
            let why = try await bed.get("/mgmt/runs/\(try #require(next.run))/why").json["decisions"].elements
            #expect(
                why.contains { $0["hook"].equals("session") && $0["reason"].string?.contains("behind run") == true })
        }
    }

    @Test("while the agent's server is away for a moment; people read no address, and the notice goes")
    func away() async throws {
        try await ChatBed.with { bed in
            try await begin(bed)
            await bed.fake.kill()
            let body: JSONObject = [
                "model": "open-persona/build", "stream": true,
                "messages": ChatBed.messages(["say one", "one", "say two"]),
            ]
            let answer = try await bed.open(
                "/v1/chat/completions", try JSON.encode(JSONValue.object(body)),
                headers: ChatBed.openWebUI(message: "a2", user: "u2", parent: "a1"))
            let events = answer.body.events()
            var all = ""
            while !all.contains("trying again"), let event = try await events.next() { all += event.text }
            try await bed.fake.restart()
            while let event = try await events.next() { all += event.text + "\n" }
            #expect(all.contains("server does not answer") && !all.contains("127.0.0.1"), "\(all)")
            #expect(all.contains(#""hidden":true"#) && all.contains("two") && bed.fake.sessions.count == 1)
        }
    }

    @Test("behind an answer whose end nobody heard, which is told")
    func unheard() async throws {
        try await ChatBed.with { bed in
            let words = "slow 10; say one two three four five six seven eight nine ten"
            let answer = try await bed.open(
                "/v1/chat/completions",
                try JSON.encode(
                    ["model": "open-persona/build", "stream": true, "messages": ChatBed.messages([words])] as JSONValue),
                headers: ChatBed.openWebUI(message: "a1"))
            let run = try #require(answer.headers["x-perigee-run"])
            try await bed.fake.until("the prompt") { !bed.fake.prompts.isEmpty }
            try await bed.end(SIGKILL)
            answer.body.cancel()
            try await bed.start()
            #expect(try await bed.outcome(of: run) == "succeeded")
            // The client has lost all of it.
            let lost: JSONObject = [
                "messages": [["role": "user", "content": .string(words)], ["role": "user", "content": "say next"]]
            ]
            let next = try await bed.chat(
                [], headers: ChatBed.openWebUI(message: "a2", user: "u2", parent: "a1"), lost)
            #expect(next.text.contains("nine ten") && next.text.hasSuffix("next") && bed.fake.sessions.count == 1)
            #expect(bed.fake.prompts.map(\.text) == [words, "say next"])
            // Once is enough.
            let third = try await bed.chat(
                [words, "", "say next", next.text, "say last"],
                headers: ChatBed.openWebUI(message: "a3", user: "u3", parent: "a2"))
            #expect(third.text == "last")
        }
    }

    private static let unanswered: JSONValue = [
        ["role": "user", "content": "say one"], ["role": "assistant", "content": "one"],
        ["role": "user", "content": "remember the lamp"], ["role": "user", "content": "say three"],
    ]

    @Test("behind a message that Perigee never saw")
    func unseen() async throws {
        try await ChatBed.with { bed in
            try await begin(bed)
            let next = try await bed.chat(
                [], headers: ChatBed.openWebUI(message: "a3", user: "u3", parent: "never"),
                ["messages": Self.unanswered])
            #expect(next.text == "three" && bed.fake.sessions.count == 1)
            #expect(parts(bed, 1).first?.contains("remember the lamp") == true)
        }
    }

    @Test("each of two models that answer the same messages, whichever answer is chosen")
    func twoModels() async throws {
        try await ChatBed.with { bed in
            var texts: [String] = []
            var parent = ""
            for turn in 1...3 {
                texts.append("say turn \(turn)")
                for (name, model) in [("b", "open-persona/build"), ("p", "open-persona/plan")] {
                    let reply = try await bed.chat(
                        texts,
                        headers: ChatBed.openWebUI(message: "\(name)\(turn)", user: "u\(turn)", parent: parent),
                        ["model": .string(model)])
                    #expect(reply.text == "turn \(turn)")
                }
                parent = "p\(turn)"
                texts.append("turn \(turn), as plan has it")
            }
            #expect(bed.fake.sessions.count == 2 && Set(bed.fake.prompts.map(\.session)).count == 2)
            // Only the one that was not chosen is told, and only of that answer.
            #expect(parts(bed, 5) == ["say turn 3"])
            let told = parts(bed, 4)
            #expect(told.count == 2 && told[0].contains("turn 2, as plan has it") && !told[0].contains("turn 1"))
        }
    }

    @Test("what was found in documents is told once, and titles are the user's words")
    func documents() async throws {
        func wrapped(_ words: String, _ source: String) -> String {
            "### Task:\nRespond to the user query using the provided context, with citations.\n\n<context>\n"
                + "<source id=\"1\" name=\"notes.txt\">\(source)</source>\n</context>\n\n\(words)"
        }
        let files =
            "<attached_files>\n<file type=\"file\" id=\"f1\" url=\"f1\" name=\"notes.txt\"/>\n</attached_files>\n\n"
        try await ChatBed.with { bed in
            let first = try await bed.chat(
                [wrapped(files + "say the dog is red", "the dog is red")], headers: ChatBed.openWebUI(message: "a1"))
            let record = try await bed.get("/mgmt/runs/\(try #require(first.run))").json
            #expect(record["title"].string == "say the dog is red" && record["prompt"].string == "say the dog is red")
            #expect(bed.fake.sessions[0]["title"]?.string == "say the dog is red")
            #expect(parts(bed, 0).count == 2 && parts(bed, 0)[0].contains("notes.txt"))
            #expect(!parts(bed, 0).joined().contains("attached_files"))

            let plain = files + "say the dog is red"
            _ = try await bed.chat(
                [plain, "the dog is red", wrapped("say again", "the dog is red")],
                headers: ChatBed.openWebUI(message: "a2", user: "u2", parent: "a1"))
            _ = try await bed.chat(
                [plain, "the dog is red", "say again", "again", wrapped("say more", "the dog is red")],
                headers: ChatBed.openWebUI(message: "a3", user: "u3", parent: "a2"))
            #expect(parts(bed, 1) == ["say again"] && parts(bed, 2) == ["say more"])
            _ = try await bed.chat(
                [plain, "the dog is red", "say again", "again", "say more", "more", wrapped("say new", "the cat")],
                headers: ChatBed.openWebUI(message: "a4", user: "u4", parent: "a3"))
            #expect(parts(bed, 3).count == 2 && parts(bed, 3)[0].contains("the cat") && bed.fake.sessions.count == 1)
        }
    }

    @Test("models are not called a rehearsal while an agent is connected")
    func models() async throws {
        try await ChatBed.with { bed in
            let models = try await bed.text("/v1/models")
            #expect(models.status == 200 && !models.text.contains("rehearsal"))
        }
    }
}
