extension GitRepository {
    // MARK: looking

    public func status(untracked: Bool = true) async throws -> GitStatus {
        let all = untracked ? "--untracked-files=all" : "--untracked-files=no"
        let arguments = ["status", "--porcelain=v2", "--branch", "-z", all, "--ignore-submodules=all", "--no-renames"]
        var call = call(arguments)
        call.limit = 64 << 20
        return try GitStatus(try await git.run(call).bytes)
    }

    /// What differs between two commits or trees; `paths` as they are, without patterns.
    public func diff(from: String, to: String, paths: [String] = [], limit: Int = 1 << 20) async throws -> GitDiff {
        let common = ["--no-ext-diff", "--no-textconv", "--no-color", "--find-renames", "--ignore-submodules=all"]
        let rest = [from, to, "--"] + paths
        var diff = GitDiff()
        var counting = call(["diff-tree", "-r", "-z", "--numstat"] + common + rest)
        counting.limit = 16 << 20
        diff.files = GitDiff.files(try await git.run(counting).bytes)
        var patching = call(["diff-tree", "-r", "-p"] + common + rest)
        patching.limit = limit * 2
        patching.overflow = .keepEnds
        let output = try await git.run(patching)
        diff.isCut = output.lost > 0 || output.bytes.count > limit
        let kept = diff.isCut ? Array(output.bytes.prefix(limit)) : output.bytes
        diff.patch = String(decoding: kept, as: UTF8.self)
        return diff
    }

    /// The newest commits of `revision`, without those that are in any of `except`.
    public func log(_ revision: String, except: [String] = [], limit: Int = 50) async throws -> [GitCommit] {
        var call = call(["log", "-z", GitCommit.format, "--max-count=\(limit)", "--no-show-signature", "--stdin"])
        call.input = Array(([revision] + except.map { "^\($0)" }).joined(separator: "\n").utf8) + [10]
        return GitCommit.list(try await git.run(call).bytes)
    }

    /// How many commits are in any of `commits` and in none of `except`.
    public func count(_ commits: [String], except: [String]) async throws -> Int {
        guard !commits.isEmpty else { return 0 }
        var call = call(["rev-list", "--count", "--stdin"])
        call.input = Array((commits + except.map { "^\($0)" }).joined(separator: "\n").utf8) + [10]
        return Int(try await git.run(call).line) ?? 0
    }

    /// A file of a commit.
    public func show(_ path: String, at commit: String, limit: Int = 4 << 20) async throws -> [UInt8] {
        var call = call(["cat-file", "blob", "\(commit):\(path)"])
        call.limit = limit
        return try await git.run(call).bytes
    }

    // MARK: trees and commits

    /// Makes the index say what a commit or tree holds; with none, nothing.
    public func readTree(_ tree: String?, updating: Bool = false) async throws {
        guard let tree else {
            try await run(["read-tree", "--empty"])
            return
        }
        try await run(["read-tree"] + (updating ? ["-u", "--reset"] : []) + [tree], deadline: .seconds(600))
    }

    /// Takes the files as they are now into the index; those that are gone go from it too.
    public func stage(_ paths: [String]) async throws {
        guard !paths.isEmpty else { return }
        var call = call(["update-index", "-z", "--add", "--remove", "--replace", "--stdin"])
        call.input = paths.flatMap { Array($0.utf8) + [0] }
        call.deadline = .seconds(600)
        try await git.run(call)
    }

    /// Paths of the index that are other repositories: submodules, and what an agent added like one.
    public func links() async throws -> [String] {
        var call = call(["ls-files", "--stage", "-z"])
        call.limit = 256 << 20
        return try await git.run(call).fields.compactMap { field in
            let parts = field.split(separator: "\t", maxSplits: 1)
            return parts.count == 2 && parts[0].hasPrefix("160000 ") ? String(parts[1]) : nil
        }
    }

    public func writeTree() async throws -> String { try await run(["write-tree"]).line }

    public func tree(of commit: String) async throws -> String {
        try await run(["rev-parse", "--verify", "--end-of-options", "\(commit)^{tree}"]).line
    }

    /// A commit of a tree; no branch has it yet.
    public func commit(
        _ tree: String, parents: [String], message: String, by author: GitAuthor
    ) async throws -> String {
        var call = call(["commit-tree", "--no-gpg-sign", tree] + parents.flatMap { ["-p", $0] })
        call.input = Array(message.utf8)
        call.variables = author.variables
        return try await git.run(call).line
    }

    // MARK: packs

    /// Writes everything that is in `commits` and not in `except` into one pack below `directory`; true when there was
    /// anything.
    @discardableResult
    public func pack(
        _ commits: [String], except: [String], into directory: String, isPartial: Bool = false
    ) async throws -> Bool {
        guard !commits.isEmpty else { return false }
        // What a partial repository lacks is left out, and not asked for.
        let missing = isPartial ? ["--missing=allow-any"] : []
        var call = call(
            ["pack-objects", "--revs", "--quiet", "--non-empty", "--threads=1"] + missing + ["\(directory)/pack"])
        call.input = Array((commits + except.map { "^\($0)" }).joined(separator: "\n").utf8) + [10]
        call.deadline = .seconds(3600)
        return !(try await git.run(call)).bytes.isEmpty
    }

    /// Checks a pack that somebody else wrote, object by object, and gives it an index.
    public func index(pack path: String) async throws {
        try await run(["index-pack", path], deadline: .seconds(1800))
    }

    // MARK: health

    /// Gathers all packs in one. Objects that no ref needs stay: others may borrow them.
    public func repack() async throws {
        try await run(["repack", "-a", "-d", "-k", "-q"], deadline: .seconds(3600))
    }

    /// What is damaged, in git's words; empty for a repository that is whole.
    public func check() async throws -> [String] {
        var call = call(["fsck", "--full", "--no-dangling", "--no-progress", "--connectivity-only"])
        call.deadline = .seconds(1800)
        call.overflow = .keepEnds
        let output = try await git.attempt(call)
        let lines = (output.lines + output.words.split(separator: "\n").map(String.init)).filter {
            !$0.hasPrefix("notice:") && !$0.hasPrefix("warning:")
        }
        return output.code == 0 ? [] : lines.isEmpty ? ["git fsck ended with code \(output.code)"] : lines
    }

    // MARK: worktrees of this repository

    public func worktrees() async throws -> [GitWorktree] {
        GitWorktree.list(try await run(["worktree", "list", "--porcelain", "-z"]).bytes)
    }

    /// A checkout at a path where nothing is yet, on a new branch.
    public func addWorktree(_ path: String, branch: String, from commit: String) async throws {
        try await run(
            ["worktree", "add", "--quiet", "-b", branch, "--end-of-options", path, commit], deadline: .seconds(600))
    }

    /// Refused by git while it has uncommitted changes, or is locked; `force` passes over the changes.
    public func removeWorktree(_ path: String, force: Bool = false) async throws {
        try await run(["worktree", "remove"] + (force ? ["--force"] : []) + ["--end-of-options", path])
    }

    /// Forgets those whose directories are gone.
    public func pruneWorktrees() async throws { try await run(["worktree", "prune", "--expire=now"]) }

    /// Ties together again what was moved: these, or all that are known.
    public func repairWorktrees(_ paths: [String] = []) async throws {
        let all = paths.isEmpty ? try await worktrees().filter { !$0.isBare }.map(\.path) : paths
        if !all.isEmpty { try await run(["worktree", "repair", "--end-of-options"] + all) }
    }

    public func lockWorktree(_ path: String, reason: String) async throws {
        try await run(["worktree", "lock", "--reason=\(reason)", "--end-of-options", path])
    }
}
