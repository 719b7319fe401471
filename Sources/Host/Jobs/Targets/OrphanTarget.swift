import Runtime

/// What was started by this state directory as a runner, and is known to nobody any more.
@Loop
final class OrphanTarget: GCTarget {
    let kind = "orphan"
    private let runners: any WorldRunners
    /// One listing serves for a while: a plan may have a thousand items. Who is ended is looked at again by its identity.
    private var listed: (found: [String: RunnerFinding], until: Instant)?
    private static let freshness = Duration.seconds(5)

    init(_ runners: any WorldRunners) { self.runners = runners }

    func check(_ item: PlanEntry) async throws -> GCVerdict {
        guard let found = try await finding(item.id) else { return .gone }
        switch found.standing {
        case .orphan: return .removable
        case .known: return .stays("it is in the book of runners")
        case .foreign: return .stays("another Perigee started it")
        }
    }

    func remove(_ item: PlanEntry) async throws -> Int64 {
        try await runners.end(orphan: item.id)
        return 0
    }

    private func finding(_ identity: String) async throws -> RunnerFinding? {
        if let listed, Instant.clock < listed.until { return listed.found[identity] }
        let all = try await runners.found()
        let found = Dictionary(all.map { ($0.identity, $0) }) { first, _ in first }
        listed = (found, Instant.clock + OrphanTarget.freshness)
        return found[identity]
    }
}
