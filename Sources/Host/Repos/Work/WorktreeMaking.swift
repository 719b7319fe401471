import Glibc
import Runtime

/// Puts a worktree together where nobody sees it, and moves it to its place when it is whole: a repository of its own with
/// every branch of the other side, whose objects lie in the user's pool. No agent's word is read on the way.
@Loop
struct WorktreeMaking {
    let git: Git
    let places: RepoPlaces
    let repo: RepoRecord
    let address: String
    let record: WorktreeRecord
    let author: GitAuthor
    /// What a lost worktree had that nobody else has: branches by their names, and packs with their commits.
    var restored: [(name: String, commit: String)] = []
    var packs: [String] = []

    private var base: String { places.base(of: record) }

    /// `commit` is checked out. A directory that is there already is left as it is.
    func make(at commit: String) async throws {
        let (places, record, base) = (places, record, base)
        let tree = "\(places.making)/tree-\(Hex.encode(Random.bytes(8)))"
        do {
            try await build(tree, commit)
            try await BlockingPool.shared.settle("the worktree \(record.id)") {
                try RepoPlaces.give(tree, like: base)
                var parts = record.folder.split(separator: "/").map(String.init)
                let name = parts.removeLast()
                guard var place = try GuardedFolder.root(base).folder(RepoPlaces.worktrees, creating: true) else {
                    return
                }
                for part in parts {
                    guard let next = try place.folder(part) else {
                        throw Fault(.conflict, "the worktree in which \(record.id) lies is gone", hint: "try again")
                    }
                    place = next
                }
                if try place.has(name) { return try RepoPlaces.remove(tree) }
                try place.take(tree, as: name)
            }
        } catch {
            BlockingPool.shared.later {
                // A remainder goes with the next start.
                try? RepoPlaces.remove(tree)
            }
            throw error
        }
    }

    private func build(_ tree: String, _ commit: String) async throws {
        let cache = GitRepository(git, places.repo(repo.folder))
        let heads = try await cache.refs("refs/heads/")
        let tags = try await cache.refs("refs/tags/")
        try await git.run(
            GitCall(["init", "--quiet", "--template=", "-b", record.branch, "--end-of-options", tree]))
        let (config, alternates) = (config, "\(places.pool(repo, below: base))\n")
        let packed = packedRefs(heads, tags)
        let (branch, repository, shallow) = (record.branch, "\(tree)/.git", "\(places.repo(repo.folder))/shallow")
        let (defaultBranch, packs) = (repo.defaultBranch, packs)
        try await BlockingPool.shared.run("the worktree \(record.id)") {
            for folder in ["info", "objects/info", "refs/remotes", "refs/remotes/origin"] {
                mkdir("\(repository)/\(folder)", 0o755)
            }
            var files = [
                ("config", config), ("objects/info/alternates", alternates), ("packed-refs", packed),
                ("info/exclude", Desk.exclude),
            ]
            if let defaultBranch {
                files.append(("refs/remotes/origin/HEAD", "ref: refs/remotes/origin/\(defaultBranch)\n"))
            }
            for (name, text) in files { try AtomicFile.write(Array(text.utf8), to: "\(repository)/\(name)") }
            mkdir("\(repository)/objects/pack", 0o755)
            for pack in packs {
                let name = pack[pack.index(after: pack.lastIndex(of: "/")!)...]
                try AtomicFile.write(FileBytes.read(pack), to: "\(repository)/objects/pack/\(name)", mode: 0o444)
            }
            if access(shallow, F_OK) == 0 {
                try AtomicFile.write(FileBytes.read(shallow), to: "\(repository)/shallow")
            }
        }
        let own = GitRepository(git, repository, workTree: tree)
        for ref in restored { try await own.set(ref.name, to: ref.commit) }
        try await own.set("refs/heads/\(branch)", to: commit)
        try await own.readTree(commit, updating: true)
    }

    /// The other side's branches as this side remembers them, and its tags.
    private func packedRefs(_ heads: [(name: String, commit: String)], _ tags: [(name: String, commit: String)])
        -> String
    {
        let lines =
            heads.map { ("refs/remotes/origin/\($0.name.dropFirst(11))", $0.commit) }
            + tags.map { ($0.name, $0.commit) }
        let text = lines.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }.map { "\($0.1) \($0.0)" }
        return "# pack-refs with: sorted \n" + text.map { "\($0)\n" }.joined()
    }

    /// For the agent's own git: where the other side is, and who commits. No key is in it; `perigee` pushes.
    private var config: String {
        """
        [core]
            repositoryformatversion = \(repo.filter == .none ? 0 : 1)
            filemode = true
            bare = false
            logallrefupdates = true
            fsync = all
            fsyncMethod = fsync
        [remote "origin"]
            url = \(address)
            fetch = +refs/heads/*:refs/remotes/origin/*\(promises)
        [branch "\(record.branch)"]
            remote = origin
            merge = refs/heads/\(record.baseBranch)
        [user]
            name = \(quoted(author.name))
            email = \(quoted(author.email))

        """
    }

    /// Files of older commits are asked for when the agent looks at them.
    private var promises: String {
        guard let filter = repo.filter.text else { return "" }
        return "\n    promisor = true\n    partialclonefilter = \(filter)\n[extensions]\n    partialClone = origin"
    }

    private func quoted(_ text: String) -> String {
        "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    }
}
