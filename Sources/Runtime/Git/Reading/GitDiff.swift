/// What changed between two states: for each file how much, and the patch up to a bound.
public struct GitDiff: Sendable, Equatable {
    public struct File: Sendable, Equatable {
        public let path: String
        /// Where a renamed file was.
        public var from: String?
        /// Nil for a binary file.
        public let added: Int?
        public let removed: Int?
    }

    public var files: [File] = []
    public var patch = ""
    /// The patch was longer than its bound; the list of files is whole.
    public var isCut = false

    public init() {}

    /// The records of `--numstat -z`: counts and a path, or counts and two paths behind an empty one.
    static func files(_ bytes: [UInt8]) -> [File] {
        var fields = bytes.split(separator: 0, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }[...]
        var files: [File] = []
        while let field = fields.popFirst() {
            let parts = field.split(separator: "\t", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let (added, removed) = (Int(parts[0]), Int(parts[1]))
            if parts[2].isEmpty, let from = fields.popFirst(), let path = fields.popFirst() {
                files.append(File(path: path, from: from, added: added, removed: removed))
            } else if !parts[2].isEmpty {
                files.append(File(path: String(parts[2]), added: added, removed: removed))
            }
        }
        return files
    }
}

/// A checkout that shares a repository with others, as `git worktree list --porcelain -z` tells it.
public struct GitWorktree: Sendable, Equatable {
    public var path: String
    public var head: String?
    public var branch: String?
    public var isBare = false
    /// Why it is kept from being pruned; empty where nobody said.
    public var lock: String?
    /// Why git would prune it.
    public var prunable: String?

    static func list(_ bytes: [UInt8]) -> [GitWorktree] {
        var trees: [GitWorktree] = []
        for field in bytes.split(separator: 0).map({ String(decoding: $0, as: UTF8.self) }) {
            let words = field.split(separator: " ", maxSplits: 1).map(String.init)
            let value = words.count > 1 ? words[1] : ""
            if words.first == "worktree" {
                trees.append(GitWorktree(path: value))
            } else if !trees.isEmpty {
                trees[trees.count - 1].take(words.first ?? "", value)
            }
        }
        return trees
    }

    private mutating func take(_ word: String, _ value: String) {
        switch word {
        case "HEAD": head = value
        case "branch": branch = value.hasPrefix("refs/heads/") ? String(value.dropFirst(11)) : value
        case "bare": isBare = true
        case "locked": lock = value
        case "prunable": prunable = value
        default: break
        }
    }
}
