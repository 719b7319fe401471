import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

/// What scripts see of real repositories.
@Suite("repositories for scripts", .serialized)
struct ScriptGitTests {
    @Test("a script can clone, work, push and remove")
    @Loop func all() async throws {
        try await RepoBed.with { bed in
            let origin = try await bed.origin("acme/app")
            let git = ScriptGit(bed.house, bed.spaces.workspaces)
            let repo = try await git.clone("acme/app", depth: nil, filter: nil) { _ in }
            #expect(repo["default_branch"]?.string == "main")
            var order = WorldWorktreeOrder(repo: "acme/app", id: "t")
            order.user = "ann"
            let tree = try await git.addWorktree(order)
            #expect(tree["user"]?.string == "ann" && tree["kind"]?.string == "worktree")
            let path = try #require(tree["path"]?.string)
            bed.directory.write("x", to: "\(path.dropFirst(bed.directory.path.utf8.count + 1))/x.txt")
            #expect(try await git.status(of: "t")["uncommitted"]?.integer == 1)
            #expect(try await git.diff(of: "t", against: "head", limit: 1000)["files"]?[0]?["path"]?.string == "x.txt")
            let commit = try await git.commit("t", message: "x", name: nil, email: nil)
            #expect(commit["author"]?.string == "Perigee")
            #expect(await refusal { try await git.removeWorktree("t", isForced: false) } == .conflict)
            _ = try await git.push("t", WorldPush())
            #expect(try await git.log(of: "t", limit: 1)[0]["commit"] == commit["commit"])
            #expect(
                try await RealGit.line(["rev-parse", "perigee/t"], in: origin) == commit["commit"]?.string)
            #expect(try await git.show("acme/app", path: "README.md", at: nil) == Array("hello\n".utf8))
            #expect(await refusal { try await git.show("acme/app", path: "no", at: nil) } == .notFound)
            _ = try await git.fetch("acme/app")
            let branches = try await git.branches(of: "acme/app")
            #expect(branches.map { $0["name"]?.string } == ["main", "perigee/t"])
            #expect(branches[1]["worktree"]?.string == "t" && branches[1]["merged"]?.bool == false)
            _ = try await git.removeWorktree("t", isForced: false)
            #expect(try await git.worktrees(WorldWorktreeQuery()).isEmpty)
            #expect(try await git.repos().count == 1)
            try await git.removeRepo("acme/app")
            #expect(await refusal { try await git.repo("acme/app") } == .notFound)
            #expect(await refusal { try await git.repo("../x") } == .invalidInput)
            #expect(await refusal { try await git.listed(WorldRepoQuery()) } == .unauthenticated)
        }
    }

    @Test("merged branches of worktrees that are gone can go on the server, and nothing else")
    @Loop func branches() async throws {
        try await RepoBed.with { bed in
            let origin = try await bed.origin("acme/app")
            for name in ["perigee/merged", "perigee/open", "feature"] {
                try await RealGit.run(["branch", name, "main"], in: origin)
            }
            _ = try await RealGit.commit(to: origin, branch: "perigee/open", "x", "x")
            _ = try await bed.repos.clone(RepoName("acme/app"), login: nil)
            let target = BranchTarget(bed.house)
            func item(_ branch: String, stamp: String? = nil) -> PlanEntry {
                PlanEntry(
                    action: .remove, kind: "branch", id: "acme/app \(branch)", reason: "test", stamp: stamp)
            }
            #expect(try await target.check(item("perigee/open")) == .stays("it is not merged"))
            #expect(try await target.check(item("feature")) == .stays("Perigee did not make it"))
            #expect(try await target.check(item("perigee/merged", stamp: "1")) != .removable)
            #expect(try await target.check(item("perigee/none")) == .gone)
            #expect(try await target.check(item("perigee/merged")) == .removable)
            _ = try await target.remove(item("perigee/merged"))
            #expect(try await target.check(item("perigee/merged")) == .gone)
            #expect(
                try await RealGit.run(["branch", "--format=%(refname:short)"], in: origin)
                    == "feature\nmain\nperigee/open\n")
        }
    }
}
