import LuaBridge

extension HostModule {
    /// `host.git`.
    public static func git(_ git: any WorldGit) -> HostModule {
        HostModule(
            "git",
            "Repositories and worktrees: clone and fetch into the cache, make and remove worktrees, and what git does in "
                + "them. A repository is named owner/name, a worktree by its id.",
            cache(git) + trees(git) + work(git))
    }

    private static let name = Field.required("repo", .text(max: 300), "The repository, as owner/name.")
    private static let tree = Field.required("worktree", .text(max: 300), "The worktree's id.")

    private static func cache(_ git: any WorldGit) -> [HostFunction] {
        [
            HostFunction(
                waiting: "clone", "Brings a repository into the cache; one that is there already is given at once.",
                [
                    name,
                    .optional(
                        "options",
                        .record(
                            Record(
                                "host.CloneOptions", "How to clone.",
                                [
                                    .optional(
                                        "depth", .integer(1...1_000_000), "Only so many commits of each branch."),
                                    .optional(
                                        "filter", .choice(["none", "blobs"]),
                                        "`blobs` leaves out files until a worktree needs those of its commit."),
                                    .optional(
                                        "on_progress",
                                        .function(
                                            Signature([
                                                .required("phase", .text(), "What git does."),
                                                .required("percent", .integer(0...100), "How far it is."),
                                            ])), "Called at each step."),
                                ])), "How to clone it."),
                ], results: [.required("repo", .record(GitTables.repo), "The repository.")],
                example: #"local repo, err = git.clone("acme/app", { depth = 50 })"#
            ) { call in
                let options = call.options("options")
                let listener = Listener(call.state, options["on_progress"].function)
                let repo = try await git.clone(
                    call.text("repo"), depth: options.integer("depth").map { Int($0) },
                    filter: options.text("filter"), onProgress: listener.tell)
                if let failure = listener.failure { throw failure }
                return LuaValue(repo)
            },
            HostFunction(
                waiting: "fetch", "Brings a repository of the cache up to date.", [name],
                results: [.required("repo", .record(GitTables.repo), "The repository.")],
                example: #"assert(git.fetch("acme/app"))"#
            ) { call in LuaValue(try await git.fetch(call.text("repo"))) },
            HostFunction(
                waiting: "branches",
                "Lists the branches of a repository of the cache, as they were when it was fetched.",
                [name], results: [.required("branches", .list(.record(GitTables.branch)), "By their names.")],
                example: #"for _, branch in ipairs(assert(git.branches("acme/app"))) do log.info(branch.name) end"#
            ) { call in .array(try await git.branches(of: call.text("repo")).map { LuaValue($0) }) },
            HostFunction(
                waiting: "show", "Returns a file of a repository of the cache.",
                [
                    name, .required("path", .text(max: 4096), "The file's path."),
                    .optional("at", .text(max: 300), "A branch, tag or commit; the default branch if left out."),
                ], results: [.required("content", .text(), "Its bytes, at most 4 MB.")],
                example: #"local readme = assert(git.show("acme/app", "README.md"))"#
            ) { call in
                .bytes(try await git.show(call.text("repo"), path: call.text("path"), at: call["at"].string))
            },
        ]
    }

    /// A script's function that is told of each step, until it fails once.
    @Loop
    private final class Listener {
        private let state: LuaState
        private let function: LuaFunction?
        private(set) var failure: (any Error)?

        init(_ state: LuaState, _ function: LuaFunction?) {
            self.state = state
            self.function = function
        }

        func tell(_ news: GitProgress) {
            guard let function, failure == nil else { return }
            do {
                try state.callNow(function, .string(news.phase), .integer(Int64(news.percent)))
            } catch {
                failure = error
            }
        }
    }

    private static func trees(_ git: any WorldGit) -> [HostFunction] {
        [
            HostFunction(
                waiting: "worktrees", "Lists worktrees in the order of their ids.",
                [
                    .optional(
                        "query",
                        .record(
                            Record(
                                "host.WorktreeQuery", "Which worktrees.",
                                [
                                    .optional("repo", .text(max: 300), "Those of this repository."),
                                    .optional("user", .text(max: 256), "Those of this user."),
                                    .optional("unused_for", .duration, "Those that nobody has used for so long."),
                                    .optional("after", .text(max: 300), "Those behind this id."),
                                    .optional("limit", .integer(1...10_000), "How many at most; 1000 if left out."),
                                ])), "Which ones; the first thousand when left out.")
                ], results: [.required("worktrees", .list(.record(GitTables.worktree)), "The worktrees.")],
                example: #"local old = assert(git.worktrees { unused_for = "14d" })"#
            ) { call in
                let given = call.options("query")
                var query = WorldWorktreeQuery()
                query.repo = given.text("repo")
                query.user = given.text("user")
                query.unusedFor = given.duration("unused_for")
                query.after = given.text("after") ?? ""
                query.limit = given.integer("limit").map { Int($0) } ?? query.limit
                return .array(try await git.worktrees(query).map { LuaValue($0) })
            },
            HostFunction(
                waiting: "worktree_add",
                "Makes a worktree from what the repository's server has now, or gives the one that is there.",
                [
                    .required(
                        "options",
                        .record(
                            Record(
                                "host.WorktreeOrder", "What is wanted.",
                                [
                                    .required(
                                        "repo", .text(max: 300),
                                        "The repository, as owner/name. It is cloned if need be."),
                                    .required("id", .text(max: 300), "The worktree's id; its branch is perigee/ID."),
                                    .optional("user", .text(max: 256), "Whose it is; nobody's if left out."),
                                    .optional(
                                        "branch", .text(max: 300),
                                        "The branch to begin from; the default one if left out."),
                                ])), "What is wanted.")
                ], results: [.required("worktree", .record(GitTables.worktree), "The worktree.")],
                example: #"local tree, err = git.worktree_add { repo = "acme/app", id = "nightly", user = "ann" }"#
            ) { call in
                let given = call.options("options")
                var order = WorldWorktreeOrder(repo: given.text("repo")!, id: given.text("id")!)
                order.user = given.text("user")
                order.branch = given.text("branch")
                return LuaValue(try await git.addWorktree(order))
            },
            HostFunction(
                waiting: "worktree_remove",
                "Moves a worktree to the trash. One with uncommitted or unpushed work is a conflict unless it is forced; one "
                    + "in which somebody is at work always is.",
                [
                    tree,
                    .optional(
                        "options",
                        .record(
                            Record(
                                "host.WorktreeRemoval", "How to remove.",
                                [.optional("force", .boolean, "Also with work that nobody else has.")])),
                        "How to remove it."),
                ], results: [.required("bytes", Contract.count, "What it held.")],
                example: #"assert(git.worktree_remove("nightly"))"#
            ) { call in
                let isForced = call.options("options").bool("force") ?? false
                return .integer(try await git.removeWorktree(call.text("worktree"), isForced: isForced))
            },
        ]
    }

    private static func work(_ git: any WorldGit) -> [HostFunction] {
        [
            HostFunction(
                waiting: "status", "Says what a worktree holds that nobody else has.", [tree],
                results: [.required("status", .record(GitTables.standing), "How it stands.")],
                example: "if assert(git.status(tree.id)).removable then add.remove(tree, \"all pushed\") end"
            ) { call in LuaValue(try await git.status(of: call.text("worktree"))) },
            HostFunction(
                waiting: "diff", "Returns what has changed in a worktree.",
                [
                    tree,
                    .optional(
                        "options",
                        .record(
                            Record(
                                "host.DiffOptions", "Which difference.",
                                [
                                    .optional(
                                        "against", .choice(["base", "head"]),
                                        "Since it began, or since the last commit; `base` if left out."),
                                    .optional("limit", .size, "How long the patch may be; 256 KB if left out."),
                                ])), "Which difference."),
                ], results: [.required("diff", .record(GitTables.diff), "Files and patch.")],
                example: #"local diff = assert(git.diff(tree.id, { limit = "64KB" }))"#
            ) { call in
                let given = call.options("options")
                return LuaValue(
                    try await git.diff(
                        of: call.text("worktree"), against: given.text("against") ?? "base",
                        limit: min(given.size("limit") ?? 256 << 10, 2 << 20)))
            },
            HostFunction(
                waiting: "log", "Lists the newest commits of a worktree.",
                [tree, .optional("limit", .integer(1...1000), "How many at most; 20 if left out.")],
                results: [.required("commits", .list(.record(GitTables.commit)), "The newest first.")],
                example: "local last = assert(git.log(tree.id, 1))[1]"
            ) { call in
                let limit = Int(call["limit"].integer ?? 20)
                return .array(try await git.log(of: call.text("worktree"), limit: limit).map { LuaValue($0) })
            },
            HostFunction(
                waiting: "commit", "Commits everything in a worktree.",
                [
                    tree, .required("message", .text(max: 64 << 10), "The message."),
                    .optional(
                        "author",
                        .record(
                            Record(
                                "host.Author", "Who makes a commit.",
                                [
                                    .required("name", .text(max: 200), "The name."),
                                    .required("email", .text(max: 200), "The mail address."),
                                ])), "Who makes it; Perigee if left out."),
                ], results: [.required("commit", .record(GitTables.commit), "The commit.")],
                example: #"local commit, err = git.commit(tree.id, "Nightly changes")"#
            ) { call in
                let author = call.options("author")
                return LuaValue(
                    try await git.commit(
                        call.text("worktree"), message: call.text("message"), name: author.text("name"),
                        email: author.text("email")))
            },
            HostFunction(
                waiting: "push", "Sends what is committed in a worktree to the repository's server.",
                [
                    tree,
                    .optional(
                        "options",
                        .record(
                            Record(
                                "host.PushOptions", "Where to.",
                                [
                                    .optional(
                                        "branch", .text(max: 300), "The branch there; the worktree's own if left out."),
                                    .optional(
                                        "to", .choice(["own", "base", "default"]),
                                        "The worktree's own branch, the one that it began from, or the repository's "
                                            + "default one, instead of a name."),
                                    .optional("force", .boolean, "Replace what was pushed from here before."),
                                    .optional(
                                        "rebase", .boolean,
                                        "Put the commits on what is there by now. The worktree follows, unless somebody "
                                            + "is at work in it or it has uncommitted files."),
                                ])), "Where to."),
                ],
                results: [
                    .required(
                        "pushed",
                        .record(
                            Record(
                                "host.Pushed", "What was pushed.",
                                [
                                    .required("branch", .text(), "The branch there."),
                                    .required("commit", .text(), "What it is at now."),
                                    .required("rebased", .boolean, "Whether the commits were made again."),
                                    .optional("onto", .text(), "The commit that they were put on, then."),
                                    .optional("stays", .text(), "Why the worktree was left where it is, then."),
                                ])), "What was pushed.")
                ], example: "assert(git.push(tree.id))"
            ) { call in
                let given = call.options("options")
                var order = WorldPush()
                order.branch = given.text("branch")
                order.to = given.text("to")
                order.isForced = given.bool("force") ?? false
                order.isRebased = given.bool("rebase") ?? false
                return LuaValue(try await git.push(call.text("worktree"), order))
            },
        ]
    }
}
