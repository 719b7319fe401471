import Runtime

// Follows a turn: what comes goes into the machine, and what that says is done.

extension OpencodePerformance {
    func follow() async throws {
        guard let feed else { return }
        // Whatever came before the stream was there is read.
        if attempt.how == .resume || attempt.how == .restartRunner { apply { $0.gap(now: $1) } }
        feed.onEvent = { [weak self] in self?.takeNow($0) ?? false }
        defer { feed.onEvent = nil }
        while outcome == nil {
            try takeReading()
            if outcome != nil { break }
            let isHeld = turn?.isAfterGap == true
            try take(try await feed.next(within: engine.limits.tick, holding: isHeld))
        }
        try conclude()
    }

    // What is not inlined here would become part of the wait above, and stay in memory as long as the turn lasts.

    @inline(never)
    private func take(_ item: OpencodeFeed.Item?) throws {
        switch item {
        case .event(let event): apply { $0.take(event, now: $1) }
        case .gap: apply { $0.gap(now: $1) }
        case .lost(let fault):
            unreachable(fault)
            apply { turn, _ in turn.read() }
        case nil: apply { $0.tick(now: $1) }
        }
        if case .event? = item {} else { try checkRunner() }
        try checkReach()
    }

    @inline(never)
    private func conclude() throws {
        guard let outcome else { return }
        if case .completed(_, "length") = outcome {
            attempt.report(.cut("The answer was cut at the model's output limit."))
        }
        // It was waited for and is back: waiting longer brings nothing.
        if case .cut = outcome, attempt.how == .restartRunner {
            throw RunFailure(
                .agentFailed, "the agent's server ended in the middle of the turn, and is back without it",
                hint: "what it had done by then stays done")
        }
        if let failure = RunFailure(outcome) { throw failure }
    }

    /// In the turn in which it comes, unless something must be dealt with before it.
    private func takeNow(_ event: OpencodeEvent) -> Bool {
        guard outcome == nil, wasRead == nil, turn?.isAfterGap == false else { return false }
        apply { $0.take(event, now: $1) }
        if outcome != nil { feed?.wake() }
        return true
    }

    @inline(never)
    private func apply(_ step: (inout OpencodeTurn, Instant) -> [OpencodeTurn.Effect]) {
        guard var turn else { return }
        self.turn = nil
        let effects = step(&turn, Instant.clock)
        self.turn = turn
        for effect in effects { apply(effect) }
    }

    private func apply(_ effect: OpencodeTurn.Effect) {
        switch effect {
        case .prompted(let message): attempt.note(runner: lease.runner, session: session, message: message)
        case .text(let text, let part):
            hasText = true
            attempt.report(.text(text, part: part))
        case .reasoning(let text, let part): attempt.report(.reasoning(text, part: part))
        case .tool(let tool, let id, let parent): attempt.report(.tool(ToolUse(tool, id: id, parent: parent)))
        case .todo(let items): attempt.report(.todo(items.map { TodoItem($0) }))
        case .ask(let ask, let tool, let isSubtask): open(ask, tool: tool, isSubtask: isSubtask)
        case .settled(let ask, let verdict, let answers): close(ask, verdict, answers)
        case .usage(let usage): attempt.report(.usage(Usage(usage)))
        case .retrying(let number, let message, _):
            attempt.report(
                .notice("The model's provider failed (\(message)); the agent tries again (\(number)).", isPassing: true)
            )
        case .compacting:
            attempt.report(
                .notice("The conversation grew too long; the agent summarises it and goes on.", isPassing: true))
        case .rewritten:
            attempt.report(.notice("The agent changed what it had written; the text follows as it stands."))
        case .structured(let value):
            // That is the whole answer, unless the model gave it in words as well.
            guard !hasText else { return }
            // A value that was read can be written.
            let text = (try? JSON.encode(value)) ?? []
            attempt.report(.text(String(decoding: text, as: UTF8.self), part: "structured"))
        case .read: read()
        case .reconnect: server.reconnectEvents()
        case .ended(let outcome): self.outcome = outcome
        }
    }

    // MARK: reading the session

    /// Beside the events, which wait only after a gap.
    private func read() {
        guard reading == nil, let turn else { return }
        reading = asking.spawn("reading the session") { [weak self, server, directory, limits = engine.limits] in
            let result: Result<OpencodeTurn.Snapshot, any Error>
            do {
                result = .success(
                    try await Deadline.within(limits.reading) {
                        try await server.snapshot(for: turn, in: directory)
                    })
            } catch {
                result = .failure(error)
            }
            self?.wasRead = result
            self?.feed?.wake()
        }
    }

    @inline(never)
    private func takeReading() throws {
        guard let result = wasRead else { return }
        wasRead = nil
        reading = nil
        switch result {
        case .success(let snapshot):
            unreachableSince = nil
            isToldUnreachable = false
            apply { $0.resync(snapshot, now: $1) }
        case .failure(let error):
            let fault = Fault(error)
            if fault.kind == .notFound { outcome = .removed }
            unreachable(fault)
            apply {
                $0.readFailed(now: $1)
                return []
            }
        }
    }

    // MARK: a server that is gone

    /// What a runner said before its end is heard first.
    func checkRunner() throws {
        guard outcome == nil, let end = lease.end else { return }
        throw RunFailure(end)
    }

    private func unreachable(_ fault: Fault) {
        if unreachableSince == nil { unreachableSince = Instant.clock }
        unreachableWhy = fault
    }

    private func checkReach() throws {
        guard let since = unreachableSince else { return }
        if !isToldUnreachable, Instant.clock - since >= engine.limits.gone / 10 {
            isToldUnreachable = true
            attempt.report(.notice("The agent's server does not answer. It is waited for.", isPassing: true))
        }
        guard Instant.clock - since >= engine.limits.gone else { return }
        // A stream that cannot be had is no loss as long as the session can be read.
        if reading == nil { apply { turn, _ in turn.read() } }
        guard Instant.clock - since >= engine.limits.gone * 2 || unreachableWhy?.kind == .unavailable else { return }
        throw RunFailure(
            .agentGone, "the agent's server is gone: \(unreachableWhy?.message ?? "it does not answer")",
            hint: unreachableWhy?.hint)
    }
}
