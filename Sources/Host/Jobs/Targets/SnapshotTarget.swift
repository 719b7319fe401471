import Glibc
import Runtime

/// What an agent keeps to undo its changes, and what its upkeep left. The agent makes another when it needs one, so it goes
/// for good; changes of before can then not be undone by the agent.
@Loop
final class SnapshotTarget: GCTarget {
    let kind: String
    private let item: SnapshotItem.Kind
    private let places: SnapshotPlaces
    private let isBusy: (_ workspace: String) -> Bool
    private let now: @Loop () -> Int64

    init(
        _ kind: SnapshotItem.Kind, _ places: SnapshotPlaces, isBusy: @escaping (_ workspace: String) -> Bool,
        now: @escaping @Loop () -> Int64
    ) {
        self.kind = kind.rawValue
        item = kind
        self.places = places
        self.isBusy = isBusy
        self.now = now
    }

    func check(_ entry: PlanEntry) async throws -> GCVerdict {
        guard let found = try await find(entry.id), found.kind == item else { return .gone }
        if isBusy(found.workspace) { return .stays("somebody is at work there") }
        guard let stamp = entry.stamp else { return .stays("the plan does not say which state of it was meant") }
        return stamp == String(found.changedAt) ? .removable : .stays("it was used since")
    }

    func remove(_ entry: PlanEntry) async throws -> Int64 {
        guard let found = try await find(entry.id), found.kind == item, !isBusy(found.workspace) else { return 0 }
        let path = places.path(entry.id)
        let bytes =
            found.bytes > 0 ? found.bytes : try await DirectoryUsage(counting: path).bytes
        if isBusy(found.workspace) { throw Fault(.conflict, "\(entry.label): somebody has begun to work there") }
        try await TreeDeletion.delete(SnapshotPlaces.parts(entry.id), in: places.root)
        return bytes
    }

    private func find(_ id: String) async throws -> SnapshotPlaces.Found? {
        let (places, moment) = (places, now())
        return try await BlockingPool.shared.run("a snapshot") { places.find(id, now: moment) }
    }
}
