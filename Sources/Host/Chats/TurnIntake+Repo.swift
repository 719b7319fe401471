import Runtime

extension TurnIntake {
    /// Where a turn works that wants a repository, or that the hook `place` gives one: each chat of a user in a worktree of
    /// its own. A hook that names a directory has decided otherwise.
    func worktree(
        _ request: TurnRequest, _ workspace: Workspace, _ place: Decision
    ) throws -> (wanted: WantedWorktree, directory: String)? {
        let wish = place["directory"]?.string == nil ? request.repo : nil
        guard let repo = place["repo"]?.string ?? wish?.repo else { return nil }
        let name = try RepoName(repo)
        let branch = try (place["branch"]?.string ?? wish?.branch).map { try BranchName($0).text }
        // What is no turn of a chat is on its own.
        let chat = request.facts.chat ?? "run \(UUIDText.random())"
        let id = WorktreeID(chat: chat, of: workspace.user, on: name)
        let folder = WorktreeRecord.folder(of: name, id)
        var wanted = WantedWorktree(repo: name.description, branch: branch, id: id.text)
        if !request.otherRepos.isEmpty {
            wanted.inner = try inner(request.otherRepos, chat, workspace, of: name)
        }
        return (wanted, "\(workspace.directory)/\(RepoPlaces.worktrees)/\(folder)")
    }

    private func inner(
        _ others: [RepoWish], _ chat: String, _ workspace: Workspace, of first: RepoName
    ) throws -> [WantedWorktree] {
        var names = [first.name.lowercased()]
        return try others.map { other in
            let name = try RepoName(other.repo)
            guard !names.contains(name.name.lowercased()) else {
                throw Fault(
                    .invalidInput, "two repositories are called \(name.name)", hint: "each has a directory of its name")
            }
            names.append(name.name.lowercased())
            let id = WorktreeID(chat: chat, of: workspace.user, on: name)
            return WantedWorktree(repo: name.description, branch: other.branch, id: id.text)
        }
    }
}
