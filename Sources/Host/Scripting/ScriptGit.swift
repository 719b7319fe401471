import Runtime

/// `host.git` and `host.repos`: repositories and worktrees in the forms that scripts know. Scripts speak for the owner;
/// where they name a user, that user's own token comes first.
@Loop
final class ScriptGit: WorldGit {
    private let house: RepoHouse
    private let workspaces: Workspaces
    /// What a worktree held when it was last measured.
    var size: (_ id: String) -> Int64? = { _ in nil }

    init(_ house: RepoHouse, _ workspaces: Workspaces) {
        self.house = house
        self.workspaces = workspaces
    }

    private var cache: Repos { house.repos }

    private func login(_ name: RepoName, _ user: String? = nil) async throws -> GitLogin? {
        try await house.login(for: name, workspace(of: user), isManager: true)
    }

    private func workspace(of user: String?) async throws -> Workspace? {
        guard let user, !user.isEmpty else { return nil }
        return try await workspaces.workspace(for: user, source: .script)
    }

    // MARK: the cache

    func repos() async throws -> [JSONValue] {
        var shown: [JSONValue] = []
        for repo in try await cache.list() where repo.state == .ready { shown.append(try await value(repo)) }
        return shown
    }

    func repo(_ name: String) async throws -> JSONValue { try await value(cache.get(RepoName(name))) }

    func clone(
        _ name: String, depth: Int?, filter: String?, onProgress: @escaping @Loop (GitProgress) -> Void
    ) async throws -> JSONValue {
        let name = try RepoName(name)
        return try await value(
            cache.clone(
                name, login: login(name), depth: depth, filter: filter.flatMap { RepoFilter(rawValue: $0) },
                onProgress: onProgress
            ).repo)
    }

    func fetch(_ name: String) async throws -> JSONValue {
        let name = try RepoName(name)
        return try await value(cache.fetch(name, login: login(name)))
    }

    func show(_ name: String, path: String, at revision: String?) async throws -> [UInt8] {
        let repo = try await cache.get(RepoName(name))
        let repository = GitRepository(cache.git, cache.places.repo(repo.folder))
        let named = revision ?? repo.defaultBranch ?? "HEAD"
        guard let commit = try await repository.resolve(named) else {
            throw Fault(.notFound, "the repository \(repo.name) has no \"\(named)\"")
        }
        return try await cache.show(path, of: repo, at: commit) { try await login(repo.name) }
    }

    func pinRepo(_ name: String, _ isPinned: Bool) async throws { try await cache.pin(RepoName(name), isPinned) }

    func removeRepo(_ name: String) async throws { try await cache.remove(RepoName(name)) }

    func listed(_ query: WorldRepoQuery) async throws -> [JSONValue] {
        let workspace = try await workspace(of: query.user)
        guard let token = try await house.token(of: workspace, isManager: query.user == nil) else {
            throw Fault(.unauthenticated, "there is no token for GitHub", hint: "set GITHUB_TOKEN")
        }
        return GitHub.search(try await house.github.repositories(token), query.words).map { repo in
            [
                "full_name": .string(repo.fullName), "description": .string(repo.description),
                "private": .bool(repo.isPrivate), "default_branch": .string(repo.defaultBranch),
            ]
        }
    }

    func branches(of name: String) async throws -> [JSONValue] {
        let repo = try await cache.get(RepoName(name))
        var trees: [String: String] = [:]
        for tree in try await house.worktrees.all() where tree.repo.id == repo.name.id {
            trees[tree.branch] = tree.id.text
        }
        return try await cache.branches(of: repo).map { branch in
            var shown: JSONObject = [
                "kind": "branch", "id": .string("\(repo.name) \(branch.name)"),
                "label": .string("\(branch.name) of \(repo.name)"), "name": .string(branch.name),
                "repo": .string(repo.name.description), "commit": .string(branch.commit),
                "merged": .bool(branch.isMerged), "default": .bool(branch.name == repo.defaultBranch),
                "at": .number(Double(branch.at)), "stamp": .string(branch.commit),
            ]
            shown["worktree"] = trees[branch.name].map { .string($0) }
            return .object(shown)
        }
    }

    private func value(_ repo: RepoRecord) async throws -> JSONValue {
        let name = repo.name.description
        var shown: JSONObject = [
            "kind": "repo", "id": .string(name), "label": .string(name), "name": .string(name),
            "bytes": .integer(Int64(repo.bytes)),
            "worktrees": .integer(Int64(try await cache.worktreeCount(repo.name))), "pinned": .bool(repo.isPinned),
            "created": .number(Double(repo.createdAt) / 1000), "last_used": .number(Double(repo.usedAt) / 1000),
            "stamp": .string(String(repo.usedAt)),
        ]
        shown["default_branch"] = repo.defaultBranch.map { .string($0) }
        shown["fetched"] = repo.fetchedAt.map { .number(Double($0) / 1000) }
        return .object(shown)
    }

    // MARK: worktrees

    /// So many at once are no long turn of the loop.
    private static let pageSize = 500

    func worktrees(_ query: WorldWorktreeQuery) async throws -> [JSONValue] {
        let before = query.unusedFor.map { cache.now() - Int64($0 / .milliseconds(1)) }
        let repo = try query.repo.map { try RepoName($0).id }
        var found: [JSONValue] = []
        var after = query.after
        while found.count < query.limit {
            let page = try await house.worktrees.list(of: query.user, after: after, limit: ScriptGit.pageSize)
            for tree in page where found.count < query.limit && tree.state == .ready {
                guard repo == nil || tree.repo.id == repo, before.map({ tree.usedAt <= $0 }) ?? true else { continue }
                found.append(value(tree))
            }
            guard page.count == ScriptGit.pageSize, let last = page.last else { break }
            after = last.id.text
        }
        return found
    }

    func worktree(_ id: String) async throws -> JSONValue { try await value(tree(id)) }

    func addWorktree(_ wanted: WorldWorktreeOrder) async throws -> JSONValue {
        let name = try RepoName(wanted.repo)
        var order = WorktreeOrder(
            repo: name, id: try WorktreeID(wanted.id), workspace: try await workspace(of: wanted.user))
        order.base = try wanted.branch.map { try BranchName($0) }
        let login = try await login(name, wanted.user)
        let isFresh = try await cache.clone(name, login: login).isNew
        return value(
            try await house.worktrees.make(order, login: login, author: house.settings.author, isFresh: isFresh).record)
    }

    func removeWorktree(_ id: String, isForced: Bool) async throws -> Int64 {
        try await house.worktrees.remove(WorktreeID(id), isForced: isForced)
    }

    func pinWorktree(_ id: String, _ isPinned: Bool) async throws {
        try await house.worktrees.pin(tree(id), isPinned)
    }

    func status(of id: String) async throws -> JSONValue {
        // A plan that was made with what was known is looked at again when it is applied.
        .object(try await house.worktrees.standing(tree(id), again: false).shown)
    }

    func diff(of id: String, against: String, limit: Int) async throws -> JSONValue {
        let against = Desk.Against(rawValue: against) ?? .base
        return .object(try await desk(id).diff(against: against, limit: limit).shown)
    }

    func log(of id: String, limit: Int) async throws -> [JSONValue] {
        try await desk(id).log(limit: limit).map(ScriptGit.value)
    }

    func commit(_ id: String, message: String, name: String?, email: String?) async throws -> JSONValue {
        let usual = house.settings.author
        let author = GitAuthor(name: name ?? usual.name, email: email ?? usual.email)
        let tree = try await tree(id)
        let lease = house.worktrees.lease(tree)
        defer { lease.release() }
        let commit = try await house.worktrees.desk(tree).commit(message, by: author)
        try await house.worktrees.noteUse(tree)
        return ScriptGit.value(commit)
    }

    /// Scripts are the owner's policy themselves: no hook is asked.
    func push(_ id: String, _ wanted: WorldPush) async throws -> JSONValue {
        let tree = try await tree(id)
        var wish = PushWish()
        wish.to = wanted.to.flatMap { PushWish.Target(rawValue: $0) }
        wish.branch = try wanted.branch.map { try BranchName($0) }
        wish.isForced = wanted.isForced
        wish.isRebased = wanted.isRebased
        try wish.check()
        let main = try await cache.get(tree.repo).defaultBranch ?? tree.baseBranch
        var order = PushOrder(
            branch: try wish.branch ?? BranchName(RepoHouse.branch(wish.to ?? .own, of: tree, main)),
            committer: house.settings.author)
        order.isForced = wish.isForced
        order.isRebased = wanted.isRebased
        order.login = try await login(tree.repo, tree.user)
        var shown = try await house.push(tree, order).shown(tree)
        for field in ["status", "repo"] { shown[field] = nil }
        return .object(shown)
    }

    func openPullRequest(_ id: String, _ wanted: WorldPullRequest) async throws -> JSONValue {
        let tree = try await tree(id)
        guard let token = try await house.token(of: workspace(of: tree.user), isManager: true) else {
            throw Fault(.unauthenticated, "there is no token for GitHub", hint: "set GITHUB_TOKEN")
        }
        var order = GitHub.PullOrder(
            title: wanted.title ?? "", head: tree.branch, base: try BranchName(wanted.base ?? tree.baseBranch).text)
        order.body = wanted.body ?? ""
        order.isDraft = wanted.isDraft
        let pull = try await house.openPullRequest(
            order, of: tree, login: login(tree.repo, tree.user), token: token)
        return ["number": .integer(Int64(pull.number)), "url": .string(pull.url), "new": .bool(pull.isNew)]
    }

    private func tree(_ id: String) async throws -> WorktreeRecord { try await house.worktrees.get(WorktreeID(id)) }

    private func desk(_ id: String) async throws -> Desk { try await house.worktrees.desk(tree(id)) }

    private static func value(_ commit: GitCommit) -> JSONValue {
        var shown = commit.shown
        shown["at"] = .number(Double(commit.at))
        return .object(shown)
    }

    private func value(_ tree: WorktreeRecord) -> JSONValue {
        var shown: JSONObject = [
            "kind": "worktree", "id": .string(tree.id.text), "label": .string("\(tree.repo) \(tree.id)"),
            "repo": .string(tree.repo.description), "path": .string(tree.path), "branch": .string(tree.branch),
            "base": .string(tree.base), "pinned": .bool(tree.isPinned),
            "busy": .bool(house.worktrees.isBusy(tree)), "created": .number(Double(tree.createdAt) / 1000),
            "last_used": .number(Double(tree.usedAt) / 1000), "stamp": .string(tree.stamp),
        ]
        shown["bytes"] = size(tree.id.text).map { .integer($0) }
        if !tree.user.isEmpty { shown["user"] = .string(tree.user) }
        if !tree.workspace.isEmpty { shown["workspace"] = .string(tree.workspace) }
        for (field, text) in ["chat": tree.chat, "run": tree.run, "pull_request": tree.pullRequest] as KeyValuePairs {
            if let text { shown[field] = .string(text) }
        }
        return .object(shown)
    }
}
