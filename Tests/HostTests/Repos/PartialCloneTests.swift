import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("clones that leave out files", .serialized)
struct PartialCloneTests {
    /// An origin whose old file is larger than all else, and the id of that file.
    @Loop
    private func origin(_ bed: RepoBed) async throws -> String {
        let path = try await bed.origin("acme/app", files: ["README.md": "hello\n", "big.bin": "old and large\n"])
        try await RealGit.run(["config", "uploadpack.allowFilter", "true"], in: path)
        try await RealGit.run(["config", "uploadpack.allowAnySHA1InWant", "true"], in: path)
        let id = try await RealGit.line(["rev-parse", "main:big.bin"], in: path)
        try await RealGit.commit(to: path, "big.bin", "small\n")
        return id
    }

    @Loop
    private func clone(_ bed: RepoBed) async throws {
        _ = try await bed.repos.clone(RepoName("acme/app"), login: nil, filter: .blobs)
    }

    /// Whether objects are in a repository, without asking for them elsewhere.
    @Loop
    private func lacks(_ id: String, in repository: String) async throws -> Bool {
        try await RealGit.run(
            ["rev-list", "--objects", "--all", "--missing=print", "--no-object-names"], in: repository
        ).contains("?\(id)")
    }

    @Test("a worktree has the files of its commit, and its work is committed, looked at and pushed as ever")
    @Loop func work() async throws {
        try await RepoBed.with { bed in
            let old = try await origin(bed)
            try await clone(bed)
            let cache = "\(bed.projects)/repos/acme__app"
            let new = try await RealGit.line(["rev-parse", "main:big.bin"], in: cache)
            #expect(try await lacks(old, in: cache))
            #expect(try await lacks(new, in: cache))
            let tree = try await bed.worktree("t")
            #expect(bed.read("\(tree.path)/big.bin") == "small\n")
            #expect(try await lacks(old, in: cache))
            #expect(try await !lacks(new, in: cache))
            #expect(try await RealGit.run(["status", "--porcelain"], in: tree.path).isEmpty)
            try await RealGit.run(["commit", "--allow-empty", "-q", "-m", "theirs"], in: tree.path)
            try await bed.commit("mine\n", "mine.txt", in: tree)
            let diff = try await bed.worktrees.desk(tree).diff(against: .base, limit: 1000)
            #expect(diff.files.map(\.path) == ["mine.txt"])
            let path = "\(bed.server.root)/acme/app.git"
            try await RealGit.commit(to: path, "theirs.txt", "theirs\n")
            let pushed = try await bed.push(tree, to: "main", rebasing: true)
            #expect(pushed.onto != nil && pushed.stays == nil)
            #expect(try await bed.worktrees.standing(bed.worktrees.get(tree.id)).isSafeToRemove)
            // The agent's own git gets what it looks at.
            #expect(try await RealGit.run(["show", "HEAD~3:big.bin"], in: tree.path) == "old and large\n")
        }
    }

    @Test("another worktree gets the files of its own commit, and a script any file")
    @Loop func others() async throws {
        try await RepoBed.with { bed in
            _ = try await origin(bed)
            let path = "\(bed.server.root)/acme/app.git"
            try await RealGit.run(["branch", "before", "main~1"], in: path)
            try await clone(bed)
            _ = try await bed.worktree("t")
            let git = ScriptGit(bed.house, bed.spaces.workspaces)
            #expect(try await git.show("acme/app", path: "big.bin", at: "before") == Array("old and large\n".utf8))
            let second = try await bed.worktree("u", branch: "before")
            #expect(bed.read("\(second.path)/big.bin") == "old and large\n")
            #expect(try await bed.repos.mend(RepoName("acme/app"), login: nil).isEmpty)
        }
    }

    @Test("with a password all of it is asked for as whoever may read")
    @Loop func passwords() async throws {
        try await RepoBed.with(overHTTP: true) { bed in
            _ = try await origin(bed)
            bed.server.login = ("x-access-token", "secret")
            let name = try RepoName("acme/app")
            let login = bed.house.settings.login(for: name, user: "x-access-token", token: Secret("secret"))
            _ = try await bed.repos.clone(name, login: login, filter: .blobs)
            var order = WorktreeOrder(repo: name, id: try WorktreeID("t"))
            order.workspace = try await bed.spaces.workspace("ann")
            let tree = try await bed.worktrees.make(order, login: login, author: RepoBed.author).record
            #expect(bed.read("\(tree.path)/big.bin") == "small\n")
        }
    }
}
