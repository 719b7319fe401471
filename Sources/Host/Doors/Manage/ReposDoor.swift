import Runtime

/// The cache of repositories, what GitHub has, and operations that are under way.
@Loop
struct ReposDoor: Door {
    let name = "repos"
    let guests: RepoGuests
    let house: RepoHouse

    private var repos: Repos { house.repos }

    var endpoints: [Endpoint] { cacheEndpoints + operationEndpoints }

    private var cacheEndpoints: [Endpoint] {
        [
            Endpoint(
                method: .post, path: "/mgmt/repos/clone",
                summary: "Brings `repo`, as owner/name, into the cache. `depth` takes only so many commits, `filter` "
                    + "`blobs` leaves out files until they are needed.",
                answers: [
                    200: "`cloned`, or `exists`", 202: "it takes longer: an operation to follow",
                    400: "no name of a repository", 401: "the server wants a token", 404: "the server has none",
                ], body: .required(.ref("CloneOrder")), action: .task(clone)),
            Endpoint(
                method: .get, path: "/mgmt/repos",
                summary: "The cache. Without the scope `manage`: what the caller's worktrees are made of.",
                answers: [200: "the repositories"], action: .task(list)),
            Endpoint(
                method: .get, path: "/mgmt/repos/github",
                summary:
                    "The caller's repositories on GitHub, the last pushed first. ?q= searches, ?refresh=true asks anew.",
                answers: [200: "the repositories", 401: "there is no token", 502: "GitHub does not answer well"],
                action: .task(github)),
            Endpoint(
                method: .delete, path: "/mgmt/repos/{owner}/{name}", summary: "Removes one from the cache.",
                answers: [
                    200: "it is gone", 404: "it is not there", 409: "worktrees are made of it", 403: "not for you",
                ], action: .task(remove)),
            Endpoint(
                method: .delete, path: "/mgmt/repos/{folder}", summary: "The same by owner__name.",
                answers: [
                    200: "it is gone", 404: "it is not there", 409: "worktrees are made of it", 403: "not for you",
                ], action: .task(remove)),
            Endpoint(
                method: .post, path: "/mgmt/repos/{owner}/{name}/fetch", summary: "Brings it up to date.",
                answers: [200: "the repository", 202: "it takes longer", 404: "it is not cloned"], action: .task(fetch)),
            Endpoint(
                method: .post, path: "/mgmt/repos/{owner}/{name}/check",
                summary: "Looks whether it is whole, and clones it again where it is not.",
                answers: [200: "what was damaged", 202: "it takes longer", 404: "it is not cloned"],
                action: .task(check)),
            Endpoint(
                method: .put, path: "/mgmt/repos/{owner}/{name}/pin", summary: "Keeps it from every gc plan.",
                answers: [200: "the repository", 404: "it is not cloned"], action: .task { try await pin($0, true) }),
            Endpoint(
                method: .delete, path: "/mgmt/repos/{owner}/{name}/pin", summary: "Lets gc plans remove it again.",
                answers: [200: "the repository", 404: "it is not cloned"], action: .task { try await pin($0, false) }),
        ]
    }

    private var operationEndpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/mgmt/operations", summary: "What takes longer, the newest first.",
                answers: [200: "the operations"], action: .task(operations)),
            Endpoint(
                method: .get, path: "/mgmt/operations/{id}", summary: "How far one is, and what it came to.",
                answers: [200: "the operation", 404: "there is none of that id"], action: .task(operation)),
            Endpoint(
                method: .delete, path: "/mgmt/operations/{id}", summary: "Asks it to stop.",
                answers: [200: "the operation", 404: "there is none of that id", 409: "it has ended"],
                action: .task(stop)),
        ]
    }

    // MARK: the cache

    private func clone(_ request: Request) async throws -> Response {
        let body = try await request.object()
        let guest = try await guests.guest(request, named: try body.optionalText("user", most: 256))
        let name = try RepoName(try body.neededText("repo", most: 300), on: house.settings.server)
        let depth = body["depth"].integer
        guard depth.map({ 1...1_000_000 ~= $0 }) ?? !body["depth"].exists else {
            throw Fault(.invalidInput, "`depth` is a number of commits from 1 on")
        }
        let word = try body.optionalText("filter", most: 40)
        let filter = word.flatMap { RepoFilter(rawValue: $0) }
        guard (word == nil) == (filter == nil) else { throw Fault(.invalidInput, "`filter` is none or blobs") }
        let login = try await house.login(for: name, guest.workspace, isManager: guest.isManager)
        return try await house.operations.run("clone", name.description, user: guest.workspace?.user) { tell in
            let (repo, isNew) = try await repos.clone(
                name, login: login, depth: depth, filter: filter, onProgress: tell)
            // Somebody else's clone is no proof that this one may read it.
            if !isNew, !guest.isManager { _ = try await repos.fetch(name, login: login) }
            var shown = repo.shown(repos.places)
            if !guest.isManager { shown["path"] = nil }
            shown["status"] = isNew ? "cloned" : "exists"
            return shown
        }.response()
    }

    private func list(_ request: Request) async throws -> Response {
        let guest = try await guests.guest(request)
        var found = try await repos.list().filter { $0.state == .ready }
        if let user = guest.user {
            let theirs = Set(try await house.worktrees.all(of: user).map(\.repo.id))
            found = found.filter { theirs.contains($0.name.id) }
        }
        let shown = found.map { JSONValue.object($0.shown(repos.places)) }
        return .json(try JSON.encode(["repos": .array(shown)] as JSONValue))
    }

    private func github(_ request: Request) async throws -> Response {
        let guest = try await guests.guest(request, named: request.query["user"])
        guard let token = try await house.token(of: guest.workspace, isManager: guest.isManager) else {
            throw Fault(
                .unauthenticated, "there is no token for GitHub",
                hint: "set GITHUB_TOKEN, or bring your own: PUT /mgmt/me/keys {\"GITHUB_TOKEN\": …}")
        }
        let all: [GitHubRepo]
        do {
            all = try await house.github.repositories(token, isFresh: request.query["refresh"] == "true")
        } catch let fault as Fault where [.unavailable, .timeout, .internal, .notFound].contains(fault.kind) {
            return .problem(fault, status: 502)
        }
        let found = GitHub.search(all, request.query["q"] ?? "")
        let shown = found.map { repo -> JSONValue in
            [
                "full_name": .string(repo.fullName), "description": .string(repo.description),
                "private": .bool(repo.isPrivate), "default_branch": .string(repo.defaultBranch),
            ]
        }
        return .json(try JSON.encode(["repos": .array(shown)] as JSONValue))
    }

    private func remove(_ request: Request) async throws -> Response {
        let guest = try await guests.guest(request)
        try guest.requireManager("removing a repository")
        let name: RepoName
        if let folder = request.parameters["folder"] {
            name = try await repos.get(folder: folder).name
        } else {
            name = try named(request)
        }
        try await repos.remove(name)
        return .json(try JSON.encode(["status": "deleted", "repo": .string(name.description)] as JSONValue))
    }

    private func fetch(_ request: Request) async throws -> Response {
        let guest = try await guests.guest(request)
        let name = try named(request)
        let login = try await house.login(for: name, guest.workspace, isManager: guest.isManager)
        return try await house.operations.run("fetch", name.description, user: guest.workspace?.user) { _ in
            try await repos.fetch(name, login: login).shown(repos.places)
        }.response()
    }

    private func check(_ request: Request) async throws -> Response {
        let guest = try await guests.guest(request)
        try guest.requireManager("checking a repository")
        let name = try named(request)
        let login = try await house.login(for: name, nil, isManager: true)
        return try await house.operations.run("check", name.description, user: nil) { _ in
            let damage = try await repos.mend(name, login: login)
            return [
                "repo": .string(name.description), "status": damage.isEmpty ? "whole" : "mended",
                "damage": .array(damage.prefix(50).map { .string($0) }),
            ]
        }.response()
    }

    private func pin(_ request: Request, _ isPinned: Bool) async throws -> Response {
        let guest = try await guests.guest(request)
        try guest.requireManager("pinning a repository")
        let name = try named(request)
        try await repos.pin(name, isPinned)
        return .json(try JSON.encode(JSONValue.object(try await repos.get(name).shown(repos.places))))
    }

    private func named(_ request: Request) throws -> RepoName {
        try RepoName(owner: request.parameters["owner"] ?? "", name: request.parameters["name"] ?? "")
    }

    // MARK: operations

    private func operations(_ request: Request) async throws -> Response {
        let guest = try await guests.guest(request)
        let all = house.operations.list(of: guest.user)
        return .json(try JSON.encode(["operations": .array(all.map { .object($0.shown) })] as JSONValue))
    }

    private func operation(_ request: Request) async throws -> Response {
        let guest = try await guests.guest(request)
        let operation = try house.operations.get(request.parameters["id"] ?? "", of: guest.user)
        return .json(try JSON.encode(JSONValue.object(operation.shown)))
    }

    private func stop(_ request: Request) async throws -> Response {
        let guest = try await guests.guest(request)
        let id = request.parameters["id"] ?? ""
        try house.operations.cancel(id, of: guest.user)
        return .json(try JSON.encode(JSONValue.object(try house.operations.get(id).shown)))
    }
}

extension RepoRecord {
    func shown(_ places: RepoPlaces) -> JSONObject {
        var shown: JSONObject = [
            "name": .string(name.description), "repo": .string(name.description), "folder": .string(folder),
            "path": .string(places.repo(folder)), "bytes": .integer(Int64(bytes)), "pinned": .bool(isPinned),
            "created_at": .string(JobTime.text(createdAt)), "last_used_at": .string(JobTime.text(usedAt)),
        ]
        shown["default_branch"] = defaultBranch.map { .string($0) }
        shown["depth"] = depth.map { .integer(Int64($0)) }
        if filter != .none { shown["filter"] = .string(filter.rawValue) }
        shown["fetched_at"] = fetchedAt.map { .string(JobTime.text($0)) }
        return shown
    }
}
