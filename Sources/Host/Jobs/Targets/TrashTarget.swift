import Runtime

/// What was removed and can still come back, until now.
@Loop
final class TrashTarget: GCTarget {
    let kind = "trash"
    private let trash: Trash

    init(_ trash: Trash) { self.trash = trash }

    func check(_ item: PlanEntry) async throws -> GCVerdict {
        guard let found = try await trash.find(item.id) else { return .gone }
        guard let stamp = item.stamp else { return .stays("the plan does not say which state of it was meant") }
        return found.stamp == stamp ? .removable : .stays("it has changed since the plan was made")
    }

    func remove(_ item: PlanEntry) async throws -> Int64 {
        Int64(try await trash.purge(item.id, stamp: item.stamp ?? "").bytes)
    }
}
