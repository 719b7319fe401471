import FakeOpencode
import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("what a run asks, and what the chat does meanwhile")
@Loop
struct ChatAskTests {
    private static let ask: (inout FakeSettings) -> Void = { $0.strongConfig = ["permission": ["bash": "ask"]] }
    private nonisolated static let tools: JSONObject = [
        "tools": [["type": "function", "function": ["name": "ask_user"]]]
    ]
    private static let words = "ask bash rm; say done"

    /// What a card gives back.
    private static func reply(_ call: String, _ result: String) -> JSONObject {
        [
            "model": "open-persona/build", "stream": true,
            "tools": [["type": "function", "function": ["name": "ask_user"]]],
            "messages": [
                ["role": "user", "content": .string(words)], ["role": "assistant", "content": ""],
                ["role": "tool", "tool_call_id": .string(call), "content": .string(result)],
            ],
        ]
    }

    private static let allow =
        #"{"status":"answered","answers":{"q1":{"type":"option","option_index":0,"label":"Allow once"}}}"#

    /// A chat of one turn, and a second one that waits for leave.
    private func waiting(_ bed: ChatBed) async throws -> (run: String, call: String) {
        _ = try await bed.chat(["say hi"], headers: ChatBed.openWebUI(message: "a1"))
        let asked = try await bed.chat(
            ["say hi", "hi", Self.words], headers: ChatBed.openWebUI(message: "a2", user: "u2", parent: "a1"),
            Self.tools)
        #expect(asked.finishes == ["tool_calls"] && bed.fake.pendingAsks.count == 1)
        // What waits for leave has not run, and shows nothing yet.
        #expect(asked.items.isEmpty, "\(asked.body)")
        return (try #require(asked.run), try #require(asked.call?["id"].string))
    }

    @Test("an edited message is no answer, whatever it says: the old run ends, and the edit branches off")
    func edited() async throws {
        try await ChatBed.with(fake: Self.ask) { bed in
            let (run, call) = try await waiting(bed)
            // "ok" would mean yes.
            let edit = try await bed.chat(
                ["say hi", "hi", "ok"], headers: ChatBed.openWebUI(message: "a3", user: "u3", parent: "a1"), Self.tools)
            #expect(edit.run != run && edit.text.contains("You asked: ok") && edit.finishes == ["stop"])
            #expect(try await bed.outcome(of: run) == "cancelled" && bed.fake.pendingAsks.isEmpty)
            let story = try await bed.text("/mgmt/runs/\(run)/events").text
            #expect(!story.contains(#""verdict":"once""#) && story.contains("went on with another message"))
            #expect(bed.fake.prompts.map(\.text) == ["say hi", Self.words, "ok"])
            // Not where the command waited, but in a copy from before it.
            #expect(bed.fake.sessions.count == 2 && bed.fake.prompts[2].session != bed.fake.prompts[1].session)

            let late = try await bed.post(
                "/v1/chat/completions", Self.reply(call, Self.allow),
                headers: ChatBed.openWebUI(message: "a2", user: "u2", parent: "a1"))
            #expect(late.text.contains("Stopped:") && late.ends == 1 && bed.fake.prompts.count == 3)
        }
    }

    @Test("the next message behind a card answers it in words")
    func typed() async throws {
        try await ChatBed.with(fake: Self.ask) { bed in
            let (run, _) = try await waiting(bed)
            let next = try await bed.chat(
                ["say hi", "hi", Self.words, "", "yes"],
                headers: ChatBed.openWebUI(message: "a3", user: "u3", parent: "a2"), Self.tools)
            #expect(next.run == run && next.text.hasSuffix("done") && bed.fake.prompts.count == 2)
            // The chat goes on behind that reply.
            let third = try await bed.chat(
                ["say hi", "hi", Self.words, "", "yes", "done", "say more"],
                headers: ChatBed.openWebUI(message: "a4", user: "u4", parent: "a3"))
            #expect(third.text == "more" && bed.fake.sessions.count == 1)
            #expect(bed.fake.prompts[2].body["parts"]?[1] == nil)
        }
    }

    @Test("what is asked one behind the other is answered in words each time")
    func typedTwice() async throws {
        try await ChatBed.with(fake: Self.ask) { bed in
            var said = ["ask bash rm; question Which colour? | Red | Blue; say done"]
            var last = ""
            func say(_ words: String, _ message: String) async throws -> ChatBed.Reply {
                if !last.isEmpty { said.append(words) }
                let reply = try await bed.chat(
                    said, headers: ChatBed.openWebUI(message: message, user: "u-\(message)", parent: last))
                said.append(reply.text)
                last = message
                return reply
            }
            let first = try await say("", "a1")
            #expect(first.text.contains("May I?"), "\(first.text)")
            let allowed = try await say("yes", "a2")
            #expect(allowed.run == first.run && allowed.text.contains("Which colour?"), "\(allowed.text)")
            let chosen = try await say("Blue", "a3")
            #expect(chosen.run == first.run && chosen.text.hasSuffix("done"), "\(chosen.text)")
            #expect(bed.fake.prompts.count == 1 && bed.fake.sessions.count == 1)
            let next = try await say("say more", "a4")
            #expect(next.run != first.run && next.text == "more" && bed.fake.sessions.count == 1)
        }
    }

    @Test("words that answer nothing are answered with the question, and the next ones count")
    func unclear() async throws {
        try await ChatBed.with { bed in
            let prompt = "error Odd Kaputt"
            let first = try await bed.chat([prompt], headers: ChatBed.openWebUI(message: "a1"))
            #expect(first.text.contains("Not finished"), "\(first.text)")
            let again = try await bed.chat(
                [prompt, first.text, "hm"], headers: ChatBed.openWebUI(message: "a2", user: "u2", parent: "a1"))
            #expect(again.run == first.run && again.text.contains("Not finished"), "\(again.text)")
            let left = try await bed.chat(
                [prompt, first.text, "hm", again.text, "leave it"],
                headers: ChatBed.openWebUI(message: "a3", user: "u3", parent: "a2"))
            #expect(left.run == first.run && bed.fake.prompts.count == 1)
            #expect(try await bed.outcome(of: try #require(first.run)) == "failed")
        }
    }

    @Test("an edit of words that answered one thing does not answer the next")
    func editedAnswer() async throws {
        try await ChatBed.with(fake: Self.ask) { bed in
            let prompt = "ask bash rm; question Which colour? | Red | Blue; say done"
            let first = try await bed.chat([prompt], headers: ChatBed.openWebUI(message: "a1"))
            _ = try await bed.chat(
                [prompt, first.text, "yes"], headers: ChatBed.openWebUI(message: "a2", user: "u2", parent: "a1"))
            let edit = try await bed.chat(
                [prompt, first.text, "Red"], headers: ChatBed.openWebUI(message: "a3", user: "u3", parent: "a1"))
            #expect(edit.run != first.run)
            #expect(try await bed.outcome(of: try #require(first.run)) == "cancelled")
        }
    }

    @Test("an agent that was refused stops, and the answer says why instead of nothing")
    func refused() async throws {
        try await ChatBed.with(fake: Self.ask) { bed in
            let (run, call) = try await waiting(bed)
            let reply = try await bed.post(
                "/v1/chat/completions", Self.reply(call, "Error: tool call rejected by user."),
                headers: ChatBed.openWebUI(message: "a2", user: "u2", parent: "a1"))
            #expect(reply.run == run && reply.text.hasPrefix("_That was not allowed"), "\(reply.body)")
            #expect(reply.finishes == ["stop"] && reply.items.contains { $0["name"].equals("bash") })
        }
    }

    @Test("a question is a card and nothing beside it; its tool is shown once, when it was answered")
    func question() async throws {
        try await ChatBed.with { bed in
            let asked = try await bed.chat(
                ["question Which colour? | Red | Blue; say thanks"], headers: ChatBed.openWebUI(message: "a1"),
                Self.tools)
            #expect(asked.finishes == ["tool_calls"] && asked.items.isEmpty, "\(asked.body)")
            let result = #"{"status":"answered","answers":{"q1":{"type":"option","option_index":1,"label":"Blue"}}}"#
            let reply = try await bed.post(
                "/v1/chat/completions", Self.reply(try #require(asked.call?["id"].string), result),
                headers: ChatBed.openWebUI(message: "a1"))
            #expect(reply.text == "thanks")
            #expect(reply.items.count { $0["name"].equals("question") } == 1, "\(reply.body)")
        }
    }

    @Test("a card that nobody saw is asked in words, and stays open")
    func unseen() async throws {
        try await ChatBed.with(fake: Self.ask) { bed in
            let (run, call) = try await waiting(bed)
            let failed = try await bed.post(
                "/v1/chat/completions", Self.reply(call, #"{"status":"error","error":"no page"}"#),
                headers: ChatBed.openWebUI(message: "a2", user: "u2", parent: "a1"))
            #expect(failed.text.contains("May I?") && failed.finishes == ["stop"] && bed.fake.pendingAsks.count == 1)
            let next = try await bed.chat(
                ["say hi", "hi", Self.words, failed.text, "yes"],
                headers: ChatBed.openWebUI(message: "a3", user: "u3", parent: "a2"), Self.tools)
            #expect(next.run == run && next.text.hasSuffix("done"))
        }
    }

    @Test("in a channel it is asked in words, which a reply in the thread answers")
    func channel() async throws {
        try await ChatBed.with(fake: Self.ask) { bed in
            func post(_ text: String, _ message: String, thread: String) async throws -> ChatBed.Reply {
                let body: JSONObject = [
                    "model": "open-persona/build", "stream": true, "tools": Self.tools["tools"]!,
                    "messages": [
                        ["role": "system", "content": .string("You are in a thread.\n\(thread)")],
                        ["role": "user", "content": .string("Bob: \(text)")],
                    ],
                ]
                return try await bed.post(
                    "/v1/chat/completions", body,
                    headers: ChatBed.openWebUI(chat: "channel:7", message: message, user: ""))
            }
            let first = try await post("@Build please; !ask bash rm; !say done", "m1", thread: "")
            #expect(first.call == nil && first.text.contains("May I?") && first.finishes == ["stop"])
            // Somebody asks for something else meanwhile, and waits for nobody.
            #expect(try await post("@Build !say else", "m2", thread: "").text.contains("else"))
            #expect(bed.fake.pendingAsks.count == 1)
            let second = try await post("@Build yes", "m3", thread: first.text)
            #expect(second.run == first.run && second.text.hasSuffix("done"))
        }
    }

    @Test("an order to stop leaves a card open, and after the start it is answered")
    func stopped() async throws {
        try await ChatBed.with(fake: Self.ask) { bed in
            let (run, call) = try await waiting(bed)
            #expect(try await bed.end(SIGTERM) == .exited(0))
            #expect(bed.fake.pendingAsks.count == 1 && bed.fake.busySessions.count == 1)
            try await bed.start()
            while try await bed.get("/mgmt/asks").json["asks"].count == 0 { await Loop.yield() }
            let answer = try await bed.post(
                "/v1/chat/completions", Self.reply(call, Self.allow),
                headers: ChatBed.openWebUI(message: "a2", user: "u2", parent: "a1"))
            #expect(answer.run == run && answer.text.hasSuffix("done") && answer.finishes == ["stop"])
            #expect(bed.fake.prompts.count == 2 && bed.fake.pendingAsks.isEmpty)
            #expect(answer.items.last?["type"].string == "function_call_output")
            #expect(Set(answer.items.map { $0["call_id"].string }).count == 1)
            #expect(try await bed.outcome(of: run) == "succeeded")
        }
    }

    @Test("after a kill nothing is said to be missing from the answer behind a card")
    func killed() async throws {
        try await ChatBed.with(fake: Self.ask) { bed in
            let (run, call) = try await waiting(bed)
            // A list tells only what is on the disk.
            _ = try await bed.get("/mgmt/runs")
            try await bed.end(SIGKILL)
            try await bed.start()
            while try await bed.get("/mgmt/asks").json["asks"].count == 0 { await Loop.yield() }
            let answer = try await bed.post(
                "/v1/chat/completions", Self.reply(call, Self.allow),
                headers: ChatBed.openWebUI(message: "a2", user: "u2", parent: "a1"))
            #expect(answer.run == run && answer.text.hasSuffix("done") && !answer.body.contains("not kept"))
            let story = try await bed.text("/mgmt/runs/\(run)/events").text
            #expect(story.contains("event: ask") && !story.contains("event: missing"))
        }
    }
}
