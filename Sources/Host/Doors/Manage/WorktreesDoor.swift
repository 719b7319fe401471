import Runtime

/// Worktrees, and what people do with the work in them: look at it, commit, push, open a pull request.
@Loop
struct WorktreesDoor: Door {
    let name = "worktrees"
    let guests: RepoGuests
    let house: RepoHouse

    private var worktrees: Worktrees { house.worktrees }

    var endpoints: [Endpoint] { treeEndpoints + workEndpoints }

    private var treeEndpoints: [Endpoint] {
        [
            Endpoint(
                method: .post, path: "/mgmt/worktrees",
                summary: "Makes one of `repo` for `sessionId` (or `session_id`), from `branch` or the default one.",
                answers: [
                    200: "`created`, or `exists`", 202: "it takes longer: an operation to follow",
                    400: "no name, or no id", 404: "the repository is not cloned", 409: "the id is another's",
                ], body: .required(.ref("WorktreeOrder")), action: .task(make)),
            Endpoint(
                method: .get, path: "/mgmt/worktrees",
                summary:
                    "Worktrees by id; ?after= goes on behind an id, ?stat=false leaves git_stat out. Without the scope "
                    + "`manage`: the caller's own.",
                answers: [200: "the worktrees"], action: .task(list)),
            Endpoint(
                method: .get, path: "/mgmt/worktrees/{id}", summary: "One, and what would be lost with it.",
                answers: [200: "the worktree", 404: "there is none of that id"], action: .task(get)),
            Endpoint(
                method: .delete, path: "/mgmt/worktrees/{id}",
                summary: "Moves it to the trash. ?force=true also when it has work that nobody else has.",
                answers: [
                    200: "it is gone", 404: "there is none of that id",
                    409: "it has work, or somebody is at work in it",
                ], action: .task(remove)),
            Endpoint(
                method: .put, path: "/mgmt/worktrees/{id}/pin", summary: "Keeps it from every gc plan.",
                answers: [200: "the worktree", 404: "there is none of that id"],
                action: .task { try await pin($0, true) }),
            Endpoint(
                method: .delete, path: "/mgmt/worktrees/{id}/pin", summary: "Lets gc plans remove it again.",
                answers: [200: "the worktree", 404: "there is none of that id"],
                action: .task { try await pin($0, false) }),
        ]
    }

    private var workEndpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/mgmt/worktrees/{id}/diff",
                summary:
                    "What has changed since it began, or with ?against=head since the last commit; the patch up to "
                    + "?limit= bytes.",
                answers: [200: "files and patch", 404: "there is none of that id"], action: .task(diff)),
            Endpoint(
                method: .get, path: "/mgmt/worktrees/{id}/log",
                summary: "Its newest commits; ?limit= is 50 unless told.",
                answers: [200: "the commits", 404: "there is none of that id"], action: .task(log)),
            Endpoint(
                method: .post, path: "/mgmt/worktrees/{id}/commit",
                summary: "Commits everything in it with `message`; `author` has name and email.",
                answers: [200: "the commit", 409: "nothing has changed, or git is at work in it"],
                body: .required(.ref("CommitOrder")), action: .task(commit)),
            Endpoint(
                method: .post, path: "/mgmt/worktrees/{id}/push",
                summary:
                    "Sends what is committed to `branch`, or with `to` to the worktree's `own` branch, its `base` or the "
                    + "`default` one. `rebase` puts the commits on what is there by now; `force` replaces what was "
                    + "pushed from here before.",
                answers: [
                    200: "what was pushed", 202: "it takes longer", 401: "the server wants a token",
                    403: "the hook `push` refuses it", 409: "the branch has other commits, or they conflict",
                ], body: .required(.ref("PushOrder")), action: .task(push)),
            Endpoint(
                method: .post, path: "/mgmt/worktrees/{id}/pull-request",
                summary: "Pushes, and opens a pull request with `title`, `body`, `base` and `draft`. One that is open "
                    + "already is the answer too.",
                answers: [
                    200: "the pull request", 202: "it takes longer", 401: "there is no token", 409: "nothing to push",
                ], body: .required(.ref("PullRequestOrder")), action: .task(pullRequest)),
        ]
    }

    // MARK: worktrees

    private func make(_ request: Request) async throws -> Response {
        let body = try await request.object()
        let guest = try await guests.guest(request, named: try body.optionalText("user", most: 256))
        let repo = try RepoName(try body.neededText("repo", most: 300))
        let session = try body.optionalText("sessionId", most: 300) ?? body.optionalText("session_id", most: 300)
        guard let session else { throw Fault(.invalidInput, "`sessionId` is missing") }
        var order = WorktreeOrder(repo: repo, id: try WorktreeID(session), workspace: guest.workspace)
        order.base = try (try body.optionalText("branch", most: 300)).map { try BranchName($0) }
        _ = try await house.repos.get(repo)
        let login = try await house.login(for: repo, guest.workspace, isManager: guest.isManager)
        let author = guest.author ?? house.settings.author
        return try await house.operations.run("worktree", session, user: guest.workspace?.user) { [order] _ in
            let (record, isNew) = try await worktrees.make(order, login: login, author: author)
            var shown = record.shown
            shown["status"] = isNew ? "created" : "exists"
            return shown
        }.response()
    }

    private static let pageSize = 500

    private func list(_ request: Request) async throws -> Response {
        let guest = try await guests.guest(request)
        let size = WorktreesDoor.pageSize
        let found = try await worktrees.list(of: guest.user, after: request.query["after"] ?? "", limit: size + 1)
        let wantsStat = request.query["stat"] != "false"
        // All of them together get so long; what was not looked at by then says zeros.
        let end = Instant.clock + .seconds(15)
        var shown: [JSONValue] = []
        for record in found.prefix(size) {
            var one = record.shown
            if wantsStat { one["git_stat"] = try await stat(of: record, until: end) }
            shown.append(.object(one))
        }
        return .json(
            try JSON.encode(["worktrees": .array(shown), "more": .bool(found.count > size)] as JSONValue))
    }

    private func stat(of record: WorktreeRecord, until end: Instant) async throws -> JSONValue {
        var stat: JSONObject = ["staged": 0, "changed": 0, "ahead": 0]
        do {
            try await Deadline.by(min(end, Instant.clock + .seconds(5))) {
                let desk = try await worktrees.desk(record)
                let status = try await desk.status()
                stat["staged"] = .integer(Int64(status.stagedCount))
                stat["changed"] = .integer(Int64(status.changedCount))
                stat["ahead"] = .integer(Int64(try await desk.ahead()))
            }
        } catch {
            if Task.isCancelled { throw error }
            stat["error"] = .string(Fault(error).message)
        }
        return .object(stat)
    }

    private func get(_ request: Request) async throws -> Response {
        let (_, record) = try await found(request)
        var shown = record.shown
        do {
            let standing = try await worktrees.standing(record)
            shown["standing"] = .object(standing.shown)
        } catch let fault as Fault where fault.kind != .cancelled {
            shown["standing"] = ["error": .string(fault.message)]
        }
        return .json(try JSON.encode(JSONValue.object(shown)))
    }

    private func remove(_ request: Request) async throws -> Response {
        let (guest, record) = try await found(request)
        let bytes = try await worktrees.remove(
            record.id, of: guest.user, isForced: request.query["force"] == "true")
        return .json(
            try JSON.encode(
                ["status": "deleted", "id": .string(record.id.text), "bytes": .integer(bytes)] as JSONValue))
    }

    private func pin(_ request: Request, _ isPinned: Bool) async throws -> Response {
        let (_, record) = try await found(request)
        try await worktrees.pin(record, isPinned)
        return .json(try JSON.encode(JSONValue.object(try await worktrees.get(record.id).shown)))
    }

    func found(_ request: Request) async throws -> (RepoGuest, WorktreeRecord) {
        let guest = try await guests.guest(request)
        let id = try WorktreeID(request.parameters["id"] ?? "")
        return (guest, try await worktrees.get(id, of: guest.user))
    }
}

extension WorktreeRecord {
    var shown: JSONObject {
        var shown: JSONObject = [
            "id": .string(id.text), "sessionId": .string(id.text), "session_id": .string(id.text),
            "repo": .string(repo.description), "path": .string(path), "branch": .string(branch),
            "base": .string(base), "base_branch": .string(baseBranch), "state": .string(state.rawValue),
            "pinned": .bool(isPinned), "created_at": .string(JobTime.text(createdAt)),
            "last_used_at": .string(JobTime.text(usedAt)),
        ]
        if !user.isEmpty { shown["user"] = .string(user) }
        if !workspace.isEmpty { shown["workspace"] = .string(workspace) }
        for (field, value) in ["chat": chat, "run": run, "pull_request": pullRequest] as KeyValuePairs {
            if let value { shown[field] = .string(value) }
        }
        return shown
    }
}

extension WorktreeStanding {
    var shown: JSONObject {
        var shown: JSONObject = [
            "clean": .bool(uncommitted.isEmpty), "uncommitted": .integer(Int64(uncommitted.count)),
            "files": .array(uncommitted.prefix(200).map { .string($0) }), "unpushed": .integer(Int64(unpushed)),
            "ahead": .integer(Int64(ahead)), "removable": .bool(isSafeToRemove),
        ]
        shown["head"] = head.map { .string($0) }
        shown["branch"] = branch.map { .string($0) }
        return shown
    }
}
