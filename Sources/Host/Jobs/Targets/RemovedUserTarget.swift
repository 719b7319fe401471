import Glibc
import Runtime

/// What a removed user left, after its grace: the directories go to the trash, everything else is deleted.
@Loop
final class RemovedUserTarget: GCTarget {
    let kind = "removed_user"
    private let store: Store
    private let trash: Trash
    /// The roots that directories of users lie in, as the trash knows them.
    private let roots: [FileRoot]
    private let onForgotten: (_ user: String) -> Void
    private nonisolated static let groupSize = 100
    private nonisolated static let day: Int64 = 86_400_000

    init(
        _ store: Store, _ trash: Trash, roots: [FileRoot], onForgotten: @escaping (_ user: String) -> Void = { _ in }
    ) {
        self.store = store
        self.trash = trash
        self.roots = roots
        self.onForgotten = onForgotten
    }

    func check(_ item: PlanEntry) async throws -> GCVerdict {
        let id = item.id
        guard let removal = try await store.read({ try $0.first(UsersQueries.removed, id) }) else { return .gone }
        return item.stamp == String(removal.state.removedAt ?? 0) ? .removable : .stays("it is another removal")
    }

    func remove(_ item: PlanEntry) async throws -> Int64 {
        let id = item.id
        guard let removal = try await store.read({ try $0.first(UsersQueries.removed, id) }) else { return 0 }
        for root in roots where access("\(root.path)/\(UserRemoval.aside)/\(id)", F_OK) == 0 {
            try await trash.remove([UserRemoval.aside, id], in: root)
        }
        try await forget(removal)
        // What is in the trash takes its place until that is emptied.
        return 0
    }

    private func forget(_ removal: RemovedUser) async throws {
        let (user, moment) = (removal.state.user, removal.state.removedAt ?? 0)
        while true {
            let count = try await store.write { transaction in
                let runs = try transaction.all(UsersQueries.runs, user, moment, RemovedUserTarget.groupSize)
                for run in runs {
                    try transaction.run(UsersQueries.unpin, run)
                    try transaction.run(RunsQueries.dropEvents, run)
                    try transaction.run(RunsQueries.dropAsks, run)
                    try transaction.run(RunsQueries.dropDecisions, run)
                    try transaction.run(RunsQueries.drop, run)
                }
                return runs.count
            }
            if count < RemovedUserTarget.groupSize { break }
        }
        let day = moment / RemovedUserTarget.day * RemovedUserTarget.day
        try await store.write { transaction in
            try transaction.run(UsersQueries.forgetUsage, user, day)
            try transaction.run(UsersQueries.forgetKeys, user, moment + RemovedUserTarget.day)
            try transaction.run(UsersQueries.dropRemoved, removal.state.id)
        }
        onForgotten(user)
    }
}
