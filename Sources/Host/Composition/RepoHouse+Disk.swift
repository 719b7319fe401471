import Runtime

extension RepoHouse {
    /// What of the disk it has: the cache, the worktrees, and Perigee's own side of each.
    var diskSources: [DiskSource] {
        [
            DiskSource(kind: "repo", isProject: true) { [repos] in
                try await repos.list().filter { $0.state == .ready }.map {
                    DiskPlace(id: $0.name.description, path: repos.places.repo($0.folder))
                }
            },
            // Those that nobody owns lie in no workspace.
            DiskSource(kind: "worktree", within: "workspace") { [worktrees] in
                try await worktrees.all().map {
                    DiskPlace(id: $0.id.text, path: $0.path, owner: $0.user.isEmpty ? nil : $0.user)
                }
            },
            DiskSource(kind: "desk") { [worktrees, repos] in
                try await worktrees.all().map {
                    DiskPlace(
                        id: $0.id.text, path: repos.places.desk($0.id), owner: $0.user.isEmpty ? nil : $0.user)
                }
            },
        ]
    }
}
