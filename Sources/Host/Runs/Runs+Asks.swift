import Runtime

extension Runs {
    /// Has the `permission` hook or a person answer. The run is blocked meanwhile.
    func ask(_ ask: Ask, of run: LiveRun) async throws -> AskAnswer {
        var ask = ask
        var expired = AskAnswer(ask: ask.id, verdict: .expired, message: "nobody answered in time", by: "clock")
        switch ask.kind {
        case .permission:
            switch try await permission(&ask, of: run) {
            case .answer(let answer): return answer
            case .open(let otherwise): expired = otherwise ?? expired
            }
        case .question:
            guard run.record.order.isAttended else {
                return AskAnswer(
                    ask: ask.id, verdict: .dismissed,
                    message: "nobody is there to be asked: decide by yourself, and say how you did", by: "perigee")
            }
        case .recovery: break
        }
        if ask.kind != .permission, ask.until == nil { ask.until = now() + settings.questionWait.milliseconds }
        return try await open(ask, of: run, expired)
    }

    private enum Permission {
        case answer(AskAnswer)
        /// With what holds when nobody answers.
        case open(AskAnswer?)
    }

    private func permission(_ ask: inout Ask, of run: LiveRun) async throws -> Permission {
        let same = ([ask.permission ?? ""] + ask.patterns).joined(separator: "\n")
        let before = run.asked[same] ?? 0
        run.asked[same] = before + 1
        let decision: Decision
        do {
            decision = try await decide("permission", run, RunFacts.ask(ask, before: before, of: run.record))
        } catch {
            if stop(of: run) == nil { fail(run, .script("permission", error)) }
            throw error
        }
        let message = decision["message"]?.string
        func answer(_ verdict: AskAnswer.Verdict) -> AskAnswer {
            AskAnswer(ask: ask.id, verdict: verdict, message: message, by: "hook")
        }
        switch decision["action"]?.string {
        case "once": return .answer(answer(.once))
        case "always": return .answer(answer(.always))
        case "ask":
            if let wait = decision.duration("wait") { ask.until = now() + wait.milliseconds }
            return .open(decision["otherwise"]?.string == "once" ? answer(.once) : nil)
        default: return .answer(answer(.reject))
        }
    }

    private func open(_ ask: Ask, of run: LiveRun, _ expired: AskAnswer) async throws -> AskAnswer {
        if stop(of: run) != nil { throw Fault.cancelled }
        guard run.asks[ask.id] == nil else {
            throw Fault(.conflict, "run \(run.id) asks \"\(ask.id)\" already", hint: "give each ask an id of its own")
        }
        let open = OpenAsk(ask)
        run.asks[ask.id] = open
        // It is open before anybody hears of it.
        let changed = run.life.ask(ask.id)
        showWaiting(run)
        append(.ask(ask), to: run)
        if changed { tell(run, ask.title) }
        let (record, at) = (run.record, now())
        _ = journal.submit { transaction in
            try transaction.run(RunsQueries.ask, record.id, ask.id, at, try StoredRun.text(ask))
            try StoredRun.save(record, transaction)
        }
        if let until = ask.until {
            let timer = Timer { [weak self, weak run] in
                guard let self, let run else { return }
                self.settle(ask.id, of: run, expired)
            }
            timer.schedule(after: .milliseconds(max(0, until - now())))
            open.timer = timer
        }
        do {
            return try await Deadline.lifted { try await open.answered.value() }
        } catch {
            if isLeft(run) { throw error }
            let reason = run.cancelReason ?? "the agent no longer waits"
            settle(ask.id, of: run, AskAnswer(ask: ask.id, verdict: .withdrawn, message: reason, by: "engine"))
            throw error
        }
    }

    /// An answer that no person gave. One that a person has given already stands.
    func settle(_ id: String, of run: LiveRun, _ answer: AskAnswer) {
        guard let open = run.asks[id], open.answer == nil else { return }
        open.answer = answer
        let at = now()
        let runID = run.id
        take(answer, to: open, of: run)
        _ = journal.submit { try $0.run(RunsQueries.answer, at, try StoredRun.text(answer), runID, id) }
    }

    /// Perigee stops, and what the run asks stays open: the next start asks it again, under the same name.
    private func isLeft(_ run: LiveRun) -> Bool {
        if case .leave? = stop(of: run) { true } else { false }
    }

    func withdrawAsks(of run: LiveRun, _ reason: String) {
        if isLeft(run) { return }
        for id in run.life.asks {
            settle(id, of: run, AskAnswer(ask: id, verdict: .withdrawn, message: reason, by: "perigee"))
        }
    }

    /// The first answer of a person wins. It is on the disk before the agent hears of it.
    func answer(_ id: String, _ answer: AskAnswer) async throws {
        guard let run = live[id], let open = run.asks[answer.ask] else { throw try await tooLate(id, answer.ask) }
        if let first = open.answer { throw Runs.answered(open.ask.id, first) }
        try open.ask.check(answer)
        open.answer = answer
        let at = now()
        do {
            try await journal.write { try $0.run(RunsQueries.answer, at, try StoredRun.text(answer), id, answer.ask) }
        } catch {
            open.answer = nil
            throw error
        }
        guard run.asks[answer.ask] === open, !run.life.state.isEnded else {
            throw Fault(.conflict, "run \(id) has ended meanwhile (\(run.record.state.rawValue))")
        }
        take(answer, to: open, of: run)
    }

    private func take(_ answer: AskAnswer, to open: OpenAsk, of run: LiveRun) {
        open.timer?.cancel()
        run.asks[open.ask.id] = nil
        append(.answer(answer), to: run)
        let changed = run.life.answer(open.ask.id)
        showWaiting(run)
        if changed { tell(run, "\(answer.verdict.rawValue), by \(answer.by)") }
        save(run)
        open.answered.finish(.success(answer))
    }

    /// What a person who looks at the run reads first.
    private func showWaiting(_ run: LiveRun) {
        run.record.waitingFor = run.life.asks.first.flatMap { run.asks[$0]?.ask.title }
    }

    private func tooLate(_ id: String, _ ask: String) async throws -> Fault {
        let (isKnown, answer) = try await store.read { snapshot in
            (
                try snapshot.first(RunsQueries.standing, id) != nil,
                try snapshot.first(RunsQueries.answered, id, ask)
            )
        }
        guard isKnown else { return unknown(id) }
        guard let answer else { return Fault(.notFound, "run \(id) has asked no \"\(ask)\"") }
        guard let answer else { return Fault(.conflict, "run \(id) no longer waits for an answer to \"\(ask)\"") }
        return Runs.answered(ask, try JSON.parse(answer).decode(AskAnswer.self))
    }

    private static func answered(_ ask: String, _ answer: AskAnswer) -> Fault {
        Fault(
            .conflict, "\"\(ask)\" is settled already: \(answer.verdict.rawValue), by \(answer.by)",
            hint: "the first answer counts")
    }
}

extension Ask {
    /// Whether a person can answer it like this.
    func check(_ answer: AskAnswer) throws {
        let fits: [AskAnswer.Verdict] =
            switch kind {
            case .permission: [.once, .always, .reject]
            case .question, .recovery: [.answered, .dismissed]
            }
        guard fits.contains(answer.verdict) else {
            let known = fits.map(\.rawValue).joined(separator: ", ")
            throw Fault(
                .invalidInput, "\"\(answer.verdict.rawValue)\" is no answer to a \(kind.rawValue)",
                hint: "answer with one of \(known)")
        }
        guard answer.verdict == .answered else { return }
        guard answer.answers.count == questions.count else {
            throw Fault(
                .invalidInput, "\(questions.count) questions are asked, and \(answer.answers.count) answers were given",
                hint: "give one list of chosen labels for each")
        }
        for (question, chosen) in zip(questions, answer.answers) { try question.check(chosen) }
    }
}

extension Ask.Question {
    fileprivate func check(_ chosen: [String]) throws {
        guard allowsSeveral || chosen.count <= 1 else {
            throw Fault(.invalidInput, "\"\(text)\" takes one answer, not \(chosen.count)")
        }
        let labels = options.map(\.label)
        guard !allowsOther, !labels.isEmpty, let stray = chosen.first(where: { !labels.contains($0) }) else { return }
        throw Fault(
            .invalidInput, "\"\(stray)\" is none of the answers to \"\(text)\"",
            hint: "choose from \(labels.joined(separator: ", "))")
    }
}
