import Runtime

extension Repos {
    /// Has all files of a commit in the cache, where the clone left them out. Gives the commit's objects; none for a whole
    /// clone.
    func complete(_ repo: RepoRecord, _ commit: String, login: GitLogin?) async throws -> [String] {
        guard repo.filter != .none else { return [] }
        let repository = GitRepository(git, places.repo(repo.folder))
        let (here, missing) = try await repository.objects(of: commit)
        try await turns.run(repo.name.id) { try await repository.bring(missing, login: login) }
        return here + missing
    }

    /// A file of a commit, got from the other side if need be.
    func show(
        _ path: String, of repo: RepoRecord, at commit: String, login: () async throws -> GitLogin?
    ) async throws -> [UInt8] {
        let repository = GitRepository(git, places.repo(repo.folder))
        if repo.filter != .none, let id = try await repository.entry(path, of: commit),
            try await repository.objects(of: commit).missing.contains(id)
        {
            let login = try await login()
            try await turns.run(repo.name.id) { try await repository.bring([id], login: login) }
        }
        return try await repository.show(path, at: commit)
    }
}
