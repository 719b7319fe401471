import Runtime

extension RepoHouse {
    var targets: [any GCTarget] { [WorktreeTarget(worktrees), RepoTarget(repos), BranchTarget(self)] }
}

/// Worktrees that nobody uses. Whatever the plan said, one with work that nobody else has stays, and so does one that is in
/// use, was used since, or was begun just now.
@Loop
final class WorktreeTarget: GCTarget {
    let kind = "worktree"
    private let worktrees: Worktrees

    init(_ worktrees: Worktrees) { self.worktrees = worktrees }

    func check(_ item: PlanEntry) async throws -> GCVerdict {
        guard let record = try await worktrees.find(WorktreeID(item.id)) else { return .gone }
        return try await obstacle(record, item).map { .stays($0) } ?? .removable
    }

    func remove(_ item: PlanEntry) async throws -> Int64 {
        try await worktrees.remove(WorktreeID(item.id), unless: { try await self.obstacle($0, item) })
    }

    private func obstacle(_ record: WorktreeRecord, _ item: PlanEntry) async throws -> String? {
        if record.state != .ready { return "it is \(record.state.rawValue)" }
        if record.isPinned { return "it is pinned" }
        if worktrees.isBusy(record) { return "somebody is at work in it" }
        if worktrees.repos.now() - max(record.usedAt, record.createdAt) < Worktrees.grace { return "it was just used" }
        guard item.stamp == record.stamp else { return "it was used since the plan was made" }
        if let inner = try await worktrees.inner(of: record).first { return "the worktree \(inner.id) lies in it" }
        return try await worktrees.standing(record).reason
    }
}

/// Repositories of the cache that no worktree is made of. They can be cloned again.
@Loop
final class RepoTarget: GCTarget {
    let kind = "repo"
    private let repos: Repos

    init(_ repos: Repos) { self.repos = repos }

    func check(_ item: PlanEntry) async throws -> GCVerdict {
        guard let repo = try await repos.find(RepoName(item.id)) else { return .gone }
        if repo.isPinned { return .stays("it is pinned") }
        guard item.stamp == nil || item.stamp == String(repo.usedAt) else {
            return .stays("it was used since the plan was made")
        }
        let count = try await repos.worktreeCount(repo.name)
        return count == 0 ? .removable : .stays("\(count) worktrees are made of it")
    }

    func remove(_ item: PlanEntry) async throws -> Int64 {
        let name = try RepoName(item.id)
        let bytes = try await repos.get(name).bytes
        try await repos.remove(name)
        return Int64(bytes)
    }
}

/// Branches on the other side that worktrees left there and that are merged. Only those that Perigee made: `perigee/…`.
@Loop
final class BranchTarget: GCTarget {
    let kind = "branch"
    private let house: RepoHouse

    init(_ house: RepoHouse) { self.house = house }

    func check(_ item: PlanEntry) async throws -> GCVerdict {
        let (name, wanted) = try named(item)
        let repo = try await house.repos.fetch(name, login: house.login(for: name, nil, isManager: true))
        guard let branch = try await house.repos.branches(of: repo).first(where: { $0.name == wanted }) else {
            return .gone
        }
        if !branch.name.hasPrefix("perigee/") { return .stays("Perigee did not make it") }
        if branch.name == repo.defaultBranch { return .stays("it is the default branch") }
        guard item.stamp == nil || item.stamp == branch.commit else {
            return .stays("it has moved since the plan was made")
        }
        if !branch.isMerged { return .stays("it is not merged") }
        let isUsed = try await house.worktrees.all().contains { $0.repo.id == name.id && $0.branch == branch.name }
        return isUsed ? .stays("its worktree is still there") : .removable
    }

    func remove(_ item: PlanEntry) async throws -> Int64 {
        let (name, wanted) = try named(item)
        let repo = try await house.repos.get(name)
        guard let branch = try await house.repos.branches(of: repo).first(where: { $0.name == wanted }) else {
            return 0
        }
        let login = try await house.login(for: name, nil, isManager: true)
        try await house.repos.removeBranch(branch, of: name, login: login)
        return 0
    }

    private func named(_ item: PlanEntry) throws -> (RepoName, String) {
        let words = item.id.split(separator: " ", maxSplits: 1).map(String.init)
        guard words.count == 2 else { throw Fault(.invalidInput, "\"\(item.id)\" names no branch of a repository") }
        return (try RepoName(words[0]), words[1])
    }
}
