import Runtime

/// Runners that are up and that nobody is on.
@Loop
final class RunnerTarget: GCTarget {
    let kind = "runner"
    private let runners: any WorldRunners

    init(_ runners: any WorldRunners) { self.runners = runners }

    func check(_ item: PlanEntry) async throws -> GCVerdict {
        guard let runner = runners.list().first(where: { $0.name == item.id }) else { return .gone }
        guard runner.mode != RunnerMode.shared.rawValue else { return .stays("it is not ours") }
        // The name is the same after a restart; what it stands for is not.
        guard item.stamp == nil || item.stamp == runner.identity else { return .stays("it was started anew meanwhile") }
        if runner.leases > 0 { return .stays("somebody is on it") }
        switch runner.life {
        case .ready, .failed: return .removable
        case .absent: return .gone
        case .starting, .draining, .stopping: return .stays("it is \(runner.life.rawValue)")
        }
    }

    func remove(_ item: PlanEntry) async throws -> Int64 {
        try await runners.stop(item.id)
        return 0
    }
}
