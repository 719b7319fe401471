import LuaBridge

/// The repositories and worktrees of a spec: those that it says there are. What scripts did with them can be read back.
@Loop
final class FakeGit: WorldGit {
    private unowned let clock: any WorldClock
    private var cache: [String: JSONObject] = [:]
    private var trees: [String: JSONObject] = [:]
    private var standings: [String: JSONObject] = [:]
    private var known: [String: [JSONObject]] = [:]
    private var done: [String] = []

    init(clock: any WorldClock) { self.clock = clock }

    func begin() {
        (cache, trees, standings, known, done) = ([:], [:], [:], [:], [])
    }

    // MARK: the cache

    func repos() async throws -> [JSONValue] { cache.keys.sorted().compactMap { cache[$0].map { .object($0) } } }

    func repo(_ name: String) async throws -> JSONValue {
        guard let repo = cache[name] else { throw Fault(.notFound, "the repository \(name) is not cloned") }
        return .object(repo)
    }

    func clone(
        _ name: String, depth: Int?, filter: String?, onProgress: @escaping @Loop (GitProgress) -> Void
    ) async throws -> JSONValue {
        done.append("clone \(name)")
        if cache[name] == nil { putRepo(name, ago: .zero, bytes: 0, isPinned: false) }
        return try await repo(name)
    }

    func fetch(_ name: String) async throws -> JSONValue {
        done.append("fetch \(name)")
        return try await repo(name)
    }

    func branches(of name: String) async throws -> [JSONValue] { (known[name] ?? []).map { .object($0) } }

    func show(_ name: String, path: String, at revision: String?) async throws -> [UInt8] {
        throw Fault(.notFound, "there is no \(path) in this spec")
    }

    func pinRepo(_ name: String, _ isPinned: Bool) async throws {
        _ = try await repo(name)
        cache[name]?["pinned"] = .bool(isPinned)
    }

    func removeRepo(_ name: String) async throws {
        _ = try await repo(name)
        cache[name] = nil
        done.append("remove \(name)")
    }

    func listed(_ query: WorldRepoQuery) async throws -> [JSONValue] {
        cache.keys.sorted().filter { query.words.isEmpty || $0.contains(query.words) }.map { name in
            ["full_name": .string(name), "description": "", "private": false, "default_branch": "main"]
        }
    }

    // MARK: worktrees

    func worktrees(_ query: WorldWorktreeQuery) async throws -> [JSONValue] {
        let before = query.unusedFor.map { clock.now - $0 / .seconds(1) }
        return trees.keys.sorted().compactMap { trees[$0] }.filter { tree in
            (query.repo == nil || tree["repo"]?.string == query.repo)
                && (query.user == nil || tree["user"]?.string == query.user)
                && (before == nil || (tree["last_used"]?.number ?? 0) <= before!)
                && (tree["id"]?.string ?? "") > query.after
        }.prefix(query.limit).map { .object($0) }
    }

    func worktree(_ id: String) async throws -> JSONValue {
        guard let tree = trees[id] else { throw Fault(.notFound, "there is no worktree \(id)") }
        return .object(tree)
    }

    func addWorktree(_ order: WorldWorktreeOrder) async throws -> JSONValue {
        done.append("worktree_add \(order.id)")
        if trees[order.id] == nil { putTree(order.id, order.repo, user: order.user, ago: .zero) }
        return try await worktree(order.id)
    }

    func removeWorktree(_ id: String, isForced: Bool) async throws -> Int64 {
        _ = try await worktree(id)
        guard isForced || standings[id]?["removable"]?.bool != false else {
            throw Fault(.conflict, "the worktree \(id) has work that nobody else has")
        }
        trees[id] = nil
        done.append("worktree_remove \(id)")
        return 0
    }

    func pinWorktree(_ id: String, _ isPinned: Bool) async throws {
        _ = try await worktree(id)
        trees[id]?["pinned"] = .bool(isPinned)
    }

    func status(of id: String) async throws -> JSONValue {
        _ = try await worktree(id)
        guard let standing = standings[id] else { throw Fault(.unavailable, "the worktree \(id) cannot be read") }
        return .object(standing)
    }

    func diff(of id: String, against: String, limit: Int) async throws -> JSONValue {
        _ = try await worktree(id)
        return ["files": [], "patch": "", "cut": false]
    }

    func log(of id: String, limit: Int) async throws -> [JSONValue] {
        _ = try await worktree(id)
        return []
    }

    func commit(_ id: String, message: String, name: String?, email: String?) async throws -> JSONValue {
        _ = try await worktree(id)
        done.append("commit \(id): \(message)")
        standings[id]?["clean"] = true
        standings[id]?["uncommitted"] = 0
        return [
            "commit": .string(String(repeating: "0", count: 40)), "parents": [], "author": .string(name ?? "Perigee"),
            "email": .string(email ?? "perigee@localhost"), "at": .number(clock.now), "subject": .string(message),
        ]
    }

    func push(_ id: String, _ order: WorldPush) async throws -> JSONValue {
        let tree = try await worktree(id)
        done.append("push \(id)")
        standings[id]?["unpushed"] = 0
        let own = order.to == nil || order.to == "own" ? tree["branch"]?.string : "main"
        return [
            "branch": .string(order.branch ?? own ?? ""), "commit": .string(String(repeating: "0", count: 40)),
            "rebased": false,
        ]
    }

    func openPullRequest(_ id: String, _ order: WorldPullRequest) async throws -> JSONValue {
        _ = try await push(id, WorldPush())
        done.append("pull_request \(id)")
        return ["number": 1, "url": "https://example.com/pull/1", "new": true]
    }

    // MARK: what specs say

    private func putRepo(_ name: String, ago: Duration, bytes: Int, isPinned: Bool) {
        let used = clock.now - ago / .seconds(1)
        cache[name] = [
            "kind": "repo", "id": .string(name), "label": .string(name), "name": .string(name),
            "default_branch": "main", "bytes": .integer(Int64(bytes)),
            "worktrees": .integer(Int64(trees.values.count { $0["repo"]?.string == name })),
            "pinned": .bool(isPinned), "created": .number(used), "last_used": .number(used),
            "stamp": .string(String(Int64(used))),
        ]
    }

    private func putTree(_ id: String, _ repo: String, user: String?, ago: Duration) {
        let used = clock.now - ago / .seconds(1)
        trees[id] = [
            "kind": "worktree", "id": .string(id), "label": .string("\(repo) \(id)"), "repo": .string(repo),
            "path": .string("/worktrees/\(id)"), "branch": .string("perigee/\(id)"),
            "base": .string(String(repeating: "0", count: 40)), "pinned": false, "busy": false,
            "created": .number(used), "last_used": .number(used), "stamp": .string(String(Int64(used))),
        ]
        trees[id]?["user"] = user.map { .string($0) }
        put(standing: id, uncommitted: 0, unpushed: 0)
    }

    private func put(standing id: String, uncommitted: Int, unpushed: Int) {
        standings[id] = [
            "branch": .string("perigee/\(id)"), "clean": .bool(uncommitted == 0),
            "uncommitted": .integer(Int64(uncommitted)),
            "files": .array((0..<uncommitted).map { .string("file\($0).txt") }),
            "unpushed": .integer(Int64(unpushed)), "ahead": .integer(Int64(unpushed)),
            "removable": .bool(uncommitted == 0 && unpushed == 0),
        ]
    }

    private func put(tree: HostOptions) {
        let id = tree.text("id")!
        let repo = tree.text("repo") ?? "acme/app"
        putTree(id, repo, user: tree.text("user"), ago: tree.duration("ago") ?? .zero)
        trees[id]?["pinned"] = .bool(tree.bool("pinned") ?? false)
        trees[id]?["bytes"] = tree.size("bytes").map { .integer(Int64($0)) }
        trees[id]?["busy"] = .bool(tree.bool("busy") ?? false)
        put(
            standing: id, uncommitted: Int(tree.integer("uncommitted") ?? 0),
            unpushed: Int(tree.integer("unpushed") ?? 0))
        if tree.bool("unreadable") == true { standings[id] = nil }
    }

    private func put(branch: HostOptions) {
        let (repo, name) = (branch.text("repo")!, branch.text("name")!)
        let at = clock.now - (branch.duration("ago") ?? .zero) / .seconds(1)
        var entry: JSONObject = [
            "kind": "branch", "id": .string("\(repo) \(name)"), "label": .string("\(name) of \(repo)"),
            "name": .string(name), "repo": .string(repo), "commit": .string(String(repeating: "0", count: 40)),
            "merged": .bool(branch.bool("merged") ?? false), "default": .bool(name == "main"), "at": .number(at),
            "stamp": .string(String(repeating: "0", count: 40)),
        ]
        entry["worktree"] = branch.text("worktree").map { .string($0) }
        known[repo, default: []].append(entry)
    }
}

extension FakeGit {
    /// `fake.git`.
    var words: HostModule {
        HostModule(
            "git", "The repositories and worktrees that `host.git` and `host.repos` tell of.",
            [
                setting("repos", "Sets the repositories of the cache.", FakeGit.repo, #"{ { name = "acme/app" } }"#) {
                    [unowned self] repo in
                    putRepo(
                        repo.text("name")!, ago: repo.duration("ago") ?? .zero, bytes: repo.size("bytes") ?? 0,
                        isPinned: repo.bool("pinned") ?? false)
                },
                setting("worktrees", "Sets the worktrees.", FakeGit.tree, #"{ { id = "old", ago = "20d" } }"#) {
                    [unowned self] tree in put(tree: tree)
                },
                setting(
                    "branches", "Sets the branches of repositories of the cache.", FakeGit.branch,
                    #"{ { repo = "acme/app", name = "perigee/x", merged = true } }"#
                ) { [unowned self] branch in put(branch: branch) },
                HostFunction(
                    "done", "Lists what scripts did, as \"verb subject\".",
                    results: [.required("done", .list(.text()), "In order.")],
                    example: "expect(fake.git.done()).equals { \"push t1\" }"
                ) { [unowned self] _ in .array(done.map { .string($0) }) },
            ])
    }

    private func setting(
        _ name: String, _ summary: String, _ record: Record, _ example: String,
        _ put: @escaping (HostOptions) -> Void
    ) -> HostFunction {
        HostFunction(
            name, summary, [.required("all", .list(.record(record)), "All of them.")],
            example: "fake.git.\(name) \(example)"
        ) { call in
            for one in call["all"].elements.map(HostOptions.init) { put(one) }
            return .nil
        }
    }

    private static let repo = Record(
        "fake.Repo", "A repository of the cache.",
        [
            .required("name", .text(), "owner/name."),
            .optional("ago", .duration, "How long ago it was used; just now, if left out."),
            .optional("bytes", .size, "What it holds."), .optional("pinned", .boolean, "Whether it is pinned."),
        ])

    private static let tree = Record(
        "fake.Worktree", "A worktree.",
        [
            .required("id", .text(), "Its id."), .optional("repo", .text(), "Its repository; acme/app if left out."),
            .optional("user", .text(), "Whose it is."),
            .optional("ago", .duration, "How long ago it was used; just now, if left out."),
            .optional("bytes", .size, "What it holds; not measured, if left out."),
            .optional("pinned", .boolean, "Whether it is pinned."),
            .optional("busy", .boolean, "Whether somebody is at work in it."),
            .optional("uncommitted", .integer(0...1000), "How many files are not committed."),
            .optional("unpushed", .integer(0...1000), "How many commits nobody else has."),
            .optional("unreadable", .boolean, "Whether git cannot say how it stands."),
        ])

    private static let branch = Record(
        "fake.Branch", "A branch of a repository.",
        [
            .required("repo", .text(), "owner/name."), .required("name", .text(), "The branch."),
            .optional("merged", .boolean, "Whether the default branch has its commits."),
            .optional("worktree", .text(), "The worktree that it was made for."),
            .optional("ago", .duration, "How long ago its newest commit was made."),
        ])
}
