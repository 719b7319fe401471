import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("runs: failures, hooks, restarts")
@Loop
struct RunRecoveryTests {
    @Test(
        "what `recover` decides is what is done",
        arguments: [
            ("retry", AttemptKind.again), ("recreate_session", .recreateSession), ("restart_runner", .restartRunner),
            ("fork", .fork),
        ])
    func actions(action: String, how: AttemptKind) async throws {
        let house = RunsHarness()
        var facts: JSONValue?
        house.rules.hooks["recover"] = {
            facts = $0
            return ["action": .string(action), "after": 0.005]
        }
        house.stage.act = { attempt in
            try await attempt.begins()
            if attempt.number == 1 {
                throw RunFailure(.rateLimited, "slow down", retryAfter: 3, status: 429, provider: "acme")
            }
        }
        try await house.open()
        let run = try await house.carryOut(house.order())
        #expect(run.state == .succeeded && run.attempts == 2 && house.stage.hows(run.id) == [.first, how])
        #expect(facts?["kind"] == "rate_limited" && facts?["attempt"] == 1 && facts?["started"] == true)
        #expect(facts?["retry_after"] == 3.0 && facts?["status"] == 429 && facts?["provider"] == "acme")
        #expect(
            try await house.story(run.id)
                == [.queued, .starting, .running, .starting, .running, .succeeded])
        await house.close()
    }

    @Test("a prompt that the agent sent back untouched has not begun, unless one before it had")
    func refused() async throws {
        let house = RunsHarness()
        var started: [JSONValue?] = []
        house.rules.hooks["recover"] = {
            started.append($0["started"])
            return ["action": "recreate_session"]
        }
        house.stage.act = { attempt in
            try await attempt.begins()
            if attempt.number != 2 { attempt.refused() }
            if attempt.number < 4 { throw RunFailure(.sessionMissing, "there is no such session") }
        }
        try await house.open()
        let run = try await house.carryOut(house.order())
        #expect(run.state == .succeeded && started == [false, true, true])
        await house.close()
    }

    @Test("giving up fails the run with the words of the hook")
    func givesUp() async throws {
        let house = RunsHarness()
        house.rules.hooks["recover"] = { _ in ["action": "give_up", "message": "buy more tokens"] }
        house.stage.act = { _ in throw RunFailure(.rateLimited, "429") }
        try await house.open()
        let run = try await house.carryOut(house.order())
        #expect(run.state == .failed && run.failure?.kind == .rateLimited && run.failure?.message == "buy more tokens")
        #expect(try await house.events(run.id).contains { $0.body == .error(run.failure!) })
        await house.close()
    }

    @Test("a prompt that began is run again only when a person says so", arguments: [true, false])
    func asksPerson(again: Bool) async throws {
        let house = RunsHarness()
        house.stage.act = { attempt in
            try await house.stage.begin(attempt)
            if attempt.number == 1 { throw RunFailure(.agentGone, "the agent is gone") }
        }
        try await house.open()
        let id = try await house.runs.accept(house.order()).id
        let ask = try await house.ask(of: id)
        #expect(ask.kind == .recovery && ask.title == "the agent is gone. Run it again?")
        #expect(house.stage.prompts.count == 1)
        #expect(try await house.state(id) == .blocked)
        let label = again ? Ask.again : Ask.leave
        try await house.runs.answer(id, AskAnswer(ask: ask.id, verdict: .answered, answers: [[label]], by: "t"))
        let run = try await house.ended(id)
        // What stays behind is no question.
        #expect(run.failure?.message == (again ? nil : "the agent is gone"))
        #expect(run.state == (again ? .succeeded : .failed) && house.stage.prompts.count == (again ? 2 : 1))
        await house.close()
    }

    @Test("a hook cannot go round for ever")
    func limit() async throws {
        let house = RunsHarness()
        house.rules.hooks["recover"] = { _ in ["action": "retry"] }
        house.stage.act = { _ in throw RunFailure(.other, "no") }
        try await house.open()
        let run = try await house.carryOut(house.order())
        #expect(run.state == .failed && run.attempts == 20 && run.failure?.message.contains("20 times") == true)
        await house.close()
    }

    @Test("a broken hook fails the run and is named", arguments: ["recover", "permission", "artifacts", "leave"])
    func brokenHook(hook: String) async throws {
        let house = RunsHarness()
        house.rules.hooks[hook] = { _ in throw Fault(.script, "hooks/mine.lua:3: over the carpet") }
        house.stage.act = { attempt in
            if hook == "recover" { throw RunFailure(.other, "no") }
            if hook == "permission" {
                _ = try await attempt.ask(Ask(id: "p", kind: .permission, title: "?", permission: "bash"))
            }
            if hook == "leave" { try await Latch().wait() }
        }
        try await house.open()
        let id = try await house.runs.accept(house.order()).id
        if hook == "leave" { house.runs.clientLeft(id) }
        let run = try await house.ended(id)
        #expect(run.state == .failed && run.failure?.hook == hook && run.failure?.faultKind == .script)
        #expect(run.failure?.message.contains("`\(hook)` failed: hooks/mine.lua:3") == true)
        await house.close()
    }

    @Test("`finished` that fails is the run's no more")
    func finished() async throws {
        let house = RunsHarness()
        house.rules.finishedFaults = [Fault(.script, "no")]
        try await house.open()
        #expect(try await house.carryOut(house.order()).state == .succeeded)
        await house.close()
    }

    // MARK: restarts

    /// A house that was killed when its one run had begun, and said nothing.
    private func killedAtWork() async throws -> (RunsHarness, String) {
        try await killed({ house, attempt in
            try await house.stage.begin(attempt)
            try await Latch().wait()
        }) { house, id in try await house.state(id) == .running }
    }

    /// Opens a house, lets one run get as far as `act` lets it, and kills it.
    private func killed(
        _ act: @escaping @Loop (RunsHarness, any RunAttempt) async throws -> Void,
        when holds: @Loop (RunsHarness, String) async throws -> Bool
    ) async throws -> (RunsHarness, String) {
        let house = RunsHarness()
        house.stage.act = { try await act(house, $0) }
        try await house.open()
        let id = try await house.runs.accept(house.order()).id
        try await house.until("the moment") { try await holds(house, id) }
        await house.kill()
        return (house, id)
    }

    @Test("a run that had not begun is carried out after the restart")
    func notBegun() async throws {
        let (house, id) = try await killed({ _, _ in try await Latch().wait() }) { house, _ in
            house.stage.attempts.count == 1
        }
        house.stage.act = { try await house.stage.begin($0) }
        try await house.open()
        #expect(try await house.ended(id).state == .succeeded && house.stage.prompts == [id])
        #expect(house.stage.hows(id) == [.first, .first])
        #expect(try await house.asked(id) == ["reconcile", "artifacts"])
        await house.close()
    }

    @Test("a run that had begun is asked about, and is not run twice")
    func begun() async throws {
        let (house, id) = try await killedAtWork()
        try await house.open(starts: false)
        #expect(try await house.state(id) == .running)
        await house.runs.start()
        let ask = try await house.ask(of: id)
        #expect(ask.questions[0].options.map(\.label) == [Ask.leave, Ask.again] && house.stage.prompts == [id])
        try await house.runs.answer(id, AskAnswer(ask: ask.id, verdict: .answered, answers: [[Ask.leave]], by: "t"))
        #expect(try await house.ended(id).state == .interrupted && house.stage.prompts == [id])
        await house.close()
    }

    @Test("one that is still at work, or has its answer, is followed: what was said is not said twice")
    func resumed() async throws {
        let (house, id) = try await killed({ house, attempt in
            try await house.stage.begin(attempt)
            attempt.report(.text("Hello, ", part: "a"))
            try await Latch().wait()
        }) { house, id in
            try await house.store.flush()
            return try await house.store.read { try $0.all(RunsQueries.said, id).count } == 1
        }
        house.stage.left = RunRemains(isRunnerAlive: true, session: .busy)
        house.stage.act = { attempt in
            #expect(attempt.how == .resume && attempt.run.state == .running)
            attempt.report(.text("Hello, wor", part: "a"))
            attempt.report(.text("ld", part: "a"))
        }
        try await house.open()
        #expect(try await house.ended(id).state == .succeeded && house.stage.prompts == [id])
        #expect(try await house.events(id).text == "Hello, world")
        try await house.until("the hook") { house.rules.finished.last?["output"] == "Hello, world" }
        await house.close()
    }

    @Test("after a kill numbers go on behind those that may have been seen; after a stop they just go on")
    func numbers() async throws {
        let (house, id) = try await killedAtWork()
        try await house.open(starts: false)
        let seen = try await house.runs.run(id)!.lastEvent - RunLog.mostUnwritten
        let follower = try await house.runs.follow(id, after: seen + 7)
        await house.runs.start()
        _ = try await house.ask(of: id)
        // None of the numbers between is missing: no event ever had one.
        guard case .event(let event)? = try await follower.next() else { throw Fault(.internal, "no event") }
        #expect(event.number == seen + RunLog.mostUnwritten + 1 && event.body.kind == .ask)
        follower.close()
        let last = try await house.runs.run(id)!.lastEvent
        await house.close()
        try await house.open(starts: false)
        #expect(try await house.runs.run(id)!.lastEvent < last + 10, "only the ask was withdrawn meanwhile")
        await house.close()
    }

    @Test("what was asked about the run itself is the same question after another restart, and its answer counts")
    func keptQuestion() async throws {
        let (house, id) = try await killedAtWork()
        try await house.open()
        let first = try await house.ask(of: id)
        await house.kill()
        try await house.open()
        let second = try await house.ask(of: id)
        #expect(second.id == first.id && second.questions == first.questions)
        house.stage.act = { try await house.stage.begin($0) }
        try await house.runs.answer(id, AskAnswer(ask: first.id, verdict: .answered, answers: [[Ask.again]], by: "t"))
        #expect(try await house.ended(id).state == .succeeded && house.stage.prompts == [id, id])
        await house.close()
    }

    @Test("a question about the run is withdrawn when the hook that decides about it is broken")
    func brokenReconcile() async throws {
        let (house, id) = try await killedAtWork()
        try await house.open()
        _ = try await house.ask(of: id)
        await house.kill()
        house.rules.hooks["reconcile"] = { _ in throw Fault(.script, "no") }
        try await house.open()
        #expect(try await house.ended(id).state == .failed)
        try await house.store.flush()
        #expect(try await house.store.read { try $0.all(RunsQueries.openAsks, id) }.isEmpty)
        await house.close()
    }

    @Test("a question about the run is withdrawn when it answers itself")
    func answeredItself() async throws {
        let (house, id) = try await killedAtWork()
        try await house.open()
        let asked = try await house.ask(of: id)
        await house.kill()
        house.stage.left = RunRemains(isRunnerAlive: true, session: .idle, isAnswerComplete: true)
        house.stage.act = { #expect($0.how == .resume) }
        try await house.open()
        #expect(try await house.ended(id).state == .succeeded && house.stage.prompts == [id])
        let verdicts = try await house.events(id).compactMap { event -> AskAnswer.Verdict? in
            if case .answer(let answer) = event.body, answer.ask == asked.id { answer.verdict } else { nil }
        }
        #expect(verdicts == [.withdrawn])
        await house.close()
    }

    @Test("what the agent asked before a restart is withdrawn, and nobody can answer it any more")
    func staleAsk() async throws {
        let (house, id) = try await killed({ _, attempt in
            try await attempt.begins()
            _ = try await attempt.ask(Ask(id: "old", kind: .question, title: "?", questions: []))
        }) { house, id in
            try await house.store.flush()
            guard try await house.state(id) == .blocked else { return false }
            return try await house.store.read { try $0.all(RunsQueries.openAsks, id).count } == 1
        }
        try await house.open()
        let ask = try await house.ask(of: id)
        #expect(ask.kind == .recovery)
        await #expect { try await house.runs.answer(id, AskAnswer(ask: "old", verdict: .dismissed, by: "t")) } throws: {
            Fault($0).kind == .conflict
        }
        try await house.runs.cancel(id, reason: "enough")
        await house.close()
    }

    @Test("a lane keeps its order over a restart")
    func lane() async throws {
        let house = RunsHarness()
        house.stage.act = { attempt in
            try await house.stage.begin(attempt)
            try await Latch().wait()
        }
        try await house.open()
        var ids: [String] = []
        for _ in 0..<3 { ids.append(try await house.runs.accept(house.order(lane: "chat")).id) }
        try await house.reach(.running, ids[0])
        await house.kill()
        house.stage.act = { try await house.stage.begin($0) }
        try await house.open()
        let ask = try await house.ask(of: ids[0])
        #expect(try await house.state(ids[1]) == .queued)
        try await house.runs.answer(ids[0], AskAnswer(ask: ask.id, verdict: .dismissed, by: "t"))
        try await house.ended(ids[2])
        #expect(house.stage.prompts == ids)
        await house.close()
    }

    @Test("the owner's `reconcile` may interrupt, and a broken one fails the run", arguments: [true, false])
    func reconcileHook(isBroken: Bool) async throws {
        let (house, id) = try await killedAtWork()
        var facts: JSONValue?
        house.rules.hooks["reconcile"] = {
            facts = $0
            if isBroken { throw Fault(.script, "no") }
            return ["action": "interrupt", "reason": "too old"]
        }
        try await house.open()
        let run = try await house.ended(id)
        #expect(run.state == (isBroken ? .failed : .interrupted) && (run.failure?.hook == "reconcile") == isBroken)
        #expect(facts?["session"] == "unknown" && facts?["runner_alive"] == false && facts?["run"]?["started"] != nil)
        await house.close()
    }
}
