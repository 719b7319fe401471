import FakeOpencode
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("the opencode engine: asks")
@Loop
struct EngineAskTests {
    private static let asking: JSONValue = ["permission": ["bash": "ask"]]

    private func answer(_ verdict: AskAnswer.Verdict, _ answers: [[String]] = [], message: String? = nil)
        -> (Ask) -> AskAnswer?
    {
        { AskAnswer(ask: $0.id, verdict: verdict, answers: answers, message: message, by: "site") }
    }

    @Test("a permission given once lets the tool run, and is asked for the next time")
    func once() async throws {
        try await EngineBed.with({ $0.strongConfig = EngineAskTests.asking }) { bed in
            let attempt = bed.attempt("bash echo one; bash echo two; say done")
            attempt.answer = answer(.once)
            #expect(await bed.perform(attempt) == nil)
            #expect(attempt.asks.map(\.permission) == ["bash", "bash"])
            #expect(attempt.asks.first?.kind == .permission && attempt.asks.first?.tool == "bash")
            #expect(attempt.asks.first?.patterns == ["echo one"])
            #expect(attempt.tools.map(\.output) == ["one\n", "two\n"])
            // Our own answers come back as events, and are not withdrawn.
            #expect(attempt.withdrawn.isEmpty)
        }
    }

    @Test("a permission given always is not asked for again")
    func always() async throws {
        try await EngineBed.with({ $0.strongConfig = EngineAskTests.asking }) { bed in
            let attempt = bed.attempt("bash echo one; bash echo two; say done")
            attempt.answer = answer(.always)
            #expect(await bed.perform(attempt) == nil)
            #expect(attempt.asks.count == 1 && attempt.tools.count == 2)
        }
    }

    @Test("a rejection ends the turn, one with a message lets the agent go on")
    func reject() async throws {
        try await EngineBed.with({ $0.strongConfig = EngineAskTests.asking }) { bed in
            let plain = bed.attempt("bash echo one; say done")
            plain.answer = answer(.reject)
            #expect(await bed.perform(plain) == nil)
            #expect(plain.tools.first?.status == .failed && plain.text.isEmpty)
            let told = bed.attempt("bash echo one; say done")
            told.answer = answer(.reject, message: "not today")
            #expect(await bed.perform(told) == nil)
            #expect(told.tools.first?.error?.contains("not today") == true && told.text.contains("done"))
        }
    }

    @Test("what is answered at the agent's server is withdrawn here, with the answer")
    func elsewhere() async throws {
        try await EngineBed.with({ $0.strongConfig = EngineAskTests.asking }) { bed in
            let attempt = bed.attempt("bash echo one; say done")
            let performance = bed.start(attempt)
            try await attempt.until("the ask") { !attempt.asks.isEmpty }
            let ask = try #require(try await bed.server.asks(in: bed.directory.path).first)
            try await bed.server.answer(ask, .once)
            #expect(await performance.failure() == nil)
            #expect(attempt.withdrawn.map(\.verdict) == [.once])
            #expect(attempt.withdrawn.first?.by == "opencode")
        }
    }

    @Test("a question is asked with its options and goes back with what was chosen")
    func question() async throws {
        try await EngineBed.with { bed in
            let attempt = bed.attempt("question Which one? | A | B; say thanks")
            attempt.answer = answer(.answered, [["B"]])
            #expect(await bed.perform(attempt) == nil)
            let ask = try #require(attempt.asks.first)
            #expect(ask.kind == .question && ask.questions.first?.text == "Which one?")
            #expect(ask.questions.first?.options.map(\.label) == ["A", "B"])
            #expect(attempt.tools.first?.output.contains("\"B\"") == true)
            let dismissed = bed.attempt("question Which one? | A | B; say thanks")
            dismissed.answer = answer(.dismissed)
            #expect(await bed.perform(dismissed) == nil)
            #expect(dismissed.tools.first?.status == .failed)
        }
    }

    @Test("what a subtask asks says so")
    func subtask() async throws {
        try await EngineBed.with({ $0.strongConfig = EngineAskTests.asking }) { bed in
            let attempt = bed.attempt("task general bash echo inner; say done")
            attempt.answer = answer(.once)
            #expect(await bed.perform(attempt) == nil)
            #expect(attempt.asks.map(\.isSubtask) == [true])
            #expect(attempt.tools.first { $0.name == "bash" }?.output == "inner\n")
        }
    }

    @Test("a run that is cancelled leaves no ask behind, and no turn")
    func cancelled() async throws {
        try await EngineBed.with({ $0.strongConfig = EngineAskTests.asking }) { bed in
            let attempt = bed.attempt("bash echo one; say done")
            let performance = bed.start(attempt)
            try await attempt.until("the ask") { !attempt.asks.isEmpty }
            performance.cancel()
            _ = await performance.failure()
            #expect(bed.fake.pendingAsks.isEmpty && bed.fake.busySessions.isEmpty)
        }
    }

    @Test("an ask outlives a lost stream")
    func lostStream() async throws {
        try await EngineBed.with({ $0.strongConfig = EngineAskTests.asking }) { bed in
            let attempt = bed.attempt("bash echo one; say done")
            let performance = bed.start(attempt)
            try await attempt.until("the ask") { !attempt.asks.isEmpty }
            bed.fake.dropStreams()
            let ask = try #require(try await bed.server.asks(in: bed.directory.path).first)
            try await bed.fake.until("a new stream") { bed.fake.streamCount == 1 }
            try await bed.server.answer(ask, .once)
            #expect(await performance.failure() == nil)
            #expect(attempt.asks.count == 1 && attempt.text.contains("done"))
        }
    }
}
