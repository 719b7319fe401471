import Runtime

/// A branch of the other side, as it was when it was last fetched.
struct CachedBranch: Sendable, Equatable {
    let name: String
    let commit: String
    /// Of its newest commit, in seconds since the epoch.
    let at: Int64
    let isMerged: Bool
}

extension Repos {
    func branches(of repo: RepoRecord) async throws -> [CachedBranch] {
        let repository = GitRepository(git, places.repo(repo.folder))
        let dates = try await repository.branchDates()
        let merged =
            repo.defaultBranch == nil ? [] : Set(try await repository.merged(into: "refs/heads/\(repo.defaultBranch!)"))
        return dates.map {
            CachedBranch(name: $0.name, commit: $0.commit, at: $0.at, isMerged: merged.contains($0.name))
        }
    }

    /// Takes a branch away on the other side, as long as it is still at that commit, and here.
    func removeBranch(_ branch: CachedBranch, of name: RepoName, login: GitLogin?) async throws {
        try await turns.run(name.id) {
            let repo = try await get(name)
            let repository = GitRepository(git, places.repo(repo.folder))
            try await repository.deleteRemote(
                branch.name, at: address(of: name), expecting: branch.commit, login: login)
            try await repository.set("refs/heads/\(branch.name)", to: nil)
        }
    }
}
