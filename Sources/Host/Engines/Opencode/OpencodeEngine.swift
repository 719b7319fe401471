import Runtime

/// Performs runs as turns of an agent's session on a runner.
@Loop
final class OpencodeEngine: Engine {
    struct Limits: Sendable {
        var turn = OpencodeTurn.Limits()
        /// How often time is told to a turn in which nothing happens.
        var tick = Duration.seconds(1)
        /// One reading of a session.
        var reading = Duration.seconds(20)
        /// A server that cannot be reached for so long is gone.
        var gone = Duration.seconds(30)
        /// For stopping the agent, all in all.
        var stop = Duration.seconds(5)

        init() {}

        init(_ settings: Settings) {
            turn.inactivity = settings[SettingTable.turnInactivity]
            turn.toolInactivity = settings[SettingTable.toolInactivity]
            let patience = AgentPatience(settings)
            turn.check = patience.check
            turn.doubt = patience.doubt
            reading = patience.reading
            gone = patience.gone
        }
    }

    let name = "opencode"
    let pool: any RunnerPool
    let book: any SessionBook
    let limits: Limits
    let log: Log
    /// Of what must be finished although its run was cancelled.
    let scope: Scope
    /// Makes the worktrees of runs that want one.
    var ground: RunGround?

    init(pool: any RunnerPool, book: any SessionBook, limits: Limits = Limits(), log: Log, scope: Scope) {
        self.pool = pool
        self.book = book
        self.limits = limits
        self.log = log
        self.scope = scope.child("opencode engine")
    }

    func perform(_ attempt: any RunAttempt) async throws {
        let run = attempt.run
        do {
            if attempt.how == .restartRunner, let runner = run.runner { try await pool.bringBack(runner) }
            let tree = try await worktree(for: attempt)
            defer { tree?.release() }
            let lease = try await lease(for: attempt)
            defer { lease.release() }
            do {
                try await OpencodePerformance(self, attempt, lease).perform()
            } catch let fault as Fault where !Task.isCancelled {
                // Whatever could not be done then, that is why.
                if let end = lease.end { throw RunFailure(end) }
                throw fault
            }
        } catch let fault as Fault where fault.kind != .cancelled {
            if fault.kind == .timeout, let end = Deadline.current, end <= Instant.clock {
                throw RunFailure(.timeout, "the run's time is over")
            }
            throw RunFailure(call: fault)
        }
    }

    /// Whoever follows the run sees how a repository is got for it.
    private func worktree(for attempt: any RunAttempt) async throws -> WorktreeLease? {
        guard attempt.run.order.input.worktree != nil else { return nil }
        guard let ground else { throw Fault(.unavailable, "this Perigee works on no repositories") }
        let progress = StartProgress(attempt)
        do {
            let lease = try await ground.prepare(attempt.run) { progress.tell($0) }
            progress.end("The worktree is ready")
            return lease
        } catch {
            progress.end("The worktree could not be made")
            let fault = Fault(error)
            if fault.kind == .cancelled { throw error }
            throw RunFailure(ground: fault)
        }
    }

    /// Whoever follows the run sees how a runner is started for it.
    private func lease(for attempt: any RunAttempt) async throws -> RunnerLease {
        let order = attempt.run.order
        let progress = StartProgress(attempt)
        do {
            let lease = try await pool.lease(
                workspace: order.workspace, directory: order.input.directory, share: attempt.run.share
            ) { progress.tell($0) }
            progress.end("The agent is ready")
            return lease
        } catch {
            progress.end("The agent could not be started")
            let fault = Fault(error)
            // Nobody waits any more: that is no word about the runner.
            if fault.kind == .cancelled || Deadline.current.map({ $0 <= Instant.clock }) == true { throw fault }
            throw RunFailure(start: fault)
        }
    }

    func remains(of run: RunRecord) async -> RunRemains {
        var remains = RunRemains()
        guard let runner = run.runner, let server = pool.server(of: runner) else { return remains }
        do {
            // Twenty that are looked at together on a busy machine take their time.
            try await Deadline.within(.seconds(9)) {
                try await server.probe()
                remains.isRunnerAlive = true
                guard let session = run.session else { return }
                let directory = run.order.input.directory
                let order = OpencodeOrder(run: run, number: run.attempts)
                var turn = OpencodeTurn(
                    session: session, wanted: order.mark(since: run.startedOnServer), now: Loop.now)
                let snapshot = try await server.snapshot(for: turn, in: directory)
                remains.session = snapshot.status == .idle ? .idle : .busy
                let effects = turn.resync(snapshot, now: Loop.now)
                remains.isAnswerComplete = effects.contains { if case .ended(.completed) = $0 { true } else { false } }
            }
        } catch {
            let isMissing = remains.isRunnerAlive && Fault(error).kind == .notFound
            if isMissing { remains.session = .missing }
            log.info("what is left of a run: \(Fault(error).message)", ["run": LogValue(run.id)])
        }
        return remains
    }

    func close() async { await scope.close() }
}

/// Tells a run's followers how a runner is started; nothing when it was there already.
@Loop
private final class StartProgress {
    private let attempt: any RunAttempt
    private var last = ""

    init(_ attempt: any RunAttempt) { self.attempt = attempt }

    func tell(_ words: String) {
        guard words != last else { return }
        last = words
        attempt.report(.notice(words, isPassing: true))
    }

    func end(_ words: String) { if !last.isEmpty { attempt.report(.notice(words)) } }
}

extension RunRecord {
    /// When its prompt began, on the server's clock, which may go a little behind ours.
    var startedOnServer: Int64 { (startedAt ?? createdAt) - 5000 }
}
