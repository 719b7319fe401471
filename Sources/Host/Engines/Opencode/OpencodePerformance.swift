import Runtime

/// One attempt at a run: from the choice of a session to the end of the turn.
@Loop
final class OpencodePerformance {
    let engine: OpencodeEngine
    let attempt: any RunAttempt
    let lease: RunnerLease
    let order: OpencodeOrder
    /// Of the asks that wait for an answer.
    let asking: Scope
    var session = ""
    var directory: String
    var feed: OpencodeFeed?
    var turn: OpencodeTurn?
    /// What the last effect came to.
    var outcome: OpencodeTurn.Outcome?
    /// Asks that were answered there, or went away, and those that were answered from here.
    var settled: Set<String> = []
    var replied: Set<String> = []
    var reading: Task<Void, Never>?
    var wasRead: Result<OpencodeTurn.Snapshot, any Error>?
    var unreachableSince: Instant?
    var unreachableWhy: Fault?
    var isToldUnreachable = false
    var hasText = false
    /// The agent may be at work for this run.
    private var hasBegun = false

    var server: OpencodeServer { lease.server }
    var run: RunRecord { attempt.run }

    init(_ engine: OpencodeEngine, _ attempt: any RunAttempt, _ lease: RunnerLease) {
        self.engine = engine
        self.attempt = attempt
        self.lease = lease
        order = OpencodeOrder(run: attempt.run, number: attempt.number)
        directory = attempt.run.order.input.directory
        asking = engine.scope.child("run \(attempt.run.id)")
    }

    func perform() async throws {
        let result: Result<Void, any Error>
        do {
            try await aside { [self] in try await begin() }
            try await follow()
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await finish(result)
        try result.get()
    }

    /// In a task of its own, whose memory goes with it: what begins a turn calls deep, and a turn may last for hours.
    private func aside(_ work: @escaping @Loop () async throws -> Void) async throws {
        let done = Waiter<Void>("the beginning of the turn")
        let task = engine.scope.spawn("beginning run \(run.id)") {
            do {
                try await work()
                done.finish(.success(()))
            } catch {
                done.finish(.failure(error))
            }
        }
        // The task ends when it is cancelled, and says how.
        try await withTaskCancellationHandler {
            try await done.settled()
        } onCancel: {
            task.cancel()
        }
    }

    // MARK: the session

    private func begin() async throws {
        let hadBegun = run.startedAt != nil
        switch attempt.how {
        case .resume where hadBegun:
            guard try await findPrompt() else {
                throw RunFailure(.agentGone, "the agent's session does not have the prompt of this run")
            }
        case .restartRunner where hadBegun && run.session != nil:
            // The prompt may have arrived, and even have been answered: it is never handed over twice.
            if try await !findPrompt() { try await prompt() }
        case .recreateSession: try await start(.fresh(seed: true))
        case .fork where run.session != nil: try await startFork(of: run.session!)
        case .first, .again, .resume, .restartRunner, .fork: try await start(try await plan())
        }
    }

    /// The sessions of a run's own runner end with it.
    private func plan() async throws -> SessionPlan {
        run.share.kind == .run ? .fresh(seed: !run.order.input.history.isEmpty) : try await engine.book.plan(run)
    }

    private func start(_ plan: SessionPlan) async throws {
        switch plan {
        case .fresh(let seed):
            take(try await server.create(OpencodeNewSession(title: order.title), in: directory))
            try await prompt(seed: seed)
        case .resume(let id, let knowing):
            try await resume(id)
            try await prompt(knowing: knowing)
        case .fork(let id, let message, let knowing):
            guard server.capabilities?.canFork != false else { return try await start(.fresh(seed: true)) }
            take(try await server.fork(id, before: message, in: directory))
            try await prompt(knowing: knowing)
        }
    }

    /// Takes up a session at rest. Who has heard what it is, and that it rests, need not ask.
    private func resume(_ id: String) async throws {
        if let known = server.resting(id) { return take(known) }
        take(try await server.session(id, in: directory))
        if !server.rests(id), try await server.status(in: directory)[id] != nil {
            throw RunFailure(
                .sessionBusy, "the session \(id) is at work on something else",
                hint: "somebody uses it by another way; wait until that has ended")
        }
    }

    /// From before this run's own turn, which is stopped first if it still goes on.
    private func startFork(of id: String) async throws {
        session = id
        var message = run.message
        if message == nil, try await findPrompt() { message = turn?.userMessage }
        feed?.close()
        feed = nil
        turn = nil
        try await server.abort(id, in: directory)
        try await start(.fork(session: id, before: message))
    }

    private func take(_ found: OpencodeSession) {
        session = found.id
        // What the server has kept goes before what we say.
        if !found.directory.isEmpty { directory = found.directory }
        since = found.updated
    }

    private var since: Int64 = 0

    // MARK: the prompt

    private func prompt(seed: Bool = false, knowing: SessionKnowledge = .all) async throws {
        if session.isEmpty, let known = run.session { take(try await server.session(known, in: directory)) }
        let prompt = try order.prompt(seed: seed, knowing: knowing, for: server.capabilities)
        feed?.close()
        feed = try await server.follow(session)
        attempt.note(runner: lease.runner, session: session, message: nil)
        turn = OpencodeTurn(
            session: session,
            wanted: .init(parts: prompt.partIDs, text: words(of: prompt), since: since),
            limits: engine.limits.turn, now: Loop.now)
        try await attempt.begins(isNear: server.address.host.isLoopback)
        hasBegun = true
        do {
            let message = try await server.prompt(prompt, to: session, in: directory)
            turn?.sent(message: message)
        } catch let fault as Fault where fault.kind == .notFound {
            // The session went away unheard, and nobody has the prompt.
            hasBegun = false
            attempt.refused()
            throw fault
        } catch let fault as Fault where [.timeout, .unavailable, .internal].contains(fault.kind) {
            // Nobody knows whether it arrived: the session says.
            guard try await wasTaken() else { throw RunFailure(.agentGone, fault.message, hint: fault.hint) }
        }
    }

    private func words(of prompt: OpencodePrompt) -> String {
        prompt.parts.lazy.compactMap { if case .text(let text, _, false) = $0 { text } else { nil } }.first ?? ""
    }

    /// After a call that failed half-way. A server that went down and comes back soon is waited for.
    private func wasTaken() async throws -> Bool {
        let end = Instant.clock + engine.limits.gone
        while true {
            do {
                guard let turn else { return false }
                let snapshot = try await server.snapshot(for: turn, in: directory)
                return snapshot.messages.contains(where: turn.isPrompt)
            } catch let fault as Fault where fault.isRetryable && Instant.clock < end {
                try checkRunner()
                try await Loop.sleep(for: .milliseconds(500))
            }
        }
    }

    /// Looks for this run's prompt in its session, and makes ready to follow what becomes of it.
    private func findPrompt() async throws -> Bool {
        guard let id = run.session else { return false }
        take(try await server.session(id, in: directory))
        let feed = try await server.follow(id)
        self.feed = feed
        let turn = OpencodeTurn(
            session: id, wanted: order.mark(since: run.startedOnServer), limits: engine.limits.turn, now: Loop.now)
        let snapshot = try await server.snapshot(for: turn, in: directory)
        guard snapshot.messages.contains(where: turn.isPrompt) else { return false }
        self.turn = turn
        hasBegun = true
        attempt.note(runner: lease.runner, session: id, message: nil)
        return true
    }

    // MARK: the end

    /// Lets go of everything; what the agent still does for a run that does not want it any more is stopped.
    private func finish(_ result: Result<Void, any Error>) async {
        let node = turn?.userMessage.map { message in
            var answer: String?
            if case .completed(let id, _) = outcome { answer = id }
            return SessionNode(session: session, userMessage: message, answer: answer, isComplete: answer != nil)
        }
        feed?.close()
        reading?.cancel()
        let done = Waiter<Void>("the end of the turn")
        engine.scope.spawn("ending run \(run.id)") { [self] in
            await Deadline.lifted {
                if mustStop(result) { await stop() }
                if let node, run.share.kind != .run { await engine.book.ran(run, node) }
            }
            done.finish(.success(()))
        }
        // The task above is bounded and always ends; a cancelled run waits for it too.
        _ = try? await done.settled()
        await asking.close()
        feed = nil
        reading = nil
    }

    private func mustStop(_ result: Result<Void, any Error>) -> Bool {
        // Perigee stops and the agent need not: the next start finds it at work, or done.
        // Where the runner itself has ended nothing is left to stop.
        guard hasBegun, !attempt.staysBehind, lease.end == nil, case .failure = result else { return false }
        switch outcome {
        case .completed, .failed, .aborted, .cut: return false
        case .stuck, .absent, .removed, nil: return true
        }
    }

    /// An abort leaves open asks in the server's list, so they go first.
    private func stop() async {
        let asks = turn?.openAsks ?? []
        do {
            try await Deadline.within(engine.limits.stop) {
                if !asks.isEmpty {
                    let rejecting = asks.map { ask in
                        engine.scope.spawn("rejecting an ask") { [server, directory] in
                            try await Deadline.within(.milliseconds(500)) {
                                try await server.answer(ask, .reject, in: directory)
                            }
                        }
                    }
                    for task in rejecting { await task.value }
                }
                try await server.abort(session, in: directory)
                while try await server.status(in: directory)[session] != nil {
                    try await Loop.sleep(for: .milliseconds(100))
                }
            }
        } catch {
            engine.log.warning(
                "the agent could not be stopped: \(Fault(error).message)",
                ["run": LogValue(run.id), "session": LogValue(session)])
        }
    }
}
