import Glibc
import Runtime

/// What would be lost with a worktree.
struct WorktreeStanding: Sendable, Equatable {
    let head: String?
    let branch: String?
    /// Paths that differ from the last commit; those that git ignores are not among them.
    let uncommitted: [String]
    /// Commits of any branch, tag or stash that no other side has.
    let unpushed: Int
    /// Commits of the branch that is checked out since where it began.
    let ahead: Int

    var isSafeToRemove: Bool { uncommitted.isEmpty && unpushed == 0 }

    /// Why it must stay, for people.
    var reason: String? {
        if !uncommitted.isEmpty {
            return "\(uncommitted.count) uncommitted \(uncommitted.count == 1 ? "file" : "files")"
        }
        if unpushed > 0 { return "\(unpushed) unpushed \(unpushed == 1 ? "commit" : "commits")" }
        return nil
    }
}

extension Desk {
    nonisolated static let index = "strict.index"
    private nonisolated static let seen = "seen.index"

    /// Looks at everything again. The agent's own index, which can hide changes, is not asked.
    func standing() async throws -> WorktreeStanding {
        try await turns.run(path) {
            do {
                let refs = try await look()
                let (status, links) = try await withFiles(index: Desk.index) { repository in
                    try await prepare(repository, of: refs.head)
                    return (try await repository.status(), try await repository.links())
                }
                return try await standing(refs, status, occupied(links))
            } catch let fault as Fault where fault.kind == .notFound {
                // The directory is gone: what is left of it is what was last seen.
                return try await standing(remembered(), GitStatus(), [])
            }
        }
    }

    private func remembered() async throws -> AgentRepository.Refs {
        var refs = AgentRepository.Refs()
        refs.head = try await repository.resolve(Desk.head)
        for ref in try await repository.refs("refs/agent/") { refs.all["refs/\(ref.name.dropFirst(11))"] = ref.commit }
        return refs
    }

    /// Other repositories that are checked out in it: git is not asked what they hold, so they count as work.
    private func occupied(_ links: [String]) async throws -> [String] {
        guard !links.isEmpty else { return [] }
        let agent = agent
        return try await BlockingPool.shared.run("the worktree \(agent.folder)") {
            try links.filter { try agent.isRepository($0) }
        }
    }

    private func standing(
        _ refs: AgentRepository.Refs, _ status: GitStatus, _ inner: [String]
    ) async throws -> WorktreeStanding {
        var known = try await GitRepository(git, cache).refs("refs/heads/", "refs/tags/").map(\.commit)
        let marks = try await repository.refs("refs/perigee/")
        known += marks.filter { $0.name != Desk.head }.map(\.commit)
        let base = marks.first { $0.name == Desk.base }?.commit
        // What is known by its name needs no counting.
        let mine = Set(refs.own + (refs.head.map { [$0] } ?? [])).subtracting(known)
        let unpushed = try await repository.count(Array(mine), except: Array(Set(known)))
        let ahead =
            refs.head == base
            ? 0 : try await repository.count(refs.head.map { [$0] } ?? [], except: base.map { [$0] } ?? [])
        return WorktreeStanding(
            head: refs.head, branch: refs.branch, uncommitted: (status.paths + inner).sorted(), unpushed: unpushed,
            ahead: ahead)
    }

    /// What the worktree's own git would say, for people: with what was staged there.
    func status() async throws -> GitStatus {
        try await turns.run(path) {
            let refs = try await look()
            let (agent, path) = (agent, path)
            let index = try await BlockingPool.shared.run("the index of \(agent.folder)") {
                let bytes = try agent.repository().read("index", limit: 64 << 20)
                if let bytes { try AtomicFile.write(bytes, to: "\(path)/\(Desk.seen)", mode: 0o600) }
                return bytes != nil
            }
            do {
                guard index else { throw Fault(.notFound, "there is no index") }
                return try await withFiles(index: Desk.seen) { try await $0.status() }
            } catch let fault as Fault where fault.kind != .cancelled && fault.kind != .timeout {
                // An index that cannot be read is as good as none.
                return try await withFiles(index: Desk.index) { repository in
                    try await prepare(repository, of: refs.head)
                    return try await repository.status()
                }
            }
        }
    }

    /// Commits of what is checked out since where it began.
    func ahead() async throws -> Int {
        try await turns.run(path) {
            let refs = try await look()
            let base = try await repository.resolve(Desk.base)
            return try await repository.count(refs.head.map { [$0] } ?? [], except: base.map { [$0] } ?? [])
        }
    }

    // MARK: what has changed

    /// Everything that the worktree holds, as a tree: what was committed, and what was not.
    private func snapshot(_ refs: AgentRepository.Refs, keepingIndex: Bool = false) async throws -> (String, [UInt8]) {
        try await withFiles(index: Desk.index) { repository in
            try await prepare(repository, of: refs.head)
            let status = try await repository.status()
            let (mark, index) = ("\(path)/\(Desk.index).of", "\(path)/\(Desk.index)")
            // From here on the index is of no commit any more.
            if !status.isClean {
                try await BlockingPool.shared.run("the index of \(agent.folder)") { try RepoPlaces.remove(mark) }
            }
            // A path that ends in a slash is somebody else's repository in the worktree.
            try await repository.stage(status.paths.filter { !$0.hasSuffix("/") })
            let tree = try await repository.writeTree()
            guard keepingIndex else { return (tree, []) }
            return (
                tree, try await BlockingPool.shared.run("the index of \(agent.folder)") { try FileBytes.read(index) }
            )
        }
    }

    enum Against: String, Sendable, CaseIterable {
        /// Where the worktree began: everything that was done in it.
        case base
        /// The last commit: what was not committed.
        case head
    }

    func diff(against: Against, limit: Int) async throws -> GitDiff {
        try await turns.run(path) {
            let refs = try await look()
            let (tree, _) = try await snapshot(refs)
            let from = against == .base ? try await fork(of: refs) : refs.head
            guard let from else { return GitDiff() }
            return try await repository.diff(from: from, to: tree, limit: limit)
        }
    }

    /// The newest commit that this work and what it began from have in common.
    private func fork(of refs: AgentRepository.Refs) async throws -> String? {
        guard let base = try await repository.resolve(Desk.base) else { return refs.head }
        guard let head = refs.head else { return base }
        let output = try await git.attempt(repository.call(["merge-base", base, head]))
        return output.code == 0 ? output.line : base
    }

    func log(limit: Int) async throws -> [GitCommit] {
        try await turns.run(path) {
            guard let head = try await look().head else { return [] }
            return try await repository.log(head, limit: limit)
        }
    }

    // MARK: commit

    /// Commits everything there is, and moves the worktree's branch there.
    func commit(_ message: String, by author: GitAuthor) async throws -> GitCommit {
        try await turns.run(path) {
            let refs = try await look()
            let (tree, index) = try await snapshot(refs, keepingIndex: true)
            if let head = refs.head, try await repository.tree(of: head) == tree {
                throw Fault(.conflict, "nothing has changed in the worktree \(agent.folder) since its last commit")
            }
            let commit = try await repository.commit(
                tree, parents: refs.head.map { [$0] } ?? [], message: message, by: author)
            try await hand(over: [commit], except: refs.head.map { [$0] } ?? [])
            let agent = agent
            try await BlockingPool.shared.settle("the worktree \(agent.folder)") {
                try agent.advance(from: refs, to: commit, index: index)
            }
            try await repository.set(Desk.head, to: commit)
            guard let made = try await repository.log(commit, limit: 1).first else {
                throw Fault(.internal, "the commit \(commit) cannot be read")
            }
            return made
        }
    }
}
