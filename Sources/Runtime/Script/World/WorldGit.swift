/// Repositories and worktrees, as scripts see them: `host.Repo`, `host.Worktree` and what is told of the work in them.
@Loop
public protocol WorldGit: AnyObject {
    // The cache.
    func repos() async throws -> [JSONValue]
    func repo(_ name: String) async throws -> JSONValue
    func clone(
        _ name: String, depth: Int?, filter: String?, onProgress: @escaping @Loop (GitProgress) -> Void
    ) async throws -> JSONValue
    func fetch(_ name: String) async throws -> JSONValue
    func branches(of name: String) async throws -> [JSONValue]
    func show(_ name: String, path: String, at revision: String?) async throws -> [UInt8]
    func pinRepo(_ name: String, _ isPinned: Bool) async throws
    func removeRepo(_ name: String) async throws
    func listed(_ query: WorldRepoQuery) async throws -> [JSONValue]

    // Worktrees.
    func worktrees(_ query: WorldWorktreeQuery) async throws -> [JSONValue]
    func worktree(_ id: String) async throws -> JSONValue
    func addWorktree(_ order: WorldWorktreeOrder) async throws -> JSONValue
    func removeWorktree(_ id: String, isForced: Bool) async throws -> Int64
    func pinWorktree(_ id: String, _ isPinned: Bool) async throws
    func status(of id: String) async throws -> JSONValue
    func diff(of id: String, against: String, limit: Int) async throws -> JSONValue
    func log(of id: String, limit: Int) async throws -> [JSONValue]
    func commit(_ id: String, message: String, name: String?, email: String?) async throws -> JSONValue
    func push(_ id: String, _ order: WorldPush) async throws -> JSONValue
    func openPullRequest(_ id: String, _ order: WorldPullRequest) async throws -> JSONValue
}

/// Which worktrees to list.
public struct WorldWorktreeQuery: Sendable, Equatable {
    public var repo: String?
    public var user: String?
    /// Those that nobody has used for so long.
    public var unusedFor: Duration?
    public var after = ""
    public var limit = 1000

    public init() {}
}

/// A worktree that is wanted.
public struct WorldWorktreeOrder: Sendable, Equatable {
    public var repo: String
    public var id: String
    public var user: String?
    public var branch: String?

    public init(repo: String, id: String) {
        self.repo = repo
        self.id = id
    }
}

/// Which of a user's repositories on the server to list.
public struct WorldRepoQuery: Sendable, Equatable {
    public var user: String?
    public var words = ""

    public init() {}
}

/// A push that is wanted.
public struct WorldPush: Sendable, Equatable {
    public var branch: String?
    /// `own`, `base` or `default`, instead of a branch's name.
    public var to: String?
    public var isForced = false
    public var isRebased = false

    public init() {}
}

/// A pull request that is wanted.
public struct WorldPullRequest: Sendable, Equatable {
    public var title: String?
    public var body: String?
    public var base: String?
    public var isDraft = false

    public init() {}
}
