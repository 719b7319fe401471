import Runtime

/// Hands out runners whose agent has read its configuration since that last changed. An agent reads it once for a
/// directory; making it read anew ends every turn that runs there, so that it is done between turns. A directory in which
/// nobody works any more is ended the same way.
@Loop
final class FreshRunners: RunnerPool {
    let pool: any RunnerPool
    let log: Log
    let scope: Scope
    /// After so long without a turn, what the agent keeps open for a directory is ended.
    let idle: Duration
    /// How long a turn waits for those before it; then it goes on with what the agent has read.
    private let patience: Duration
    /// Who is to read it anew. One that is not up yet reads it when it is.
    private var stale: Set<Place> = []
    var renewing: Set<Place> = []
    /// Leases that are out.
    private(set) var held: [Place: Int] = [:]
    /// How many clients of the agent's own look on, by runner.
    var guests: [String: Int] = [:]
    /// Since when nobody has been there.
    var resting: [Place: Instant] = [:]
    lazy var restTimer = Timer { [weak self] in self?.lookForResting() }
    private var waiting: [Place: [Waiter<Void>]] = [:]

    /// A directory as one runner has it.
    struct Place: Hashable {
        let runner: String
        let directory: String
    }

    init(
        _ pool: any RunnerPool, idle: Duration, patience: Duration = .seconds(30), log: Log, scope: Scope
    ) {
        self.pool = pool
        self.idle = idle
        self.patience = patience
        self.log = log
        self.scope = scope
    }

    var modes: [String] { pool.modes }
    func bringBack(_ runner: String) async throws { try await pool.bringBack(runner) }
    func server(of runner: String) -> OpencodeServer? { pool.server(of: runner) }

    /// The configuration in this directory is another one from now on.
    func changed(_ directory: String) {
        for runner in pool.names(in: directory) { stale.insert(Place(runner: runner, directory: directory)) }
    }

    func names(in directory: String) -> [String] { pool.names(in: directory) }
    func forget(chat: String, of user: String) { pool.forget(chat: chat, of: user) }

    var followerCount: Int { pool.followerCount }

    func close() async {
        restTimer.cancel()
        await pool.close()
    }

    func lease(
        workspace: String, directory: String, share: RunnerShare, onProgress: @escaping @Loop (String) -> Void
    ) async throws -> RunnerLease {
        let lease = try await pool.lease(
            workspace: workspace, directory: directory, share: share, onProgress: onProgress)
        let place = Place(runner: lease.runner, directory: directory)
        do {
            try await renew(place, lease.server)
        } catch {
            lease.release()
            throw error
        }
        return RunnerLease(lease) { [weak self] in self?.left(place) }
    }

    /// Returns with the directory entered.
    private func renew(_ place: Place, _ server: OpencodeServer) async throws {
        let end = Instant.clock + patience
        while true {
            let isBusy = renewing.contains(place) || stale.contains(place) && held[place] != nil
            if isBusy, Instant.clock < end || renewing.contains(place) {
                try await change(in: place, until: end)
            } else if stale.contains(place), held[place] == nil {
                await dispose(place, server)
            } else {
                held[place, default: 0] += 1
                resting[place] = nil
                return
            }
        }
    }

    private func dispose(_ place: Place, _ server: OpencodeServer) async {
        stale.remove(place)
        do {
            try await alone(in: place) { try await server.dispose(place.directory) }
        } catch {
            log.warning(
                "the agent did not read its new configuration: \(Fault(error).message)",
                ["directory": LogValue(place.directory), "runner": LogValue(place.runner)])
        }
    }

    /// Turns that come meanwhile wait.
    func alone(in place: Place, _ body: @Loop () async throws -> Void) async throws {
        renewing.insert(place)
        defer {
            renewing.remove(place)
            wake(place)
        }
        try await Deadline.within(.seconds(10)) { try await body() }
    }

    /// What it reads it reads anew in its next turn.
    func wasEnded(_ place: Place) { stale.remove(place) }

    /// Waits until a turn there has ended, or a renewal has.
    private func change(in place: Place, until end: Instant) async throws {
        let waiter = Waiter<Void>("the agent's other turns")
        waiting[place, default: []].append(waiter)
        do {
            try await Deadline.by(end) { try await waiter.value() }
        } catch let fault as Fault where fault.kind == .timeout && Instant.clock >= end {
            // It has waited long enough.
            return
        }
    }

    private func left(_ place: Place) {
        let rest = (held[place] ?? 1) - 1
        held[place] = rest > 0 ? rest : nil
        if rest <= 0 { rests(place) }
        wake(place)
    }

    private func wake(_ place: Place) {
        for waiter in waiting.removeValue(forKey: place) ?? [] { waiter.finish(.success(())) }
    }
}
