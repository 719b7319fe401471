/// What became of commits that were to be put on another one.
public enum GitRebase: Sendable, Equatable {
    case done(String)
    /// The first commit that does not fit there, and the files that both sides have changed.
    case conflict(subject: String, paths: [String])
    /// There are merges among them, which a row of commits cannot say.
    case merges
    case tooMany(Int)
}

extension GitRepository {
    /// So many commits are put on another one; more are a history of their own.
    private static let mostRebased = 500

    public func isAncestor(_ commit: String, of other: String) async throws -> Bool {
        let call = call(["merge-base", "--is-ancestor", commit, other])
        let output = try await git.attempt(call)
        guard output.code <= 1 else { throw GitFaults.fault(call, output) }
        return output.code == 0
    }

    /// Makes again on `onto` what `head` has and it has not, without files: no branch moves, and what conflicts is
    /// nowhere. What `onto` has already in other words is left out.
    public func rebase(_ head: String, onto: String, by committer: GitAuthor) async throws -> GitRebase {
        let count = try await count([head], except: [onto])
        guard count <= GitRepository.mostRebased else { return .tooMany(count) }
        let commits = try await commits(of: head, except: onto)
        guard commits.allSatisfy({ $0.parents.count < 2 }) else { return .merges }
        var (tip, tree) = (onto, try await self.tree(of: onto))
        for commit in commits {
            let before = try await treeBefore(commit.parents.first)
            switch try await merge(tree, commit.tree, since: before, by: committer) {
            case .tree(let merged) where merged == tree: continue
            case .tree(let merged):
                (tip, tree) = (try await again(commit, merged, on: tip, by: committer), merged)
            case .conflict(let paths): return .conflict(subject: commit.subject, paths: paths)
            }
        }
        return .done(tip)
    }

    /// One commit as it is made again.
    private struct Remade {
        let tree: String
        let parents: [String]
        let name: String
        let email: String
        let date: String
        let message: String
        var subject: String { String(message.prefix { $0 != "\n" }) }
    }

    private func commits(of head: String, except: String) async throws -> [Remade] {
        let format = "--format=%T%x1f%P%x1f%an%x1f%ae%x1f%ad%x1f%B"
        var call = call([
            "log", "-z", "--reverse", "--topo-order", "--date=raw", "--encoding=UTF-8", "--no-show-signature", format,
            "--stdin",
        ])
        call.input = Array("\(head)\n^\(except)\n".utf8)
        call.limit = 64 << 20
        return try await git.run(call).bytes.split(separator: 0).map { record in
            let parts = record.split(separator: 0x1f, maxSplits: 5, omittingEmptySubsequences: false).map {
                String(decoding: $0, as: UTF8.self)
            }
            guard parts.count == 6 else { throw Fault(.internal, "git log said what is not understood") }
            return Remade(
                tree: parts[0], parents: parts[1].split(separator: " ").map(String.init), name: parts[2],
                email: parts[3], date: parts[4], message: parts[5])
        }
    }

    private enum Merged { case tree(String), conflict([String]) }

    /// The three trees as commits of their own: git merges what has a common past.
    private func merge(
        _ ours: String, _ theirs: String, since base: String, by committer: GitAuthor
    ) async throws -> Merged {
        let root = try await commit(base, parents: [], message: "base", by: committer)
        let left = try await commit(ours, parents: [root], message: "ours", by: committer)
        let right = try await commit(theirs, parents: [root], message: "theirs", by: committer)
        let call = call(["merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", left, right])
        let output = try await git.attempt(call)
        guard output.code <= 1, let tree = output.fields.first else { throw GitFaults.fault(call, output) }
        return output.code == 0 ? .tree(tree) : .conflict(Array(output.fields.dropFirst()))
    }

    private func again(
        _ commit: Remade, _ tree: String, on parent: String, by committer: GitAuthor
    ) async throws -> String {
        var call = call(["commit-tree", "--no-gpg-sign", tree, "-p", parent])
        call.input = Array(commit.message.utf8)
        call.variables = committer.variables
        call.variables["GIT_AUTHOR_NAME"] = commit.name.isEmpty ? "unknown" : commit.name
        call.variables["GIT_AUTHOR_EMAIL"] = commit.email
        call.variables["GIT_AUTHOR_DATE"] = "@\(commit.date)"
        return try await git.run(call).line
    }

    /// What a first commit began from.
    private static let emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

    private func treeBefore(_ parent: String?) async throws -> String {
        guard let parent else { return GitRepository.emptyTree }
        return try await tree(of: parent)
    }

    // MARK: what lies between two commits

    /// A file that is another, or is gone, in a second commit.
    public struct Change: Sendable, Equatable {
        public let path: String
        /// Modes as git writes them; `000000` for what is not there.
        public let before: String
        public let after: String

        public var isNew: Bool { before == "000000" }
        public var isGone: Bool { after == "000000" }
        public var isLink: Bool { before == "160000" || after == "160000" }
    }

    /// Every file that differs, renames as what they are made of.
    public func changes(from old: String, to new: String) async throws -> [Change] {
        var call = call(["diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-ext-diff", old, new, "--"])
        call.limit = 256 << 20
        let fields = try await git.run(call).fields
        return stride(from: 0, to: fields.count - 1, by: 2).compactMap { at in
            let words = fields[at].dropFirst().split(separator: " ")
            guard words.count == 5 else { return nil }
            return Change(path: fields[at + 1], before: String(words[0]), after: String(words[1]))
        }
    }

    /// Writes files of the index to the place's directory.
    public func checkOut(_ paths: [String]) async throws {
        guard !paths.isEmpty else { return }
        var call = call(["checkout-index", "--force", "-z", "--stdin"])
        call.input = paths.flatMap { Array($0.utf8) + [0] }
        call.deadline = .seconds(600)
        try await git.run(call)
    }
}
