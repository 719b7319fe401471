import Runtime

/// Hands out runners whose agent has read its configuration since that last changed. An agent reads it once for a
/// directory; making it read anew ends every turn that runs there, so that it is done between turns.
@Loop
final class FreshRunners: RunnerPool {
    private let pool: any RunnerPool
    private let log: Log
    /// How long a turn waits for those before it; then it goes on with what the agent has read.
    private let patience: Duration
    /// Who is to read it anew. One that is not up yet reads it when it is.
    private var stale: Set<Place> = []
    private var renewing: Set<Place> = []
    /// Leases that are out.
    private var held: [Place: Int] = [:]
    private var waiting: [Place: [Waiter<Void>]] = [:]

    /// A directory as one runner has it.
    private struct Place: Hashable {
        let runner: String
        let directory: String
    }

    init(_ pool: any RunnerPool, patience: Duration = .seconds(30), log: Log) {
        self.pool = pool
        self.patience = patience
        self.log = log
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
    func close() async { await pool.close() }

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
                return
            }
        }
    }

    private func dispose(_ place: Place, _ server: OpencodeServer) async {
        stale.remove(place)
        renewing.insert(place)
        do {
            try await Deadline.within(.seconds(10)) { try await server.dispose(place.directory) }
        } catch {
            log.warning(
                "the agent did not read its new configuration: \(Fault(error).message)",
                ["directory": LogValue(place.directory), "runner": LogValue(place.runner)])
        }
        renewing.remove(place)
        wake(place)
    }

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
        wake(place)
    }

    private func wake(_ place: Place) {
        for waiter in waiting.removeValue(forKey: place) ?? [] { waiter.finish(.success(())) }
    }
}
