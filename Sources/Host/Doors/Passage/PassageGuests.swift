import Runtime

/// Who comes to the passage: a user to their own workspace, a manager to anybody's.
@Loop
struct PassageGuests {
    struct Guest {
        let workspace: Workspace
        /// What reaches beyond one workspace is theirs alone.
        let isAdmin: Bool
    }

    let gate: Gate
    let workspaces: Workspaces
    let scripts: Scripts

    func guest(_ request: Request) async throws -> Guest {
        let shown = PassageGuests.shown(request)
        let wanted = request.parameters["workspace"] ?? ""
        let isAdmin = try gate.allows(.admin, request, shown: shown)
        if wanted != "mine", try isAdmin || gate.allows(.manage, request, shown: shown) {
            return Guest(workspace: try await workspaces.get(wanted).workspace, isAdmin: isAdmin)
        }
        let use = GenerationUse(scripts.live)
        let caller = try await gate.caller(request, door: "passage", shown: shown, generation: use.generation)
        // As if it were not there: nobody learns here which workspaces there are.
        guard wanted == "mine" || wanted == Workspace.id(of: caller.user) else {
            throw Fault(.notFound, "there is no workspace \(wanted)", hint: "`mine` is always your own")
        }
        let workspace = try await workspaces.workspace(for: caller.user, source: caller.source)
        return Guest(workspace: workspace, isAdmin: isAdmin)
    }

    /// The key as opencode's clients send it: the password of HTTP Basic, or `auth_token` where no header can be set.
    static func shown(_ request: Request) -> String? {
        for value in request.headers.all("authorization") {
            let parts = value.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "basic" else { continue }
            if let password = password(parts[1].trimmed) { return password }
        }
        // A plus that nobody encoded has become a space.
        return request.query["auth_token"].flatMap { password($0.replacing(" ", with: "+")) }
    }

    /// Of `user:password` in base64, padded or not.
    private static func password(_ text: String) -> String? {
        let bare = text.replacing("=", with: "")
        let padded = bare + String(repeating: "=", count: (4 - bare.utf8.count % 4) % 4)
        guard let bytes = Base64.decode(padded), let pair = String(validating: bytes, as: UTF8.self),
            let colon = pair.firstIndex(of: ":")
        else { return nil }
        let password = pair[pair.index(after: colon)...]
        return password.isEmpty ? nil : String(password)
    }
}
