import Runtime

extension Runs {
    /// What becomes of a run that the last process left.
    func reconcile(_ run: LiveRun) async -> RunStep {
        run.isLeftOver = false
        var question: Ask?
        let step: RunStep
        do {
            question = try await takeUp(run)
            let remains = run.record.startedAt == nil ? RunRemains() : await remains(of: run)
            let facts = RunFacts.unfinished(
                run.record, away: now() - run.lastMoment, remains, output: run.output)
            let decision = try await decided("reconcile", run, facts)
            let reason = decision["message"]?.string ?? decision.reason
            switch decision["action"]?.string {
            case "resume": step = .attempt(run.record.startedAt == nil ? .first : .resume)
            case "retry": step = .attempt(.again)
            case "interrupt":
                step = .end(.interrupted, nil, reason: reason ?? "Perigee was stopped in the middle of it")
            default:
                let text = decision["message"]?.string ?? "Perigee was restarted while this was at work"
                let otherwise = RunStep.end(.interrupted, nil, reason: "left as it is")
                // What a person sees already stays what it is.
                if var kept = question {
                    kept.until = nil
                    return await put(kept, to: run, otherwise)
                }
                // One that rests has nothing more to say.
                let canGoOn = remains.isRunnerAlive && [.busy, .unknown].contains(remains.session)
                return await askPerson(run, text, otherwise, canGoOn: canGoOn)
            }
        } catch let failure as RunFailure {
            step = stop(of: run) ?? .end(.failed, failure, reason: failure.message)
        } catch {
            step = stop(of: run) ?? .end(.failed, RunFailure(error), reason: Fault(error).message)
        }
        // It is decided without an answer. One that stops here is asked again by the next start.
        if let question, !isClosing { withdraw(question.id, of: run) }
        return step
    }

    /// Asks a person about the run itself: `text` says what happened, or is the whole question. What else is left is
    /// done when nobody wants more.
    func askPerson(_ run: LiveRun, _ text: String, _ otherwise: RunStep, canGoOn: Bool = false) async -> RunStep {
        typealias Option = Ask.Question.Option
        // Clients may recommend what stands first.
        var options = [
            Option(label: Ask.leave, description: "Nothing more is done."),
            Option(label: Ask.again, description: "From its beginning; what was done stays done."),
        ]
        if canGoOn { options.insert(Option(label: Ask.goOn, description: "Follow what is under way."), at: 0) }
        let question = text.hasSuffix("?") ? text : text + (text.hasSuffix(".") ? "" : ".") + " Run it again?"
        let ask = Ask(
            id: "recovery-\(run.log.last + 1)", kind: .recovery, title: question,
            questions: [Ask.Question(header: "Not finished", text: question, options: options, allowsOther: false)])
        return await put(ask, to: run, otherwise)
    }

    private func put(_ ask: Ask, to run: LiveRun, _ otherwise: RunStep) async -> RunStep {
        do {
            let answer = try await self.ask(ask, of: run)
            switch answer.answers.first?.first {
            case Ask.again: return .attempt(.again)
            case Ask.goOn: return .attempt(.resume)
            default: return stop(of: run) ?? otherwise
            }
        } catch {
            return stop(of: run) ?? otherwise
        }
    }

    /// What the log has of the answer, and of what tools did for it.
    func told(of run: LiveRun) async throws -> [RunEventBody] {
        let id = run.id
        // Only what is on the disk can be found there.
        try await journal.write { _ in }
        let rows = try await store.read { try $0.all(RunsQueries.told, id, atMost: 1_000_000) }
        return try rows.flatMap { try $0.events.map(\.body) }
    }

    /// Reads what the log has of the answer, and withdraws what the agent had asked the last process. What that one had
    /// asked about the run itself is as good a question as before, and is returned.
    private func takeUp(_ run: LiveRun) async throws -> Ask? {
        let id = run.id
        let told = try await told(of: run)
        let asks = try await store.read { try $0.all(RunsQueries.openAsks, id) }
        for case .text(let text, let part) in told { run.heard(text, part: part) }
        run.record.waitingFor = nil
        let open = try asks.map { try JSON.parse($0).decode(Ask.self) }
        let question = open.last { $0.kind == .recovery }
        for ask in open where ask.id != question?.id { withdraw(ask.id, of: run) }
        return question
    }

    private func withdraw(_ ask: String, of run: LiveRun) {
        let id = run.id
        let answer = AskAnswer(ask: ask, verdict: .withdrawn, message: "Perigee was restarted meanwhile", by: "perigee")
        append(.answer(answer), to: run)
        let at = now()
        journal.note { try $0.run(RunsQueries.answer, at, try StoredRun.text(answer), id, ask) }
    }

    private func decided(_ hook: String, _ run: LiveRun, _ facts: JSONValue) async throws -> Decision {
        do {
            return try await decide(hook, run, facts)
        } catch {
            throw RunFailure.script(hook, error)
        }
    }

    /// An engine that does not answer in time knows nothing.
    private func remains(of run: LiveRun) async -> RunRemains {
        // An engine that is not there any more knows nothing either.
        guard let engine = try? engine(run.record.order.engine) else { return RunRemains() }
        let found = Waiter<RunRemains>("what is left of a run")
        let record = run.record
        let looking = work.spawn("what is left of run \(run.id)") {
            found.finish(.success(await engine.remains(of: record)))
        }
        let timer = Timer {
            looking.cancel()
            found.finish(.success(RunRemains()))
        }
        timer.schedule(after: settings.remainsLimit)
        defer { timer.cancel() }
        do { return try await found.settled() } catch { return RunRemains() }
    }
}

extension Ask {
    // What a person can choose when the run itself is in question.
    static let again = "Run it again"
    static let goOn = "Go on"
    static let leave = "Leave it"
}
