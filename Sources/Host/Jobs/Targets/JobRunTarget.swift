import Runtime

/// Entries of the history of jobs.
@Loop
final class JobRunTarget: GCTarget {
    let kind = "job_run"
    private let store: Store

    init(_ store: Store) { self.store = store }

    func check(_ item: PlanEntry) async throws -> GCVerdict {
        guard let id = Int64(item.id) else { return .gone }
        guard let (hasEnded, isNewest) = try await store.read({ try $0.first(JobsQueries.standing, id) }) else {
            return .gone
        }
        guard hasEnded else { return .stays("it has not ended") }
        return isNewest ? .stays("it is the newest of its job") : .removable
    }

    func remove(_ item: PlanEntry) async throws -> Int64 {
        guard let id = Int64(item.id) else { return 0 }
        try await store.write { try $0.run(JobsQueries.forget, id) }
        return 0
    }
}
