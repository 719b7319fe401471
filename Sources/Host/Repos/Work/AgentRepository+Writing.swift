import Glibc
import Runtime

/// What is put into the agent's repository: objects first, then the refs that need them. Nothing there is followed.
extension AgentRepository {
    /// Packs of our own, as files of theirs.
    func take(packs: [String]) throws {
        let repository = try repository()
        guard let objects = try repository.folder("objects"), let packed = try objects.folder("pack", creating: true)
        else { throw Fault(.conflict, "\(repository.path) has no place for objects") }
        // The index of a pack comes last: from then on the pack counts.
        for path in packs.sorted(by: { $0.hasSuffix(".pack") && !$1.hasSuffix(".pack") }) {
            let name = String(path[path.index(after: path.lastIndex(of: "/")!)...])
            if try !packed.has(name) { try packed.give(path, as: name) }
        }
    }

    /// Moves its checked out branch to a commit whose objects are there, and its index with it, if nobody else did meanwhile.
    func advance(from old: Refs, to commit: String, index: [UInt8]) throws {
        let repository = try repository()
        guard let branch = old.branch else {
            throw Fault(.conflict, "the worktree \(folder) has no branch checked out", hint: "check one out first")
        }
        guard try !repository.has("index.lock") else {
            throw Fault(.conflict, "git is at work in the worktree \(folder)", hint: "try again in a moment")
        }
        guard try refs() == old else {
            throw Fault(.conflict, "the worktree \(folder) has changed meanwhile", hint: "look at it again")
        }
        try set("heads/\(branch)", to: commit)
        try repository.write(index, to: "index")
    }

    /// What a branch of the other side is at, as its own git remembers it.
    func note(_ branch: BranchName, at commit: String) throws { try set("remotes/origin/\(branch.text)", to: commit) }

    /// A ref by its name below `refs`.
    private func set(_ name: String, to commit: String) throws {
        guard var place = try repository().folder("refs", creating: true) else { return }
        var parts = name.split(separator: "/").map(String.init)
        let last = parts.removeLast()
        for part in parts {
            guard let next = try place.folder(part, creating: true) else { return }
            place = next
        }
        try place.write(Array("\(commit)\n".utf8), to: last)
    }

    // MARK: its files

    /// Whether something is at that path; what lies behind a link is not looked for.
    func holds(_ path: String) throws -> Bool {
        var place = try tree()
        var parts = path.split(separator: "/").map(String.init)
        let last = parts.removeLast()
        for part in parts {
            guard try place.has(part) else { return false }
            guard let next = try place.folder(part) else { return false }
            place = next
        }
        return try place.has(last)
    }

    /// Makes the files at these paths what they are in `source`, a directory of our own; those at `gone` go, and with
    /// them directories that nothing is left in.
    func replace(_ paths: [String], from source: String, gone: [String]) throws {
        for path in gone { try remove(path.split(separator: "/").map(String.init)[...], from: tree()) }
        for path in paths {
            var place = try tree()
            var parts = path.split(separator: "/").map(String.init)
            let last = parts.removeLast()
            for part in parts {
                guard let next = try place.folder(part, creating: true) else { return }
                place = next
            }
            try place.replace(last, with: "\(source)/\(path)")
        }
    }

    private func remove(_ parts: ArraySlice<String>, from place: borrowing GuardedFolder) throws {
        guard let first = parts.first else { return }
        guard parts.count > 1 else { return try place.remove(first) }
        guard let below = try place.folder(first) else { return }
        try remove(parts.dropFirst(), from: below)
        place.removeIfEmpty(first)
    }
}
