import Runtime

/// The repository that a turn wants to work on, however its client named it.
struct RepoWish: Sendable, Equatable {
    var repo: String
    var branch: String?

    /// By the model, as in `open-persona/build@owner/name` or `…@owner/name#branch`, by a header, by a field of the body,
    /// or by what is attached to the model: the first of these.
    init?(model: String, headers: Headers, extra: JSONObject, meta: JSONObject) {
        let named =
            RepoWish.split(model).wish ?? headers["x-openpersona-repo"] ?? headers["x-perigee-repo"]
            ?? extra["repo"]?.string ?? meta["repo"]?.string
        guard let named, !named.isEmpty else { return nil }
        let parts = named.split(separator: "#", maxSplits: 1).map(String.init)
        repo = parts.first ?? ""
        branch =
            parts.count > 1
            ? parts[1]
            : headers["x-openpersona-branch"] ?? extra["branch"]?.string ?? meta["branch"]?.string
        if branch?.isEmpty == true { branch = nil }
    }

    /// Refused at once, before anything is begun with it.
    func check() throws {
        _ = try RepoName(repo)
        if let branch { _ = try BranchName(branch) }
    }

    /// The model's own name, and what stands behind its `@`.
    static func split(_ model: String) -> (model: String, wish: String?) {
        guard let mark = model.firstIndex(of: "@"), mark != model.startIndex else { return (model, nil) }
        return (String(model[..<mark]), String(model[model.index(after: mark)...]))
    }
}

/// The worktree in which a run works, kept with it: whoever carries it out makes it, or finds it.
struct WantedWorktree: Sendable, Equatable, Codable {
    var repo: String
    var branch: String?
    var id: String
}
