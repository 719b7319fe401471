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
                try await worktrees.diskPlaces {
                    DiskPlace(id: $0.id.text, path: $0.path, owner: $0.user.isEmpty ? nil : $0.user)
                }
            },
            DiskSource(kind: "desk") { [worktrees, repos] in
                try await worktrees.diskPlaces {
                    DiskPlace(
                        id: $0.id.text, path: repos.places.desk($0.id), owner: $0.user.isEmpty ? nil : $0.user)
                }
            },
        ]
    }
}

extension Worktrees {
    /// Page by page, so that thousands of them are no long turn.
    fileprivate func diskPlaces(_ place: (WorktreeRecord) -> DiskPlace) async throws -> [DiskPlace] {
        var places: [DiskPlace] = []
        var after = ""
        while true {
            let page = try await list(after: after, limit: 500)
            places += page.map(place)
            guard page.count == 500, let last = page.last else { return places }
            after = last.id.text
        }
    }
}
