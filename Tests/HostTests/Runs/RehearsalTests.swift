import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("the rehearsal engine")
@Loop
struct RehearsalTests {
    private func play(_ prompt: String, _ change: (inout RunOrder) -> Void = { _ in }) async throws -> (
        RunsHarness, String
    ) {
        let house = RunsHarness()
        house.directory.write("x", to: "notes.txt")
        try await house.open()
        var order = house.order(prompt, engine: "rehearsal")
        change(&order)
        return (house, try await house.runs.accept(order).id)
    }

    @Test("it thinks, looks at the real workspace, answers word by word, and says what it is")
    func plain() async throws {
        let (house, id) = try await play("Hello there") {
            $0.input.history = [.init(role: "user", text: "a"), .init(role: "assistant", text: "b")]
        }
        let run = try await house.ended(id)
        #expect(run.state == .succeeded && run.usage.cost == 0)
        let events = try await house.events(id)
        let text = events.text
        for piece in ["This is a rehearsal", "2 words", "2 messages", "`notes.txt`", "OPENCODE_BASE_URL"] {
            #expect(text.contains(piece), "\(piece) is missing")
        }
        #expect(events.count { $0.body.kind == .text } > 60 && events.contains { $0.body.kind == .reasoning })
        let tools = events.compactMap { if case .tool(let use) = $0.body { use } else { nil } }
        #expect(tools.map(\.status) == [.pending, .running, .completed] && tools[2].output.contains("notes.txt"))
        guard case .todo(let items)? = events.last(where: { $0.body.kind == .todo })?.body else {
            Issue.record("no todo")
            return
        }
        #expect(items.allSatisfy { $0.status == "completed" })
        await house.close()
    }

    @Test("the words ask and permission do what they say")
    func asks() async throws {
        let (house, id) = try await play("please ask, and want a permission")
        let permission = try await house.ask(of: id)
        #expect(permission.kind == .permission && permission.tool == "bash")
        try await house.runs.answer(id, AskAnswer(ask: permission.id, verdict: .reject, message: "never", by: "t"))
        try await house.until("the question") { house.runs.asks().first?.ask.kind == .question }
        let question = house.runs.asks()[0].ask
        try await house.runs.answer(id, AskAnswer(ask: question.id, verdict: .answered, answers: [["Blue"]], by: "t"))
        try await house.ended(id)
        let text = try await house.events(id).text
        #expect(text.contains("It was not allowed: never.") && text.contains("You chose Blue."))
        await house.close()
    }

    @Test("the word fail fails, and a directory that is not there is said")
    func fails() async throws {
        let house = RunsHarness()
        house.rules.hooks["recover"] = { _ in ["action": "give_up"] }
        try await house.open()
        var order = house.order("fail", engine: "rehearsal")
        order.input.directory = "/nonexistent"
        let run = try await house.carryOut(order)
        #expect(run.state == .failed && run.failure?.kind == .agentFailed)
        let tools = try await house.events(run.id).compactMap { if case .tool(let use) = $0.body { use } else { nil } }
        #expect(tools.last?.status == .failed && tools.last?.error?.contains("/nonexistent") == true)
        await house.close()
    }

    @Test("a long one can be stopped in the middle")
    func stops() async throws {
        let (house, id) = try await play("a long one")
        let follower = try await house.runs.follow(id)
        while let item = try await follower.next() {
            if case .event(let event) = item, case .text(_, "paragraph-3-1") = event.body { break }
        }
        follower.close()
        try await house.runs.cancel(id, reason: "enough")
        #expect(try await house.events(id).text.contains("Paragraph 24") == false)
        await house.close()
    }

    @Test("texts are cut into words that give the text again")
    func pieces() {
        for text in ["", "one", "  two  words \n\nhere ", RehearsalText.closing] {
            #expect(RehearsalText.pieces(text).joined() == text)
        }
        #expect(RehearsalText.pieces("a b\n\nc") == ["a ", "b\n\n", "c"])
    }
}
