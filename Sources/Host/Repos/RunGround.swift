import Runtime

/// Gives runs that want a repository their worktree, before an agent begins there.
@Loop
final class RunGround {
    private let house: RepoHouse
    private let workspaces: Workspaces
    /// Told when the agent's configuration in a directory has changed.
    private let onConfigured: (_ directory: String) -> Void

    init(_ house: RepoHouse, _ workspaces: Workspaces, onConfigured: @escaping (_ directory: String) -> Void) {
        self.house = house
        self.workspaces = workspaces
        self.onConfigured = onConfigured
    }

    /// Returns with the worktree in its place, and held until the lease is given back; nil for a run that wants none. One
    /// that was lost is made again.
    func prepare(_ run: RunRecord, tell: @escaping @Loop (String) -> Void) async throws -> WorktreeLease? {
        guard let wanted = run.order.input.worktree else { return nil }
        let workspace = try await workspaces.get(run.order.workspace).workspace
        let record = try await make(wanted, in: nil, run, workspace, tell)
        let leases = Leases()
        leases.add(house.worktrees.lease(record))
        do {
            guard record.path == run.order.input.directory else {
                throw Fault(.conflict, "the worktree \(record.id) is not where the run wants to work")
            }
            for inner in wanted.inner ?? [] {
                try await house.worktrees.makeRoom(for: inner.place, in: record)
                leases.add(house.worktrees.lease(try await make(inner, in: record, run, workspace, tell)))
            }
            if try await house.worktrees.configure(record, from: workspace) { onConfigured(record.path) }
            return WorktreeLease { leases.release() }
        } catch {
            leases.release()
            throw error
        }
    }

    @Loop
    private final class Leases {
        private var all: [WorktreeLease] = []
        func add(_ lease: WorktreeLease) { all.append(lease) }
        func release() { for lease in all { lease.release() } }
    }

    private func make(
        _ wanted: WantedWorktree, in holder: WorktreeRecord?, _ run: RunRecord, _ workspace: Workspace,
        _ tell: @escaping @Loop (String) -> Void
    ) async throws -> WorktreeRecord {
        let name = try RepoName(wanted.repo)
        let login = try await house.login(for: name, workspace, isManager: false)
        var order = WorktreeOrder(repo: name, id: try WorktreeID(wanted.id), workspace: workspace)
        order.base = try wanted.branch.map { try BranchName($0) }
        order.chat = run.order.chat
        order.run = run.id
        order.holder = holder
        var isFresh = false
        if try await house.worktrees.find(order.id) == nil {
            tell("Getting \(name)")
            isFresh = try await house.repos.clone(name, login: login) { progress in
                tell("Getting \(name): \(progress.phase.lowercased()), \(progress.percent) %")
            }.isNew
            tell("Making a worktree of \(name)")
        }
        return try await house.worktrees.make(
            order, login: login, author: house.settings.author, isFresh: isFresh
        ).record
    }

    /// Counts as use again when the run has ended: from then on it is left alone.
    func ended(_ run: RunRecord) async {
        guard let wanted = run.order.input.worktree else { return }
        do {
            for one in [wanted] + (wanted.inner ?? []) {
                guard let record = try await house.worktrees.find(WorktreeID(one.id)) else { continue }
                try await house.worktrees.noteUse(record, run: run.id)
            }
        } catch {
            house.worktrees.log.info("a worktree's use is not noted: \(Fault(error).message)")
        }
    }
}
