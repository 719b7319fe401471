import Runtime

/// An agent reads its configuration once for a directory. After a change it is made to read it anew, as soon as no turn
/// runs there, because that ends all turns of the directory.
@Loop
final class AgentFreshness {
    private let runs: Runs
    private let runners: (any RunnerPool)?
    private let log: Log
    private var stale: Set<String> = []

    init(_ runs: Runs, _ runners: (any RunnerPool)?, log: Log) {
        self.runs = runs
        self.runners = runners
        self.log = log
    }

    func changed(_ directory: String) { stale.insert(directory) }

    /// A server that does not do it now is asked again with the next turn.
    func renew(_ directory: String) async {
        guard stale.contains(directory), let runners, !runs.isAtWork(in: directory) else { return }
        do {
            try await Deadline.within(.seconds(10)) {
                let lease = try await runners.lease(workspace: "", directory: directory)
                defer { lease.release() }
                try await lease.server.dispose(directory)
            }
            stale.remove(directory)
        } catch {
            log.warning(
                "the agent did not read its new configuration yet: \(Fault(error).message)",
                ["directory": LogValue(directory)])
        }
    }
}

extension Runs {
    /// Whether a turn is under way in a directory.
    func isAtWork(in directory: String) -> Bool {
        live.values.contains { $0.record.order.input.directory == directory && $0.record.state != .queued }
    }
}
