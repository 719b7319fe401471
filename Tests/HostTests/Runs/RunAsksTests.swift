import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("runs: asks and their answers")
@Loop
struct RunAsksTests {
    private let ask = Ask(id: "p1", kind: .permission, title: "Run `ls`?", permission: "bash", patterns: ["ls"])

    private func question(_ id: String) -> Ask {
        Ask(
            id: id, kind: .question, title: "Which?",
            questions: [.init(text: "Which?", options: [.init(label: "A"), .init(label: "B")], allowsOther: false)])
    }

    /// A house whose engine asks and keeps the answers.
    private func house(_ asks: [Ask], isAttended: Bool = true) async throws -> (RunsHarness, String, Answers) {
        let house = RunsHarness()
        let answers = Answers()
        house.stage.act = { attempt in
            try await attempt.begins()
            for ask in asks { answers.list.append(try await attempt.ask(ask)) }
        }
        try await house.open()
        return (house, try await house.runs.accept(house.order(chat: "c", isAttended: isAttended)).id, answers)
    }

    @Loop
    private final class Answers { var list: [AskAnswer] = [] }

    @Test("the first of two answers wins, and the late one hears who was first")
    func race() async throws {
        let (house, id, answers) = try await house([ask])
        _ = try await house.ask(of: id)
        #expect(try await house.runs.run(id)?.waitingFor == "Run `ls`?")
        #expect(
            try await house.runs.openAsks(user: "ada", chat: "c").count == 1 && house.runs.asks(user: "bob").isEmpty)
        var won: [String] = []
        var lost: [Fault] = []
        let scope = Scope("people") { _, _ in }
        for person in ["site", "chat"] {
            scope.spawn(person) {
                do {
                    try await house.runs.answer(id, AskAnswer(ask: "p1", verdict: .once, by: person))
                    won.append(person)
                } catch { lost.append(Fault(error)) }
            }
        }
        try await house.until("both") { won.count + lost.count == 2 }
        #expect(won == ["site"] && lost.map(\.kind) == [.conflict] && lost[0].message.contains("by site"))
        try await house.ended(id)
        await #expect { try await house.runs.answer(id, AskAnswer(ask: "p1", verdict: .reject, by: "mgmt")) } throws: {
            Fault($0).kind == .conflict && Fault($0).message.contains("by site")
        }
        #expect(answers.list.map(\.verdict) == [.once] && answers.list[0].by == "site")
        #expect(try await house.story(id) == [.queued, .starting, .running, .blocked, .running, .succeeded])
        #expect(try await house.runs.run(id)?.waitingFor == nil)
        await scope.close()
        await house.close()
    }

    @Test("several may be open at once; the run is blocked until the last is answered")
    func several() async throws {
        let house = RunsHarness()
        let scope = Scope("engine") { _, _ in }
        house.stage.act = { attempt in
            try await attempt.begins()
            let done = [Waiter<Void>("a"), Waiter<Void>("b")]
            for (place, id) in ["a", "b"].enumerated() {
                scope.spawn(id) {
                    _ = try await attempt.ask(question(id))
                    done[place].finish(.success(()))
                }
            }
            for waiter in done { try await waiter.value() }
        }
        try await house.open()
        let id = try await house.runs.accept(house.order()).id
        try await house.until("two asks") { house.runs.asks().count == 2 }
        try await house.runs.answer(id, AskAnswer(ask: "b", verdict: .answered, answers: [["B"]], by: "t"))
        #expect(try await house.state(id) == .blocked)
        try await house.runs.answer(id, AskAnswer(ask: "a", verdict: .dismissed, by: "t"))
        #expect(try await house.ended(id).state == .succeeded)
        await scope.close()
        await house.close()
    }

    @Test("an answer that does not fit is refused, and the ask stays open")
    func wrong() async throws {
        let (house, id, answers) = try await house([question("q")])
        _ = try await house.ask(of: id)
        let wrong: [AskAnswer] = [
            AskAnswer(ask: "q", verdict: .once, by: "t"), AskAnswer(ask: "q", verdict: .expired, by: "t"),
            AskAnswer(ask: "q", verdict: .answered, by: "t"),
            AskAnswer(ask: "q", verdict: .answered, answers: [["A", "B"]], by: "t"),
            AskAnswer(ask: "q", verdict: .answered, answers: [["C"]], by: "t"),
        ]
        for answer in wrong {
            await #expect { try await house.runs.answer(id, answer) } throws: { Fault($0).kind == .invalidInput }
        }
        await #expect { try await house.runs.answer(id, AskAnswer(ask: "x", verdict: .once, by: "t")) } throws: {
            Fault($0).kind == .notFound
        }
        await #expect { try await house.runs.answer("x", AskAnswer(ask: "q", verdict: .once, by: "t")) } throws: {
            Fault($0).kind == .notFound
        }
        try await house.runs.answer(id, AskAnswer(ask: "q", verdict: .answered, answers: [["A"]], by: "t"))
        try await house.ended(id)
        #expect(answers.list.first?.answers == [["A"]])
        await house.close()
    }

    @Test(
        "the permission hook answers at once, and nobody is asked",
        arguments: [("once", AskAnswer.Verdict.once), ("always", .always), ("deny", .reject)])
    func hook(action: String, verdict: AskAnswer.Verdict) async throws {
        let house = RunsHarness()
        var answers: [AskAnswer] = []
        var before: [JSONValue?] = []
        house.rules.hooks["permission"] = { facts in
            before.append(facts["asked_before"])
            return ["action": .string(action), "message": "by rule"]
        }
        house.stage.act = { attempt in
            for id in ["1", "2"] {
                var ask = ask
                ask.id = id
                answers.append(try await attempt.ask(ask))
            }
        }
        try await house.open()
        let run = try await house.carryOut(house.order())
        #expect(
            answers.map(\.verdict) == [verdict, verdict] && answers[0].by == "hook" && answers[0].message == "by rule")
        #expect(before == [0, 1])
        #expect(try await !house.story(run.id).contains(.blocked))
        #expect(try await house.asked(run.id) == ["permission", "permission", "artifacts"])
        await house.close()
    }

    @Test("where nobody is there, permissions are denied and questions dismissed")
    func unattended() async throws {
        let (house, id, answers) = try await house([ask, question("q")], isAttended: false)
        try await house.ended(id)
        #expect(answers.list.map(\.verdict) == [.reject, .dismissed])
        await house.close()
    }

    @Test(
        "what nobody answers in time ends as the hook said",
        arguments: [("once", AskAnswer.Verdict.once), ("deny", .expired)])
    func expires(otherwise: String, verdict: AskAnswer.Verdict) async throws {
        let house = RunsHarness()
        var answer: AskAnswer?
        house.rules.hooks["permission"] = { _ in
            ["action": "ask", "wait": 0.02, "otherwise": .string(otherwise)]
        }
        house.stage.act = { answer = try await $0.ask(ask) }
        try await house.open()
        let run = try await house.carryOut(house.order())
        #expect(answer?.verdict == verdict && run.state == .succeeded)
        await #expect {
            try await house.runs.answer(run.id, AskAnswer(ask: "p1", verdict: .once, by: "late"))
        } throws: {
            Fault($0).kind == .conflict
        }
        await house.close()
    }

    @Test("what becomes of a run is not asked for ever, and each choice says what it does")
    func recovery() async throws {
        let house = RunsHarness()
        house.settings.questionWait = .milliseconds(20)
        house.rules.hooks["recover"] = { _ in ["action": "ask"] }
        house.stage.act = { attempt in
            try await attempt.begins()
            throw RunFailure(.agentFailed, "it broke")
        }
        try await house.open()
        let run = try await house.carryOut(house.order())
        #expect(run.state == .failed && run.failure?.message == "it broke")
        let asks = try await house.events(run.id).compactMap { if case .ask(let ask) = $0.body { ask } else { nil } }
        let options = try #require(asks.first?.questions.first?.options)
        #expect(options.allSatisfy { !$0.description.isEmpty && $0.description != $0.label })
        await house.close()
    }

    @Test("an orderly stop leaves an ask open, and the next start withdraws it or asks it again")
    func left() async throws {
        let (house, id, answers) = try await house([ask])
        _ = try await house.ask(of: id)
        await house.close()
        house.stage.left = RunRemains(isRunnerAlive: true, session: .busy)
        house.stage.act = { answers.list.append(try await $0.ask(ask)) }
        try await house.open(starts: false)
        let before = try await house.store.read { try $0.all(RunsQueries.openAsks, id) }
        #expect(try before.map { try JSON.parse($0)["id"].string } == ["p1"] && answers.list.isEmpty)
        await house.runs.start()
        _ = try await house.ask(of: id)
        try await house.runs.answer(id, AskAnswer(ask: "p1", verdict: .once, by: "chat"))
        #expect(try await house.ended(id).state == .succeeded && answers.list.map(\.verdict) == [.once])
        await house.close()
    }

    @Test("what the engine withdraws is settled for everybody")
    func withdrawn() async throws {
        let house = RunsHarness()
        let latch = Latch()
        let scope = Scope("engine") { _, _ in }
        var verdict: AskAnswer.Verdict?
        house.stage.act = { attempt in
            scope.spawn("ask") { verdict = try await attempt.ask(question("q")).verdict }
            try await latch.wait()
            attempt.withdraw(ask: "q", AskAnswer(ask: "q", verdict: .withdrawn, by: "agent"))
            try await house.until("it to be told") { verdict != nil }
        }
        try await house.open()
        let id = try await house.runs.accept(house.order()).id
        _ = try await house.ask(of: id)
        latch.open()
        try await house.ended(id)
        #expect(verdict == .withdrawn && house.runs.asks().isEmpty)
        await scope.close()
        await house.close()
    }
}
