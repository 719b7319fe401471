import Runtime

/// Who asks at the doors of repositories and worktrees: somebody who manages and sees all, or a user, who sees what is theirs.
@Loop
struct RepoGuest {
    /// Nil for who manages without being anybody in particular.
    let workspace: Workspace?
    let isManager: Bool
    let author: GitAuthor?

    /// Whose worktrees they see; nil for everybody's.
    var user: String? { isManager ? nil : workspace?.user }

    func requireManager(_ what: String) throws {
        guard isManager else {
            throw Fault(.denied, "\(what) needs a key with the scope `manage`", hint: "ask the server's owner")
        }
    }
}

/// The way to know them.
@Loop
struct RepoGuests {
    let gate: Gate
    let workspaces: Workspaces
    let scripts: Scripts

    /// `named` is whom a manager speaks of.
    func guest(_ request: Request, named: String? = nil) async throws -> RepoGuest {
        if gate.admits(.manage, request) {
            guard let named, !named.isEmpty else { return RepoGuest(workspace: nil, isManager: true, author: nil) }
            let workspace = try await workspaces.workspace(for: named, source: .body)
            return RepoGuest(workspace: workspace, isManager: true, author: nil)
        }
        // A bad key is refused here, with words that fit.
        let use = GenerationUse(scripts.live)
        let caller = try await gate.caller(request, door: "manage", generation: use.generation)
        let workspace = try await workspaces.workspace(for: caller.user, source: caller.source)
        let author = caller.name.map { GitAuthor(name: $0, email: caller.email ?? "\(workspace.id)@localhost") }
        return RepoGuest(workspace: workspace, isManager: false, author: author)
    }
}

extension JSONView {
    /// A field that may be missing; anything but text is refused.
    func optionalText(_ name: String, most: Int = 4096) throws -> String? {
        let value = self[name]
        guard value.exists, !value.isNull else { return nil }
        guard let text = value.string, text.utf8.count <= most, !text.utf8.contains(0) else {
            throw Fault(.invalidInput, "`\(name)` is text of at most \(most) bytes")
        }
        return text
    }

    func neededText(_ name: String, most: Int = 4096) throws -> String {
        guard let text = try optionalText(name, most: most), !text.isEmpty else {
            throw Fault(.invalidInput, "`\(name)` is missing")
        }
        return text
    }

    func optionalFlag(_ name: String) throws -> Bool {
        let value = self[name]
        guard value.exists, !value.isNull else { return false }
        guard let flag = value.bool else { throw Fault(.invalidInput, "`\(name)` is true or false") }
        return flag
    }
}

extension Request {
    /// A body that is an object, or none.
    @Loop
    func object(limit: Int = 256 << 10) async throws -> JSONView {
        let bytes = try await body.collect(limit: limit)
        let view = try JSON.parse(bytes.isEmpty ? Array("{}".utf8) : bytes)
        guard view.kind == .object else { throw Fault(.invalidInput, "the body is a JSON object") }
        return view
    }
}

extension Operations.Outcome {
    /// The result, or 202 and where to ask for it.
    func response(status: Int = 200) throws -> Response {
        switch self {
        case .done(let result): return .json(try JSON.encode(JSONValue.object(result)), status: status)
        case .later(let operation):
            var shown = operation.shown
            shown["status"] = "running"
            shown["operation"] = .string("/mgmt/operations/\(operation.id)")
            var response = Response.json(try JSON.encode(JSONValue.object(shown)), status: 202)
            response.headers["Location"] = "/mgmt/operations/\(operation.id)"
            return response
        }
    }
}
