import Glibc
import Runtime

/// Perigee's own side of a worktree: a repository in which git may run, because only Perigee writes there. Objects and refs
/// of the agent's repository come into it as data; the worktree's files are looked at from here.
///
/// It borrows the cache's objects. Refs: `refs/perigee/base` is where the worktree began, `…/head` where it was when it was
/// last looked at, `…/pushed` what the other side has got of it, `refs/agent/…` the agent's own.
@Loop
struct Desk {
    static let base = "refs/perigee/base"
    static let head = "refs/perigee/head"
    static let pushed = "refs/perigee/pushed"

    private nonisolated static let mostBytes = 4 << 30

    let git: Git
    let path: String
    let cache: String
    let agent: AgentRepository
    /// Of one worktree nothing is done twice at once.
    let turns: Turns

    var repository: GitRepository { GitRepository(git, path) }

    /// Made where it is missing.
    func open(base commit: String) async throws {
        let (path, cache) = (path, cache)
        let isThere = try await BlockingPool.shared.run("the desk \(path)") {
            access("\(path)/HEAD", F_OK) == 0 && access("\(path)/objects/info/alternates", F_OK) == 0
        }
        if !isThere {
            try await BlockingPool.shared.run("the desk \(path)") { try RepoPlaces.remove(path) }
            _ = try await GitRepository.create(git, at: path)
            try await BlockingPool.shared.run("the desk \(path)") {
                mkdir("\(path)/info", 0o700)
                try AtomicFile.write(Array(Desk.exclude.utf8), to: "\(path)/info/exclude")
                try AtomicFile.write(Array("\(cache)/objects\n".utf8), to: "\(path)/objects/info/alternates")
                if access("\(cache)/shallow", F_OK) == 0 {
                    try AtomicFile.write(FileBytes.read("\(cache)/shallow"), to: "\(path)/shallow")
                }
            }
        }
        try await repository.set(Desk.base, to: commit)
    }

    /// What Perigee itself puts into a worktree, and is nobody's work.
    nonisolated static let exclude = "/\(AgentConfig.folder)/\(AgentConfig.file)\n"

    // MARK: taking over

    /// Brings what is new in the agent's repository here, and gives what its refs say.
    func look() async throws -> AgentRepository.Refs {
        let (agent, path) = (agent, path)
        // Refs first: objects are written before the refs that need them.
        let (refs, packs) = try await BlockingPool.shared.run("the worktree \(agent.folder)") {
            let refs = try agent.refs()
            return (refs, try agent.copyObjects(to: path, atMost: Desk.mostBytes))
        }
        for pack in packs { try await repository.index(pack: "\(path)/inbox/\(pack)") }
        if !packs.isEmpty {
            try await BlockingPool.shared.run("packs of \(agent.folder)") {
                for pack in packs {
                    for kind in ["pack", "idx"] {
                        let name = "\(pack.dropLast(4))\(kind)"
                        try RepoPlaces.move("\(path)/inbox/\(name)", to: "\(path)/objects/pack/\(name)")
                    }
                }
                // Git keeps a reverse index beside some packs, which it makes again.
                try RepoPlaces.remove("\(path)/inbox")
            }
        }
        try await note(refs)
        // Whatever the agent's branch is called, here only its commit counts.
        if let head = refs.head, try await !isDetached(at: head) { try await repository.detachHead(at: head) }
        return refs
    }

    private func isDetached(at head: String) async throws -> Bool {
        let path = path
        return try await BlockingPool.shared.run("the desk \(path)") {
            try FileBytes.read("\(path)/HEAD") == Array("\(head)\n".utf8)
        }
    }

    /// Refs of the desk, so that what they name can be found again when the worktree is lost.
    private func note(_ refs: AgentRepository.Refs) async throws {
        var wanted: [String: String] = [:]
        for (name, commit) in refs.all where !name.hasPrefix("refs/remotes/") {
            wanted["refs/agent/\(name.dropFirst(5))"] = commit
        }
        wanted[Desk.head] = refs.head
        let known = Dictionary(try await repository.refs("refs/agent/").map { ($0.name, $0.commit) }) { $1 }
        var lines: [String] = []
        for (name, commit) in wanted where known[name] != commit { lines.append("update \(name) \(commit)") }
        for name in known.keys where wanted[name] == nil { lines.append("delete \(name)") }
        guard !lines.isEmpty else { return }
        var call = repository.call(["update-ref", "--stdin"])
        call.input = Array((lines.sorted().joined(separator: "\n") + "\n").utf8)
        try await git.run(call)
    }

    // MARK: the files

    /// The repository with the worktree's files, for as long as `body` runs.
    func withFiles<Value>(index: String, _ body: (GitRepository) async throws -> Value) async throws -> Value {
        let agent = agent
        let held = try await BlockingPool.shared.run("the worktree \(agent.folder)") { HeldFolder(try agent.tree()) }
        defer { withExtendedLifetime(held) {} }
        return try await body(
            GitRepository(git, path, workTree: held.folder.held, index: "\(path)/\(index)"))
    }

    /// Makes an index of a commit. One that is of it already knows the files' times, and is quick.
    func prepare(_ repository: GitRepository, of commit: String?) async throws {
        let mark = "\(repository.place.index ?? "").of"
        let text = commit ?? "none"
        let same = try await BlockingPool.shared.run("the index of \(agent.folder)") {
            // A mark that cannot be read is none.
            let marked = try? FileBytes.read(mark)
            return access(String(mark.dropLast(3)), F_OK) == 0 && marked == Array(text.utf8)
        }
        if same { return }
        try await BlockingPool.shared.run("the index of \(agent.folder)") { try RepoPlaces.remove(mark) }
        try await repository.readTree(commit)
        try await BlockingPool.shared.run("the index of \(agent.folder)") {
            try AtomicFile.write(Array(text.utf8), to: mark, mode: 0o600)
        }
    }
}

/// Keeps a folder open while programs use it.
final class HeldFolder: Sendable {
    let folder: GuardedFolder
    init(_ folder: consuming GuardedFolder) { self.folder = folder }
}

/// Files of Perigee's own.
enum FileBytes {
    static let limit = 256 << 20

    static func read(_ path: String) throws -> [UInt8] {
        let parent = String(path[..<path.lastIndex(of: "/")!])
        let name = String(path[path.index(after: path.lastIndex(of: "/")!)...])
        guard let bytes = try GuardedFolder.root(parent).read(name, limit: limit) else {
            throw Fault(.notFound, "there is no \(path)")
        }
        return bytes
    }
}
