import Runtime

extension WorktreesDoor {
    func diff(_ request: Request) async throws -> Response {
        let (_, record) = try await found(request)
        let word = request.query["against"] ?? "base"
        guard let against = Desk.Against(rawValue: word) else {
            throw Fault(.invalidInput, "?against=\(word.prefix(40)) is neither base nor head")
        }
        let limit = try number(request, "limit", 1 << 20, 0...(16 << 20))
        let diff = try await held(record) { try await $0.diff(against: against, limit: limit) }
        return .json(try JSON.encode(JSONValue.object(diff.shown)))
    }

    func log(_ request: Request) async throws -> Response {
        let (_, record) = try await found(request)
        let limit = try number(request, "limit", 50, 1...1000)
        let commits = try await held(record) { try await $0.log(limit: limit) }
        return .json(try JSON.encode(["commits": .array(commits.map { .object($0.shown) })] as JSONValue))
    }

    func commit(_ request: Request) async throws -> Response {
        let (guest, record) = try await found(request)
        let body = try await request.object()
        let message = try body.neededText("message", most: 64 << 10)
        var author = guest.author ?? house.settings.author
        if body["author"].kind == .object {
            author = GitAuthor(
                name: try body["author"].optionalText("name", most: 200) ?? author.name,
                email: try body["author"].optionalText("email", most: 200) ?? author.email)
        }
        let commit = try await held(record) { [author] in try await $0.commit(message, by: author) }
        try await house.worktrees.noteUse(record)
        return .json(try JSON.encode(JSONValue.object(commit.shown)))
    }

    func push(_ request: Request) async throws -> Response {
        let (guest, record) = try await found(request)
        let body = try await request.object()
        var wish = PushWish()
        wish.branch = try (try body.optionalText("branch", most: 300)).map { try BranchName($0) }
        if let word = try body.optionalText("to", most: 20) {
            guard let to = PushWish.Target(rawValue: word) else {
                throw Fault(.invalidInput, "`to` is own, base or default, not \"\(word)\"")
            }
            wish.to = to
        }
        wish.isForced = try body.optionalFlag("force")
        wish.isRebased = body["rebase"].exists ? try body.optionalFlag("rebase") : nil
        wish.isManager = guest.isManager
        let order = try await house.pushOrder(
            wish, of: record, generation: GenerationUse(guests.scripts.live).generation,
            committer: guest.author ?? house.settings.author)
        let login = try await house.login(for: record.repo, guest.workspace, isManager: guest.isManager)
        return try await house.operations.run("push", record.id.text, user: guest.user) { [order] _ in
            var order = order
            order.login = login
            return try await house.push(record, order).shown(record)
        }.response()
    }

    func pullRequest(_ request: Request) async throws -> Response {
        let (guest, record) = try await found(request)
        let body = try await request.object()
        guard let token = try await house.token(of: guest.workspace, isManager: guest.isManager) else {
            throw Fault(
                .unauthenticated, "there is no token for GitHub",
                hint: "set GITHUB_TOKEN, or bring your own: PUT /mgmt/me/keys {\"GITHUB_TOKEN\": …}")
        }
        var order = GitHub.PullOrder(
            title: try body.optionalText("title", most: 1000) ?? "", head: record.branch,
            base: try BranchName(try body.optionalText("base", most: 300) ?? record.baseBranch).text)
        order.body = try body.optionalText("body", most: 64 << 10) ?? ""
        order.isDraft = try body.optionalFlag("draft")
        let login = try await house.login(for: record.repo, guest.workspace, isManager: guest.isManager)
        return try await house.operations.run("pull request", record.id.text, user: guest.user) { [order] _ in
            let pull = try await house.openPullRequest(order, of: record, login: login, token: token)
            return [
                "status": pull.isNew ? "opened" : "exists", "number": .integer(Int64(pull.number)),
                "url": .string(pull.url), "branch": .string(record.branch), "base": .string(order.base),
            ]
        }.response()
    }

    /// The desk of a worktree that nobody removes meanwhile.
    private func held<Value>(_ record: WorktreeRecord, _ body: (Desk) async throws -> Value) async throws -> Value {
        let lease = house.worktrees.lease(record)
        defer { lease.release() }
        return try await body(house.worktrees.desk(record))
    }

    private func number(_ request: Request, _ name: String, _ usual: Int, _ range: ClosedRange<Int>) throws -> Int {
        guard let text = request.query[name] else { return usual }
        guard let number = Int(text), range.contains(number) else {
            throw Fault(
                .invalidInput, "?\(name)= is a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}

extension GitDiff {
    var shown: JSONObject {
        let files = files.map { file -> JSONValue in
            var shown: JSONObject = ["path": .string(file.path), "binary": .bool(file.added == nil)]
            shown["from"] = file.from.map { .string($0) }
            shown["added"] = file.added.map { .integer(Int64($0)) }
            shown["removed"] = file.removed.map { .integer(Int64($0)) }
            return .object(shown)
        }
        return ["files": .array(files), "patch": .string(patch), "cut": .bool(isCut)]
    }
}

extension GitCommit {
    var shown: JSONObject {
        [
            "commit": .string(id), "parents": .array(parents.map { .string($0) }), "author": .string(author),
            "email": .string(email), "at": .string(JobTime.text(at * 1000)), "subject": .string(subject),
        ]
    }
}
