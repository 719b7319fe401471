import Runtime

/// Hands out runners whose agent has read its configuration since that last changed. An agent reads it once for a
/// directory; making it read anew ends every turn that runs there, so that it is done between turns.
@Loop
final class FreshRunners: RunnerPool {
    private let pool: any RunnerPool
    private let log: Log
    /// How long a turn waits for those before it; then it goes on with what the agent has read.
    private let patience: Duration
    private var stale: Set<String> = []
    private var renewing: Set<String> = []
    /// Leases that are out, by directory.
    private var held: [String: Int] = [:]
    private var waiting: [String: [Waiter<Void>]] = [:]

    init(_ pool: any RunnerPool, patience: Duration = .seconds(30), log: Log) {
        self.pool = pool
        self.patience = patience
        self.log = log
    }

    var modes: [String] { pool.modes }
    func bringBack(_ runner: String) async throws { try await pool.bringBack(runner) }
    func server(of runner: String) -> OpencodeServer? { pool.server(of: runner) }

    /// The configuration in this directory is another one from now on.
    func changed(_ directory: String) { stale.insert(directory) }

    var followerCount: Int { pool.followerCount }
    func close() async { await pool.close() }

    func lease(
        workspace: String, directory: String, onProgress: @escaping @Loop (String) -> Void
    ) async throws -> RunnerLease {
        let lease = try await pool.lease(workspace: workspace, directory: directory, onProgress: onProgress)
        do {
            try await renew(directory, lease.server)
        } catch {
            lease.release()
            throw error
        }
        return RunnerLease(lease) { [weak self] in self?.left(directory) }
    }

    /// Returns with the directory entered.
    private func renew(_ directory: String, _ server: OpencodeServer) async throws {
        let end = Instant.clock + patience
        while true {
            let isBusy = renewing.contains(directory) || stale.contains(directory) && held[directory] != nil
            if isBusy, Instant.clock < end || renewing.contains(directory) {
                try await change(in: directory, until: end)
            } else if stale.contains(directory), held[directory] == nil {
                await dispose(directory, server)
            } else {
                held[directory, default: 0] += 1
                return
            }
        }
    }

    private func dispose(_ directory: String, _ server: OpencodeServer) async {
        stale.remove(directory)
        renewing.insert(directory)
        do {
            try await Deadline.within(.seconds(10)) { try await server.dispose(directory) }
        } catch {
            log.warning(
                "the agent did not read its new configuration: \(Fault(error).message)",
                ["directory": LogValue(directory)])
        }
        renewing.remove(directory)
        wake(directory)
    }

    /// Waits until a turn there has ended, or a renewal has.
    private func change(in directory: String, until end: Instant) async throws {
        let waiter = Waiter<Void>("the agent's other turns")
        waiting[directory, default: []].append(waiter)
        do {
            try await Deadline.by(end) { try await waiter.value() }
        } catch let fault as Fault where fault.kind == .timeout && Instant.clock >= end {
            // It has waited long enough.
            return
        }
    }

    private func left(_ directory: String) {
        let rest = (held[directory] ?? 1) - 1
        held[directory] = rest > 0 ? rest : nil
        wake(directory)
    }

    private func wake(_ directory: String) {
        for waiter in waiting.removeValue(forKey: directory) ?? [] { waiter.finish(.success(())) }
    }
}
