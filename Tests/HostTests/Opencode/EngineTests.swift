import FakeOpencode
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("the opencode engine: turns")
@Loop
struct EngineTests {
    @Test("text and reasoning come token by token, usage at the end, and no title is asked for")
    func text() async throws {
        try await EngineBed.with { bed in
            let attempt = bed.attempt("think let me see; say Hello from here")
            #expect(await bed.perform(attempt) == nil)
            #expect(attempt.text == "Hello from here")
            #expect(attempt.reasoning == "let me see")
            let pieces = attempt.events.filter { if case .text = $0 { true } else { false } }
            #expect(pieces.count > 1)
            #expect(attempt.usages.last?.input == 100 && attempt.usages.last?.output == 20)
            #expect(attempt.usages.last?.cached == 40 && (attempt.usages.last?.cost ?? 0) > 0)
            #expect(bed.fake.titleCalls == 0 && bed.fake.modelCalls == 1)
            #expect(bed.fake.sessions.first?["title"] == "Open WebUI c1")
            #expect(attempt.run.runner == "shared" && attempt.run.message == bed.fake.prompts.first?.messageID)
            #expect(bed.book.nodes.map(\.isComplete) == [true])
            #expect(bed.book.nodes.first?.answer != nil)
            #expect(attempt.begun == 1)
        }
    }

    @Test("agent, model, system prompt, effort and files are handed over")
    func handedOver() async throws {
        try await EngineBed.with { bed in
            let attempt = bed.attempt("say ok") { input in
                input.agent = "plan"
                input.model = "fake/m1"
                input.system = "Be brief."
                input.reasoningEffort = "high"
                input.parts.insert(
                    RunInput.Part(mime: "image/png", url: "data:image/png;base64,AA==", filename: "a.png"), at: 0)
            }
            #expect(await bed.perform(attempt) == nil)
            let prompt = try #require(bed.fake.prompts.first)
            #expect(prompt.agent == "plan" && prompt.model == "fake/m1" && prompt.system == "Be brief.")
            #expect(prompt.body["variant"] == "high" && prompt.body["tools"] == nil)
            #expect(prompt.body["messageID"] == nil)
            #expect(prompt.body["parts"]?[0]?["filename"] == "a.png")
            #expect(prompt.directory == bed.directory.path)
        }
    }

    @Test("a new session of an old chat is given one transcript, and a going one nothing")
    func seed() async throws {
        try await EngineBed.with { bed in
            bed.book.next = .fresh(seed: true)
            let history = [
                RunInput.Message(role: "user", text: "My name is Ann."),
                RunInput.Message(role: "assistant", text: "Hello Ann."),
            ]
            #expect(await bed.perform(bed.attempt("say ok") { $0.history = history }) == nil)
            let parts = try #require(bed.fake.prompts.first?.body["parts"])
            #expect(parts[0]?["synthetic"] == true)
            #expect(parts[0]?["text"]?.string?.contains("My name is Ann.") == true)
            #expect(parts[1]?["text"] == "say ok")
            let second = bed.attempt("say again") { $0.history = history }
            #expect(await bed.perform(second) == nil)
            #expect(bed.fake.sessions.count == 1 && second.text == "again")
            #expect(bed.fake.prompts.last?.body["parts"]?[1] == nil)
        }
    }

    @Test("a fork goes on from before a message")
    func fork() async throws {
        try await EngineBed.with { bed in
            let first = bed.attempt("say one")
            #expect(await bed.perform(first) == nil)
            #expect(await bed.perform(bed.attempt("say two")) == nil)
            let node = try #require(bed.book.nodes.last)
            bed.book.next = .fork(session: node.session, before: node.userMessage)
            let third = bed.attempt("say three")
            #expect(await bed.perform(third) == nil)
            #expect(third.run.session != node.session && third.text == "three")
            // The first turn and the new one.
            #expect(bed.fake.messages(try #require(third.run.session)).count == 4)
        }
    }

    @Test("tools show what they do, from their call to their output")
    func tools() async throws {
        try await EngineBed.with { bed in
            let attempt = bed.attempt("bash echo hi; say done")
            #expect(await bed.perform(attempt) == nil)
            let tool = try #require(attempt.tools.first)
            #expect(tool.name == "bash" && tool.status == .completed && tool.output == "hi\n")
            #expect(tool.input["command"] == "echo hi")
            #expect(attempt.text.contains("done"))
            #expect(attempt.usages.last?.input == 200)
        }
    }

    @Test("a subtask's calls name it, and its words are not the answer's")
    func subtask() async throws {
        try await EngineBed.with { bed in
            let attempt = bed.attempt("task general bash echo inner && say from below; say on top")
            #expect(await bed.perform(attempt) == nil)
            let task = try #require(attempt.tools.first { $0.name == "task" })
            #expect(task.agent == "general" && task.status == .completed)
            let inner = try #require(attempt.tools.first { $0.name == "bash" })
            #expect(inner.parent == task.id && inner.output == "inner\n")
            #expect(attempt.text.contains("on top") && !attempt.text.contains("from below"))
        }
    }

    @Test("the list of things to do comes whole")
    func todo() async throws {
        try await EngineBed.with { bed in
            let attempt = bed.attempt("todo first!, second~, third; say ok")
            #expect(await bed.perform(attempt) == nil)
            let lists = attempt.events.compactMap { if case .todo(let items) = $0 { items } else { nil } }
            #expect(lists.last?.map(\.text) == ["first", "second", "third"])
            #expect(lists.last?.map(\.status) == ["completed", "in_progress", "pending"])
        }
    }

    @Test("an answer bound to a schema is its JSON")
    func schema() async throws {
        try await EngineBed.with { bed in
            let attempt = bed.attempt(#"json {"answer":"yes"}"#) { $0.schema = ["type": "object"] }
            #expect(await bed.perform(attempt) == nil)
            let answer = try JSON.parse(attempt.text)
            #expect(answer["answer"].string == "yes")
            #expect(attempt.tools.isEmpty)
        }
    }

    @Test("a provider that is asked again, and a conversation that is summarised, are told and no end")
    func notices() async throws {
        try await EngineBed.with { bed in
            let retried = bed.attempt("retry 2 Overloaded; say there")
            #expect(await bed.perform(retried) == nil)
            #expect(retried.text == "there")
            #expect(retried.notices.filter { $0.contains("Overloaded") }.count == 2)
            let overflown = bed.attempt("overflow; say after all")
            #expect(await bed.perform(overflown) == nil)
            #expect(overflown.text == "after all")
            #expect(overflown.notices.contains { $0.contains("summarises") })
        }
    }

    @Test("what somebody else says to the session meanwhile is answered in the same turn")
    func steering() async throws {
        try await EngineBed.with { bed in
            let attempt = bed.attempt("slow 30; say one two three four five six")
            let performance = bed.start(attempt)
            try await attempt.until("the first words") { attempt.text.contains("two") }
            let session = try #require(attempt.run.session)
            try await bed.server.prompt(.init(parts: [.text("say seven")]), to: session)
            #expect(await performance.failure() == nil)
            #expect(attempt.text.contains("six") && attempt.text.contains("seven"))
            #expect(attempt.run.message == bed.fake.prompts.first?.messageID)
        }
    }

    @Test("the wire of old servers gives the same")
    func oldDialect() async throws {
        try await EngineBed.with { bed in
            bed.fake.modes.oldDialect = true
            let attempt = bed.attempt("think hm; say Hello from the past; bash echo hi; say bye")
            #expect(await bed.perform(attempt) == nil)
            #expect(attempt.text.hasPrefix("Hello from the past") && attempt.reasoning == "hm")
            #expect(attempt.tools.first?.output == "hi\n")
        }
    }

    @Test("a password is used, and a wrong one is told without saying it")
    func password() async throws {
        try await EngineBed.with({ $0.password = "open sesame" }, password: "open sesame") { bed in
            let attempt = bed.attempt("say in")
            #expect(await bed.perform(attempt) == nil)
        }
        try await EngineBed.with({ $0.password = "open sesame" }, password: "mellon") { bed in
            let failure = await bed.perform(bed.attempt("say in"))
            #expect(failure?.kind == .agentFailed)
            #expect(failure?.hint?.contains("OPENCODE_SERVER_PASSWORD") == true)
            #expect(failure?.message.contains("mellon") == false)
        }
    }
}
