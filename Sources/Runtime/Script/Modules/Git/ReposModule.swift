import LuaBridge

extension HostModule {
    /// `host.repos`.
    public static func repos(_ git: any WorldGit) -> HostModule {
        HostModule(
            "repos", "The cache of repositories, what GitHub has, and pull requests. `host.git` works in them.",
            [
                HostFunction(
                    waiting: "list", "Lists the repositories of the cache by name.",
                    results: [.required("repos", .list(.record(GitTables.repo)), "The repositories.")],
                    example: "for _, repo in ipairs(assert(repos.list())) do log.info(repo.name) end"
                ) { _ in .array(try await git.repos().map { LuaValue($0) }) },
                HostFunction(
                    waiting: "get", "Returns one repository of the cache.", [name],
                    results: [.required("repo", .record(GitTables.repo), "The repository.")],
                    example: #"local repo, err = repos.get("acme/app")"#
                ) { call in LuaValue(try await git.repo(call.text("repo"))) },
                HostFunction(
                    waiting: "remove",
                    "Removes a repository from the cache. One that worktrees are made of is a conflict.",
                    [name], results: [done], example: #"assert(repos.remove("acme/app"))"#
                ) { call in
                    try await git.removeRepo(call.text("repo"))
                    return true
                },
                HostFunction(
                    waiting: "pin", "Keeps a repository from every gc plan, or with `false` no longer.",
                    [name, .optional("pinned", .boolean, "Whether to keep it; true if left out.")], results: [done],
                    example: #"assert(repos.pin("acme/app"))"#
                ) { call in
                    try await git.pinRepo(call.text("repo"), call["pinned"].bool ?? true)
                    return true
                },
                HostFunction(
                    waiting: "worktree", "Returns one worktree.", [tree],
                    results: [.required("worktree", .record(GitTables.worktree), "The worktree.")],
                    example: #"local tree, err = repos.worktree("nightly")"#
                ) { call in LuaValue(try await git.worktree(call.text("worktree"))) },
                HostFunction(
                    waiting: "pin_worktree", "Keeps a worktree from every gc plan, or with `false` no longer.",
                    [tree, .optional("pinned", .boolean, "Whether to keep it; true if left out.")], results: [done],
                    example: #"assert(repos.pin_worktree("nightly"))"#
                ) { call in
                    try await git.pinWorktree(call.text("worktree"), call["pinned"].bool ?? true)
                    return true
                },
                github(git), pull(git),
            ])
    }

    private static let name = Field.required("repo", .text(max: 300), "The repository, as owner/name.")
    private static let tree = Field.required("worktree", .text(max: 300), "The worktree's id.")
    private static let done = Field.required("done", .boolean, "True.")

    private static func github(_ git: any WorldGit) -> HostFunction {
        HostFunction(
            waiting: "github", "Lists repositories on GitHub that a token can see, the last pushed first.",
            [
                .optional(
                    "query",
                    .record(
                        Record(
                            "host.GitHubQuery", "Which ones.",
                            [
                                .optional("user", .text(max: 256), "Whose token; the owner's if left out."),
                                .optional("words", .text(max: 300), "Words that name or description have."),
                            ])), "Which ones; all if left out.")
            ], results: [.required("repos", .list(.record(GitTables.listed)), "The repositories.")],
            example: #"local found = assert(repos.github { words = "app" })"#
        ) { call in
            let given = call.options("query")
            var query = WorldRepoQuery()
            query.user = given.text("user")
            query.words = given.text("words") ?? ""
            return .array(try await git.listed(query).map { LuaValue($0) })
        }
    }

    private static func pull(_ git: any WorldGit) -> HostFunction {
        HostFunction(
            waiting: "pull_request",
            "Pushes a worktree and opens a pull request for it; one that is open already is given.",
            [
                tree,
                .optional(
                    "options",
                    .record(
                        Record(
                            "host.PullOptions", "What it says.",
                            [
                                .optional(
                                    "title", .text(max: 1000), "Its title; the last commit's subject if left out."),
                                .optional("body", .text(max: 64 << 10), "Its text."),
                                .optional(
                                    "base", .text(max: 300), "The branch to merge into; where the worktree began."),
                                .optional("draft", .boolean, "Whether it is a draft."),
                            ])), "What it says."),
            ], results: [.required("pull", .record(GitTables.pull), "The pull request.")],
            example: #"local pull, err = repos.pull_request(tree.id, { title = "Fix the build" })"#
        ) { call in
            let given = call.options("options")
            var order = WorldPullRequest()
            order.title = given.text("title")
            order.body = given.text("body")
            order.base = given.text("base")
            order.isDraft = given.bool("draft") ?? false
            return LuaValue(try await git.openPullRequest(call.text("worktree"), order))
        }
    }
}
