import Glibc
import Runtime

/// The repository of a worktree, in which an agent may have written anything: read as data, by descriptors that follow no
/// link, and never given to git. Its configuration, hooks, alternates and ways elsewhere mean nothing here. Blocks.
struct AgentRepository {
    /// What its refs say.
    struct Refs: Sendable, Equatable {
        /// The commit that is checked out; nil before the first.
        var head: String?
        /// The branch that HEAD names.
        var branch: String?
        /// Commits by the whole names of refs.
        var all: [String: String] = [:]

        /// What might be nobody else's: everything but what came from the other side.
        var own: [String] { Array(Set(all.filter { !$0.key.hasPrefix("refs/remotes/") }.map(\.value))) }
    }

    private static let mostRefs = 50_000
    private static let mostObjects = 500_000
    private static let depth = 16

    /// Below the base: the way to the worktree.
    let base: String
    let folder: String

    func tree() throws -> GuardedFolder {
        var place = try GuardedFolder.root(base)
        for part in [RepoPlaces.worktrees] + folder.split(separator: "/").map(String.init) {
            guard let next = try place.folder(part) else {
                throw Fault(.notFound, "the worktree \(base)/\(RepoPlaces.worktrees)/\(folder) is not there")
            }
            place = next
        }
        return place
    }

    func repository() throws -> GuardedFolder {
        guard let repository = try tree().folder(".git") else {
            throw Fault(
                .conflict, "\(base)/\(RepoPlaces.worktrees)/\(folder) has no repository any more",
                hint: "move it to another name, and the next use makes it again")
        }
        return repository
    }

    /// Whether a directory of the worktree is a repository of its own.
    func isRepository(_ path: String) throws -> Bool {
        var place = try tree()
        for part in path.split(separator: "/") {
            guard let next = try place.folder(String(part)) else { return false }
            place = next
        }
        return try place.has(".git")
    }

    // MARK: refs

    func refs() throws -> Refs {
        let repository = try repository()
        guard let head = try repository.read("HEAD", limit: 4096) else {
            throw Fault(.conflict, "\(repository.path) has no HEAD")
        }
        var refs = Refs()
        let packed = try repository.read("packed-refs", limit: 64 << 20) ?? []
        for line in packed.split(separator: 10) where line.first != 35 && line.first != 94 {
            let words = String(decoding: line, as: UTF8.self).split(separator: " ", maxSplits: 1)
            if words.count == 2 { AgentRepository.note(String(words[1]), String(words[0]), &refs) }
        }
        if let folder = try repository.folder("refs") { try AgentRepository.walk(folder, "refs", 0, &refs) }
        let text = String(decoding: head, as: UTF8.self).prefix { $0 != "\n" }
        if text.hasPrefix("ref: refs/heads/") {
            // What is no name of a branch is none that git made.
            let branch = try BranchName(String(text.dropFirst(16))).text
            refs.branch = branch
            refs.head = refs.all["refs/heads/\(branch)"]
        } else if AgentRepository.isID(text) {
            refs.head = String(text)
        } else {
            throw Fault(.conflict, "\(repository.path)/HEAD says nothing that git would say")
        }
        return refs
    }

    private static func walk(_ folder: borrowing GuardedFolder, _ name: String, _ level: Int, _ refs: inout Refs) throws
    {
        guard level < depth else { throw Fault(.tooLarge, "\(folder.path): too deep for refs") }
        for entry in try folder.names(atMost: mostRefs) where !entry.hasSuffix(".lock") {
            let path = "\(name)/\(entry)"
            do {
                if let bytes = try folder.read(entry, limit: 4096) {
                    note(path, String(decoding: bytes, as: UTF8.self).prefix { $0 != "\n" }, &refs)
                }
            } catch let fault as Fault where fault.kind == .denied {
                // A directory; a link is refused here as well.
                if let below = try folder.folder(entry) { try walk(below, path, level + 1, &refs) }
            }
            guard refs.all.count <= mostRefs else { throw Fault(.tooLarge, "\(folder.path): too many refs") }
        }
    }

    private static func note(_ name: String, _ commit: some StringProtocol, _ refs: inout Refs) {
        // Symbolic ones point to what is seen anyway.
        if name.hasPrefix("refs/"), isID(commit) { refs.all[name] = String(commit) }
    }

    private static func isID(_ text: some StringProtocol) -> Bool { text.utf8.count == 40 && isHex(text) }

    private static func isHex(_ text: some StringProtocol) -> Bool {
        text.utf8.allSatisfy { 48...57 ~= $0 || 97...102 ~= $0 }
    }

    // MARK: objects

    /// Copies the objects that the desk does not have: loose ones into its own, packs into `inbox`, for git to check
    /// there. Gives the packs.
    func copyObjects(to desk: String, atMost limit: Int) throws -> [String] {
        guard let objects = try repository().folder("objects") else { return [] }
        var left = limit
        var count = 0
        for fan in try objects.names(atMost: 300) where fan.utf8.count == 2 && AgentRepository.isHex(fan) {
            guard let folder = try objects.folder(fan) else { continue }
            for name in try folder.names(atMost: AgentRepository.mostObjects)
            where name.utf8.count == 38 && AgentRepository.isHex(name) {
                count += 1
                guard count <= AgentRepository.mostObjects else { throw tooMuch }
                mkdir("\(desk)/objects/\(fan)", 0o700)
                try copy(name, of: folder, to: "\(desk)/objects/\(fan)/\(name)", &left)
            }
        }
        guard let packs = try objects.folder("pack") else { return [] }
        mkdir("\(desk)/inbox", 0o700)
        var new: [String] = []
        for name in try packs.names(atMost: 10_000) where AgentRepository.isPack(name) {
            guard access("\(desk)/objects/pack/\(name)", F_OK) != 0 else { continue }
            try copy(name, of: packs, to: "\(desk)/inbox/\(name)", &left)
            new.append(name)
        }
        return new
    }

    private static func isPack(_ name: String) -> Bool {
        name.hasPrefix("pack-") && name.hasSuffix(".pack") && name.utf8.count == 50
            && isHex(name.dropFirst(5).dropLast(5))
    }

    private func copy(
        _ name: String, of folder: borrowing GuardedFolder, to path: String, _ left: inout Int
    ) throws {
        guard access(path, F_OK) != 0 else { return }
        left -= try folder.copy(name, to: path, limit: left)
        if left <= 0 { throw tooMuch }
    }

    private var tooMuch: Fault {
        Fault(.tooLarge, "the worktree \(folder) holds more objects than are looked at", hint: "remove some of them")
    }
}
