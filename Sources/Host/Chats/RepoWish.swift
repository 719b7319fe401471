import Runtime

/// The repository that a turn wants to work on, however its client named it.
struct RepoWish: Sendable, Equatable {
    var repo: String
    var branch: String?

    /// `owner/name`, `owner/name#branch`, or an address of the server that repositories come from.
    init(_ text: String, on server: String) throws {
        let parts = text.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        repo = try RepoName(parts.first ?? "", on: server).description
        branch = try parts.count > 1 ? BranchName(parts[1]).text : nil
    }

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
    /// Others that the run has beside it, each in a directory of it with the repository's name.
    var inner: [WantedWorktree]?

    /// Where they are below the run's directory, for the agent.
    var layout: String? {
        guard let inner, !inner.isEmpty else { return nil }
        let lines = inner.map { "- \($0.place)/: \($0.repo)" }.joined(separator: "\n")
        return
            "This directory is a checkout of \(repo). These directories in it are checkouts of other repositories, each "
            + "a git repository of its own; git and searches from here pass over them:\n\n\(lines)"
    }

    /// What an inner one's directory is called.
    var place: String { repo.split(separator: "/").last.map(String.init) ?? repo }
}
