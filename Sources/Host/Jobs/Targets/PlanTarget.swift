import Runtime

/// Stored plans that have been applied or are too old to be.
@Loop
final class PlanTarget: GCTarget {
    let kind = "plan"
    private let store: Store

    init(_ store: Store) { self.store = store }

    func check(_ item: PlanEntry) async throws -> GCVerdict {
        guard let id = Int64(item.id) else { return .gone }
        let (plan, newest) = try await store.read { snapshot in
            (try snapshot.first(PlansQueries.plan, id), try snapshot.one(PlansQueries.newest))
        }
        guard let plan else { return .gone }
        // The number of the newest must never be given out again.
        if id == newest { return .stays("it is the newest plan") }
        switch plan.state {
        case .applied, .expired: return .removable
        case .building, .open: return .stays("it may still be applied")
        case .applying: return .stays("it is being applied")
        }
    }

    func remove(_ item: PlanEntry) async throws -> Int64 {
        guard let id = Int64(item.id) else { return 0 }
        try await store.write { transaction in
            try transaction.run(PlansQueries.dropItems, id)
            try transaction.run(PlansQueries.drop, id)
        }
        return 0
    }
}
