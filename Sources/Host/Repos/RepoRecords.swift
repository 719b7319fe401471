import Runtime

/// Where a repository or a worktree stands. What is half made or half removed counts as none.
enum RepoState: String, Sendable, Storable {
    case cloning, ready, removing
}

enum WorktreeState: String, Sendable, Storable {
    case making, ready, removing
}

/// A repository in the cache. Times are milliseconds since the epoch.
struct RepoRecord: Sendable, Equatable {
    let name: RepoName
    /// Below the cache.
    let folder: String
    let state: RepoState
    let defaultBranch: String?
    let depth: Int?
    let filter: RepoFilter
    let bytes: Int
    let createdAt: Int64
    let fetchedAt: Int64?
    let usedAt: Int64
    let isPinned: Bool
}

/// A checkout for one chat or run.
struct WorktreeRecord: Sendable, Equatable {
    let id: WorktreeID
    let repo: RepoName
    /// Empty for one that no user owns.
    let user: String
    let workspace: String
    let folder: String
    let path: String
    let branch: String
    /// The commit that it began from, and the branch that had it.
    let base: String
    let baseBranch: String
    let chat: String?
    let run: String?
    let state: WorktreeState
    let pullRequest: String?
    let createdAt: Int64
    let usedAt: Int64
    let isPinned: Bool

    /// Known before anything of it is there. Two repositories whose names come to the same differ in the ids.
    static func folder(of repo: RepoName, _ id: WorktreeID) -> String { "\(repo.folder)__\(id)" }

    /// Changes when somebody works in it: a plan that was made with another is void.
    var stamp: String { "\(createdAt)-\(usedAt)" }
}

/// What is wanted of a new worktree.
struct WorktreeOrder: Sendable {
    var repo: RepoName
    var id: WorktreeID
    /// Nil for one that no user owns, which lies beside the cache.
    var workspace: Workspace?
    /// The branch to begin from; the repository's default one if nil.
    var base: BranchName?
    var chat: String?
    var run: String?
    /// The worktree in which it lies, as a directory with the repository's name.
    var holder: WorktreeRecord?

    var folder: String { holder.map { "\($0.folder)/\(repo.name)" } ?? WorktreeRecord.folder(of: repo, id) }
}
