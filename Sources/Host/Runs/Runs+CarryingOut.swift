import Runtime

/// What comes next for a run.
enum RunStep {
    case attempt(AttemptKind)
    case end(RunState, RunFailure?, reason: String)
    /// Perigee stops: the next start goes on from the books.
    case leave
}

extension Runs {
    /// Its turn has come.
    func begin(_ run: LiveRun) {
        guard run.task == nil, !run.life.state.isEnded, !isClosing else { return }
        if let bounds = run.record.order.input.bounds, !places.holds(run.id) { return queue(run, bounds) }
        run.task = work.spawn("run \(run.id)") { [self] in await Deadline.lifted { await carryOut(run) } }
    }

    private func carryOut(_ run: LiveRun) async {
        var step = run.isLeftOver ? await reconcile(run) : .attempt(.first)
        while true {
            if let stop = stop(of: run) { step = stop }
            switch step {
            case .attempt(let how): step = await attempt(run, how)
            case .end(let state, let failure, let reason): return await end(run, state, failure, reason)
            case .leave:
                if run.isDiscarded { drop(run) }
                return
            }
        }
    }

    /// What takes precedence over anything else.
    func stop(of run: LiveRun) -> RunStep? {
        if run.isDiscarded { return .leave }
        if let fatal = run.fatal { return .end(.failed, fatal, reason: fatal.message) }
        if let reason = run.cancelReason { return .end(.cancelled, nil, reason: reason) }
        return isClosing ? .leave : nil
    }

    // MARK: one attempt

    private func attempt(_ run: LiveRun, _ how: AttemptKind) async -> RunStep {
        guard run.record.attempts < settings.attempts else {
            let text = "it was begun \(run.record.attempts) times, and no more often is allowed"
            return .end(.failed, RunFailure(.other, text, hint: "see what the hook `recover` decided"), reason: text)
        }
        run.record.attempts += 1
        let changed = run.life.attempt(isUnderWay: how == .resume && run.record.startedAt != nil)
        do {
            let engine = try engine(run.record.order.engine)
            let news = changed ? "attempt \(run.record.attempts), \(how.rawValue)" : nil
            // It has no effect before its prompt begins, and that is on the disk before it does.
            if run.isAccepted { try await commit(run, state: news) } else { note(run, state: news) }
            try await perform(run, how, engine)
        } catch {
            if let stop = stop(of: run) { return stop }
            return await recover(run, cleaned(RunFailure(error)))
        }
        if let stop = stop(of: run) { return stop }
        return await succeed(run)
    }

    /// Returns when the engine does, or when it has not stopped in time.
    private func perform(_ run: LiveRun, _ how: AttemptKind, _ engine: any Engine) async throws {
        if stop(of: run) != nil { return }
        // A prompt that has begun is only looked after: what is said of it again is said already.
        let isSameTurn = how == .resume || how == .restartRunner && run.record.startedAt != nil
        let told = isSameTurn ? ToldParts(try await told(of: run)) : ToldParts()
        let attempt = LiveAttempt(
            self, run, number: run.record.attempts, how: how, isSameTurn: isSameTurn, told: told)
        let outcome = Waiter<Void>("the engine's end")
        run.attempt = attempt
        run.performing = outcome
        run.work = work.spawn("attempt \(attempt.number) at run \(run.id)") {
            do {
                try await engine.perform(attempt)
                outcome.finish(.success(()))
            } catch {
                outcome.finish(.failure(error))
            }
        }
        defer {
            attempt.finish()
            (run.attempt, run.performing, run.work) = (nil, nil, nil)
            withdrawAsks(of: run, "the agent's turn is over")
        }
        try await outcome.settled()
    }

    /// Ends what the run is doing just now; `stop(of:)` says what comes of it.
    func interrupt(_ run: LiveRun) {
        withdrawAsks(of: run, run.cancelReason ?? "the run has failed")
        guard let task = run.task else {
            // It waits for its lane, or for a place.
            run.task = work.spawn("the end of run \(run.id)") { [self] in
                if case .end(let state, let failure, let reason)? = stop(of: run) {
                    await Deadline.lifted { await end(run, state, failure, reason) }
                }
            }
            return
        }
        task.cancel()
        guard let performing = run.performing else { return }
        run.work?.cancel()
        let engine = run.record.order.engine
        let grace = Timer {
            performing.finish(.failure(RunFailure(.timeout, "the engine \(engine) did not stop when it was told to")))
        }
        grace.schedule(after: settings.stopGrace)
        run.leash?.cancel()
        run.leash = grace
    }

    /// The run cannot go on, whatever its engine does.
    func fail(_ run: LiveRun, _ failure: RunFailure) {
        guard !run.life.state.isEnded, run.fatal == nil else { return }
        run.fatal = failure
        run.attempt?.finish()
        interrupt(run)
    }

    private func succeed(_ run: LiveRun) async -> RunStep {
        do {
            let facts = RunFacts.run(run.record, output: run.output)
            let decision = try await decide("artifacts", run, facts)
            if case .array(let artifacts)? = decision.value {
                for artifact in artifacts { append(.artifact(artifact), to: run) }
            }
        } catch {
            if let stop = stop(of: run) { return stop }
            let failure = RunFailure.script("artifacts", error)
            return .end(.failed, failure, reason: failure.message)
        }
        return .end(.succeeded, nil, reason: "the agent has finished")
    }

    // MARK: after a failure

    private func recover(_ run: LiveRun, _ failure: RunFailure) async -> RunStep {
        run.failures[failure.kind, default: 0] += 1
        let decision: Decision
        do {
            let facts = RunFacts.failure(
                failure, attempt: run.failures[failure.kind]!, of: run.record, output: run.output)
            decision = try await decide("recover", run, facts)
        } catch {
            if let stop = stop(of: run) { return stop }
            let failure = RunFailure.script("recover", error)
            return .end(.failed, failure, reason: failure.message)
        }
        log.info(
            "an attempt failed: \(failure.message)",
            [
                "run": LogValue(run.id), "kind": LogValue(failure.kind.rawValue),
                "attempt": LogValue(run.record.attempts),
            ])
        var told = failure
        // What the hook says is all that the person reads.
        if let message = decision["message"]?.string { (told.message, told.hint) = (message, nil) }
        let action = decision["action"]?.string ?? "give_up"
        if action == "ask" { return await askPerson(run, told.message, .end(.failed, told, reason: "left as it is")) }
        guard action != "give_up", let how = AttemptKind(action: action) else {
            return .end(.failed, told, reason: decision.reason ?? told.message)
        }
        return await again(run, how, told, after: decision.duration("after") ?? .zero)
    }

    private func again(_ run: LiveRun, _ how: AttemptKind, _ failure: RunFailure, after wait: Duration) async -> RunStep
    {
        let pause = wait > .zero ? " in \(Units.describe(wait))" : ""
        append(.notice("\(failure.message): trying again\(pause)", isPassing: true), to: run)
        guard wait > .zero else { return .attempt(how) }
        do {
            let changed = run.life.attempt(isUnderWay: false)
            try await commit(run, state: changed ? "trying again\(pause)" : nil)
            try await Loop.sleep(for: wait)
            return .attempt(how)
        } catch {
            return stop(of: run) ?? .end(.failed, RunFailure(error), reason: Fault(error).message)
        }
    }

    // MARK: the end

    /// Its only end. It is on the disk before anybody is told.
    private func end(_ run: LiveRun, _ state: RunState, _ failure: RunFailure?, _ reason: String) async {
        let (failure, reason) = (failure.map(cleaned), log.secrets.clean(reason))
        withdrawAsks(of: run, reason)
        guard run.life.end(state) else { return }
        run.leash?.cancel()
        if let failure { append(.error(failure), to: run) }
        var record = run.record
        record.state = state
        record.endedAt = now()
        record.failure = failure
        record.waitingFor = nil
        run.books = .current
        do {
            let (event, row) = try run.log.prepare(.state(state, reason: reason))
            record.lastEvent = event.number
            do {
                let record = record
                try await journal.write { transaction in
                    if try StoredRun.save(record, transaction) {
                        try UsageBook.count(record, at: record.endedAt ?? record.createdAt, transaction)
                    }
                    try row.write(transaction)
                }
            } catch {
                // The next start finds it unfinished and decides again.
                log.error("the end of a run was not written down", error, ["run": LogValue(run.id)])
            }
            run.record = record
            run.log.show(event)
        } catch {
            log.error("the end of a run was not told", error, ["run": LogValue(run.id)])
        }
        run.log.end()
        leave(run, reason)
    }

    private func leave(_ run: LiveRun, _ reason: String) {
        let record = run.record
        counted(record)
        log.info(
            "run ended",
            [
                "run": LogValue(record.id), "state": LogValue(record.state.rawValue), "reason": LogValue(reason),
                "door": LogValue(record.order.door), "attempts": LogValue(record.attempts),
                "ms": LogValue((record.endedAt ?? record.createdAt) - record.createdAt),
            ])
        tellFinished(run)
        forget(run)
        announce(record)
        if let next = lanes.leave(run.id).flatMap({ live[$0] }) { begin(next) }
        leavePlace(run)
    }

    /// Whatever goes wrong there does not concern the run any more.
    private func tellFinished(_ run: LiveRun) {
        let rules = rules(of: run)
        let facts = RunFacts.run(run.record, output: run.output)
        let id = run.id
        work.spawn("telling the end of run \(id)") { [log] in
            for fault in await Deadline.lifted({ await rules.tell("finished", facts) }) {
                log.error("the hook `finished` failed", fault, ["run": LogValue(id)])
            }
        }
    }

    // MARK: books

    /// Tells the state, if it changed for a reason, and returns when the run is written as it is now.
    func commit(_ run: LiveRun, state reason: String?, until standing: RunJournal.Standing = .onDisk) async throws {
        if let reason { tell(run, reason) }
        let record = run.record
        // Of a new run this is the first that is written.
        let isNew = run.books == .new
        if !isNew { run.books = .current }
        try await journal.write(until: standing) { transaction in
            let isThere =
                isNew
                ? try transaction.first(RunsQueries.isThere, record.id) != nil
                : try StoredRun.save(record, transaction)
            guard isThere else {
                throw Fault(.conflict, "run \(record.id) is not in the store, or has ended there", isRetryable: false)
            }
        }
    }

    /// The same without waiting: it is on the disk soon, and before anything that is committed later.
    private func note(_ run: LiveRun, state reason: String?) {
        if let reason { tell(run, reason) }
        save(run)
    }

    /// Writes the run as it is by then, soon.
    func save(_ run: LiveRun) { journal.note(run) }

    func decide(_ hook: String, _ run: LiveRun, _ facts: JSONValue) async throws -> Decision {
        try await decide(hook, run, [facts])
    }

    func decide(_ hook: String, _ run: LiveRun, _ facts: [JSONValue]) async throws -> Decision {
        let decision = try await rules(of: run).decide(hook, facts)
        remember(decision, for: run.id)
        return decision
    }
}

extension AttemptKind {
    /// As the hook `recover` calls it.
    fileprivate init?(action: String) {
        if action == "retry" { self = .again } else { self.init(rawValue: action) }
        if self == .first || self == .resume { return nil }
    }
}
