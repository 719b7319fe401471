import Runtime

/// What somebody wants of a push, before the owner's policy is asked.
struct PushWish: Sendable {
    /// The worktree's own branch, the one that it began from, or the repository's default one.
    enum Target: String, Sendable, CaseIterable { case own, base, `default` }

    var to: Target?
    var branch: BranchName?
    var isForced = false
    /// Nil leaves it to the policy.
    var isRebased: Bool?
    var isManager = false

    func check() throws {
        guard to == nil || branch == nil else {
            throw Fault(.invalidInput, "`to` and `branch` both say where to", hint: "leave one of them out")
        }
        guard !isForced || isRebased != true else {
            throw Fault(.invalidInput, "`force` replaces and `rebase` adds", hint: "leave one of them out")
        }
    }
}

extension RepoHouse {
    /// Where the push goes, and how: the hook `push` has the last word.
    func pushOrder(
        _ wish: PushWish, of record: WorktreeRecord, generation: Generation, committer: GitAuthor
    ) async throws -> PushOrder {
        try wish.check()
        let main = try await repos.get(record.repo).defaultBranch ?? record.baseBranch
        let wanted = wish.branch?.text ?? RepoHouse.branch(wish.to ?? .own, of: record, main)
        var facts: JSONObject = [
            "worktree": .string(record.id.text), "repo": .string(record.repo.description), "branch": .string(wanted),
            "own_branch": .string(record.branch), "base_branch": .string(record.baseBranch),
            "default_branch": .string(main), "force": .bool(wish.isForced), "manager": .bool(wish.isManager),
        ]
        facts["rebase"] = wish.isRebased.map { .bool($0) }
        if !record.user.isEmpty { facts["user"] = .string(record.user) }
        let decision = try await generation.decide("push", facts: .object(facts))
        if let why = decision["refuse"]?.string { throw Fault(.denied, why, hint: decision["hint"]?.string) }
        var order = PushOrder(branch: try BranchName(decision["branch"]?.string ?? wanted), committer: committer)
        order.isForced = wish.isForced
        order.isRebased = !wish.isForced && (decision["rebase"]?.bool ?? wish.isRebased ?? false)
        return order
    }

    static func branch(_ target: PushWish.Target, of record: WorktreeRecord, _ main: String) -> String {
        switch target {
        case .own: record.branch
        case .base: record.baseBranch
        case .default: main
        }
    }

    /// Sends it, and lets the worktree follow where its commits were made again.
    func push(_ record: WorktreeRecord, _ order: PushOrder) async throws -> Pushed {
        let lease = worktrees.lease(record)
        defer { lease.release() }
        var order = order
        order.address = repos.address(of: record.repo)
        let desk = try await worktrees.desk(record)
        var pushed = try await desk.push(order)
        if pushed.commit != pushed.head { pushed.stays = try await worktrees.follow(record, desk, pushed) }
        try await worktrees.noteUse(record)
        return pushed
    }

    /// What is not committed stays behind; the branch is pushed first.
    func openPullRequest(
        _ order: GitHub.PullOrder, of record: WorktreeRecord, login: GitLogin?, token: Secret
    ) async throws -> PullRequest {
        let lease = worktrees.lease(record)
        defer { lease.release() }
        let desk = try await worktrees.desk(record)
        guard try await desk.ahead() > 0 else {
            throw Fault(
                .conflict, "the worktree \(record.id) has no commit that its base has not",
                hint: "commit something first")
        }
        var order = order
        if order.title.isEmpty { order.title = try await desk.log(limit: 1).first?.subject ?? record.id.text }
        var sending = PushOrder(branch: try BranchName(record.branch), committer: settings.author)
        sending.login = login
        _ = try await push(record, sending)
        let pull = try await github.open(order, in: record.repo, token: token)
        try await worktrees.notePullRequest(pull.url, of: record)
        return pull
    }
}

extension Worktrees {
    /// Only while nobody is at work in it; a run that begins meanwhile waits.
    fileprivate func follow(_ record: WorktreeRecord, _ desk: Desk, _ pushed: Pushed) async throws -> String? {
        try await turns.run(record.id.text) {
            guard !isUsedByOthers(record) else { return "somebody is at work in it" }
            if let why = try await desk.follow(pushed) { return why }
            if let onto = pushed.onto {
                try await store.write { try $0.run(RepoQueries.setBase, onto, record.id.text) }
            }
            return nil
        }
    }
}

extension Pushed {
    func shown(_ record: WorktreeRecord) -> JSONObject {
        var shown: JSONObject = [
            "status": "pushed", "branch": .string(branch), "commit": .string(commit),
            "repo": .string(record.repo.description), "rebased": .bool(onto != nil),
        ]
        shown["onto"] = onto.map { .string($0) }
        shown["stays"] = stays.map { .string($0) }
        return shown
    }
}
