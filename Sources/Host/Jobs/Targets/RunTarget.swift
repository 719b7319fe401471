import Runtime

/// Runs that have ended, with their events, asks and decisions.
@Loop
final class RunTarget: GCTarget {
    let kind = "run"
    private let store: Store

    init(_ store: Store) { self.store = store }

    func check(_ item: PlanEntry) async throws -> GCVerdict {
        let id = item.id
        let (standing, isPinned) = try await store.read { snapshot in
            (try snapshot.first(RunsQueries.standing, id), try snapshot.first(RunsQueries.isPinned, id) != nil)
        }
        guard let endedAt = standing else { return .gone }
        if isPinned { return .stays("it is pinned") }
        return endedAt == nil ? .stays("it has not ended") : .removable
    }

    func remove(_ item: PlanEntry) async throws -> Int64 {
        let id = item.id
        return try await store.write { transaction in
            // Looked at again here: what has not ended, or was pinned meanwhile, keeps all it has.
            guard let endedAt = try transaction.first(RunsQueries.standing, id), endedAt != nil,
                try transaction.first(RunsQueries.isPinned, id) == nil
            else { return 0 }
            return try StoredRun.remove(id, transaction)
        }
    }
}
