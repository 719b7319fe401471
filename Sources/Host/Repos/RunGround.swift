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
        let name = try RepoName(wanted.repo)
        let workspace = try await workspaces.get(run.order.workspace).workspace
        let login = try await house.login(for: name, workspace, isManager: false)
        var order = WorktreeOrder(repo: name, id: try WorktreeID(wanted.id), workspace: workspace)
        order.base = try wanted.branch.map { try BranchName($0) }
        order.chat = run.order.chat
        order.run = run.id
        let known = try await house.worktrees.find(order.id)
        var isFresh = false
        if known == nil {
            tell("Getting \(name)")
            isFresh = try await house.repos.clone(name, login: login) { progress in
                tell("Getting \(name): \(progress.phase.lowercased()), \(progress.percent) %")
            }.isNew
            tell("Making a worktree of \(name)")
        }
        let (record, _) = try await house.worktrees.make(
            order, login: login, author: house.settings.author, isFresh: isFresh)
        let lease = house.worktrees.lease(record)
        do {
            guard record.path == run.order.input.directory else {
                throw Fault(.conflict, "the worktree \(record.id) is not where the run wants to work")
            }
            if try await house.worktrees.configure(record, from: workspace) { onConfigured(record.path) }
            return lease
        } catch {
            lease.release()
            throw error
        }
    }

    /// Counts as use again when the run has ended: from then on it is left alone.
    func ended(_ run: RunRecord) async {
        guard let wanted = run.order.input.worktree else { return }
        do {
            guard let record = try await house.worktrees.find(WorktreeID(wanted.id)) else { return }
            try await house.worktrees.noteUse(record, run: run.id)
        } catch {
            house.worktrees.log.info("a worktree's use is not noted: \(Fault(error).message)")
        }
    }
}

extension Worktrees {
    /// Puts the workspace's configuration of the agent where the agent looks in a worktree, unless the repository has such
    /// a file of its own; true when it changed. Git passes over it on both sides.
    func configure(_ record: WorktreeRecord, from workspace: Workspace) async throws -> Bool {
        let desk = try await desk(record)
        let path = "\(AgentConfig.folder)/\(AgentConfig.file)"
        let isTracked = try await desk.git.attempt(
            desk.repository.call(["cat-file", "-e", "\(Desk.base):\(path)"]))
        if isTracked.code == 0 {
            log.info("the repository has its own \(path)", ["worktree": LogValue(record.id.text)])
            return false
        }
        let (agent, directory) = (desk.agent, workspace.directory)
        return try await BlockingPool.shared.run("the agent's configuration in \(record.id)") {
            guard let wanted = try GuardedFolder.root(directory).read(AgentConfig.file, limit: ConfigPlan.limit),
                let folder = try agent.tree().folder(AgentConfig.folder, creating: true)
            else { return false }
            if try folder.read(AgentConfig.file, limit: ConfigPlan.limit) == wanted { return false }
            try folder.write(wanted, to: AgentConfig.file)
            return true
        }
    }
}
