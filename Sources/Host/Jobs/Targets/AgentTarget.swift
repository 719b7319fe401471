import Runtime

/// Agents of workspaces that nobody has used for long, so that their configurations do not grow for ever. The next turn
/// with one enters it again.
@Loop
final class AgentTarget: GCTarget {
    let kind = "agent"
    private let store: Store
    private let isBusy: (_ workspace: String, _ agent: String) -> Bool
    private let forget: @Loop (_ workspace: String, _ agent: String) async throws -> Void

    init(
        _ store: Store, isBusy: @escaping (_ workspace: String, _ agent: String) -> Bool,
        forget: @escaping @Loop (_ workspace: String, _ agent: String) async throws -> Void
    ) {
        self.store = store
        self.isBusy = isBusy
        self.forget = forget
    }

    func check(_ item: PlanEntry) async throws -> GCVerdict {
        let (workspace, agent) = AgentTarget.place(item.id)
        guard let used = try await store.read({ try $0.first(AgentQueries.usedAt, workspace, agent) }) else {
            return .gone
        }
        if item.stamp != String(used) { return .stays("it was used since") }
        return isBusy(workspace, agent) ? .stays("a run is at work with it") : .removable
    }

    func remove(_ item: PlanEntry) async throws -> Int64 {
        let (workspace, agent) = AgentTarget.place(item.id)
        try await forget(workspace, agent)
        return 0
    }

    /// The id of a workspace has no slash.
    private static func place(_ id: String) -> (workspace: String, agent: String) {
        let parts = id.split(separator: "/", maxSplits: 1).map(String.init)
        return (parts.first ?? "", parts.count > 1 ? parts[1] : "")
    }
}
