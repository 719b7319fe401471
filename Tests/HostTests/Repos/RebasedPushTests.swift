import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("pushes onto what others have pushed", .serialized)
struct RebasedPushTests {
    @Test("commits go on top of what is there, and the worktree follows with files, index and branch")
    @Loop func follows() async throws {
        try await RepoBed.with { bed in
            let origin = try await bed.origin(
                "acme/app", files: ["README.md": "hello\n", "old/gone.txt": "x\n", "run.sh": "echo\n"])
            let tree = try await bed.worktree("t")
            try await bed.commit("mine\n", "mine.txt", in: tree)
            try await RealGit.commit(to: origin, "deep/theirs.txt", "theirs\n")
            let tip = try await RealGit.commit(to: origin, "run.sh", "echo more\n")

            #expect(await refusal { try await bed.push(tree, to: "main") } == .conflict)
            let pushed = try await bed.push(tree, to: "main", rebasing: true)
            #expect(pushed.onto == tip && pushed.stays == nil)
            #expect(try await RealGit.line(["rev-parse", "main"], in: origin) == pushed.commit)
            #expect(
                try await RealGit.line(["log", "-1", "--format=%an %s", "main"], in: origin) == "Ann change mine.txt")
            // As the agent's own git sees it.
            #expect(try await RealGit.run(["status", "--porcelain"], in: tree.path).isEmpty)
            #expect(try await RealGit.line(["rev-parse", "HEAD"], in: tree.path) == pushed.commit)
            #expect(try await RealGit.line(["rev-parse", "origin/main"], in: tree.path) == pushed.commit)
            #expect(try await RealGit.line(["branch", "--show-current"], in: tree.path) == "perigee/t")
            #expect(bed.read("\(tree.path)/deep/theirs.txt") == "theirs\n")
            #expect(bed.read("\(tree.path)/run.sh") == "echo more\n")

            let standing = try await bed.worktrees.standing(bed.worktrees.get(tree.id))
            #expect(standing.isSafeToRemove && standing.ahead == 1)
            // Work goes on from there.
            try await bed.commit("again\n", "mine.txt", in: tree)
            #expect(try await bed.push(tree, to: "main", rebasing: true).onto == nil)
        }
    }

    @Test("what was removed there goes from the worktree, with directories that nothing is left in")
    @Loop func removals() async throws {
        try await RepoBed.with { bed in
            let origin = try await bed.origin("acme/app", files: ["a/b/c.txt": "c\n", "a/d.txt": "d\n"])
            let tree = try await bed.worktree("t")
            try await bed.commit("mine\n", "mine.txt", in: tree)
            let work = "\(bed.directory.path)/elsewhere"
            try await RealGit.run(["clone", "--quiet", origin, work])
            try await RealGit.run(["rm", "-q", "a/b/c.txt"], in: work)
            symlink("d.txt", "\(work)/a/link")
            try await RealGit.run(["add", "-A"], in: work)
            try await RealGit.run(["commit", "-q", "-m", "less"], in: work)
            try await RealGit.run(["push", "-q", "origin", "main"], in: work)
            let pushed = try await bed.push(tree, to: "main", rebasing: true)
            #expect(pushed.stays == nil)
            #expect(access("\(tree.path)/a/b", F_OK) != 0)
            #expect(bed.read("\(tree.path)/a/link") == "d\n")
            #expect(try await RealGit.run(["status", "--porcelain"], in: tree.path).isEmpty)
        }
    }

    @Test("what conflicts is told, and nothing has changed on either side")
    @Loop func conflicts() async throws {
        try await RepoBed.with { bed in
            let origin = try await bed.origin("acme/app")
            let tree = try await bed.worktree("t")
            try await bed.commit("fits\n", "other.txt", in: tree)
            try await bed.commit("mine\n", "README.md", in: tree)
            bed.write("not yet\n", "draft.txt", in: tree)
            let head = try await RealGit.line(["rev-parse", "HEAD"], in: tree.path)
            let tip = try await RealGit.commit(to: origin, "README.md", "theirs\n")
            do {
                _ = try await bed.push(tree, to: "main", rebasing: true)
                Issue.record("it was pushed")
            } catch let fault as Fault {
                #expect(fault.kind == .conflict && fault.message.contains("\"change README.md\""), "\(fault)")
                #expect(fault.message.contains("in README.md") && !fault.isRetryable)
            }
            #expect(try await RealGit.line(["rev-parse", "main"], in: origin) == tip)
            #expect(try await RealGit.line(["rev-parse", "HEAD"], in: tree.path) == head)
            #expect(try await RealGit.run(["status", "--porcelain"], in: tree.path) == "?? draft.txt\n")
            #expect(bed.read("\(tree.path)/README.md") == "mine\n")
            #expect(try await bed.worktrees.standing(tree).unpushed == 2)
        }
    }

    @Test("a worktree with uncommitted work, or with somebody at work in it, is not touched")
    @Loop func stays() async throws {
        try await RepoBed.with { bed in
            let origin = try await bed.origin("acme/app")
            let tree = try await bed.worktree("t")
            try await bed.commit("mine\n", "mine.txt", in: tree)
            try await RealGit.commit(to: origin, "theirs.txt", "theirs\n")
            bed.write("not yet\n", "draft.txt", in: tree)
            let head = try await RealGit.line(["rev-parse", "HEAD"], in: tree.path)
            let first = try await bed.push(tree, to: "main", rebasing: true)
            #expect(first.stays == "it has uncommitted files")
            #expect(try await RealGit.line(["rev-parse", "HEAD"], in: tree.path) == head)
            #expect(access("\(tree.path)/theirs.txt", F_OK) != 0)
            // Its own git can go there, and nothing is pushed twice.
            unlink("\(tree.path)/draft.txt")
            bed.worktrees.isAtWork = { $0 == tree.path }
            try await RealGit.commit(to: origin, "more.txt", "more\n")
            let second = try await bed.push(tree, to: "main", rebasing: true)
            #expect(second.stays == "somebody is at work in it")
            #expect(try await RealGit.line(["rev-list", "--count", "main"], in: origin) == "4")
            try await RealGit.run(["rebase", "-q", "origin/main"], in: tree.path)
            #expect(try await RealGit.line(["rev-parse", "HEAD"], in: tree.path) == second.commit)
        }
    }

    @Test("a file that git passes over is in nobody's way")
    @Loop func ignoredFiles() async throws {
        try await RepoBed.with { bed in
            let origin = try await bed.origin("acme/app", files: [".gitignore": "secret\n", "a.txt": "a\n"])
            let tree = try await bed.worktree("t")
            try await bed.commit("mine\n", "mine.txt", in: tree)
            bed.write("precious\n", "secret", in: tree)
            let work = "\(bed.directory.path)/elsewhere"
            try await RealGit.run(["clone", "--quiet", origin, work])
            bed.directory.write("theirs\n", to: "elsewhere/secret")
            try await RealGit.run(["add", "-f", "secret"], in: work)
            try await RealGit.run(["commit", "-q", "-m", "secret"], in: work)
            try await RealGit.run(["push", "-q", "origin", "main"], in: work)
            #expect(try await bed.push(tree, to: "main", rebasing: true).stays == "secret is in the way")
            #expect(bed.read("\(tree.path)/secret") == "precious\n")
        }
    }

    @Test("merges are left to people")
    @Loop func merges() async throws {
        try await RepoBed.with { bed in
            let origin = try await bed.origin("acme/app")
            let tree = try await bed.worktree("t")
            try await RealGit.run(["checkout", "-q", "-b", "side"], in: tree.path)
            try await bed.commit("side\n", "side.txt", in: tree)
            try await RealGit.run(["checkout", "-q", "perigee/t"], in: tree.path)
            try await bed.commit("mine\n", "mine.txt", in: tree)
            try await RealGit.run(["merge", "-q", "-m", "both", "side"], in: tree.path)
            try await RealGit.commit(to: origin, "theirs.txt", "theirs\n")
            #expect(await refusal { try await bed.push(tree, to: "main", rebasing: true) } == .conflict)
            #expect(try await bed.push(tree, to: "perigee/t", rebasing: true).onto == nil)
        }
    }

    @Test("of five who push at once to one branch all come through")
    @Loop func races() async throws {
        try await RepoBed.with { bed in
            let origin = try await bed.origin("acme/app")
            var trees: [WorktreeRecord] = []
            for number in 0..<5 {
                let tree = try await bed.worktree("t\(number)", of: "user\(number)")
                try await bed.commit("\(number)\n", "\(number).txt", in: tree)
                trees.append(tree)
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for tree in trees {
                    group.addTask { _ = try await bed.push(tree, to: "main", rebasing: true) }
                }
                try await group.waitForAll()
            }
            #expect(try await RealGit.line(["rev-list", "--count", "main"], in: origin) == "6")
            #expect(try await RealGit.run(["ls-tree", "--name-only", "main"], in: origin).contains("4.txt"))
        }
    }

    @Test("the door asks the owner's policy where work may go")
    @Loop func door() async throws {
        try await ManageBed.with { bed in
            try await bed.origin("acme/app")
            _ = try await bed.ask(.post, "/mgmt/repos/clone", ["repo": "acme/app"])
            _ = try await bed.ask(.post, "/mgmt/worktrees", ["repo": "acme/app", "sessionId": "s"])
            bed.state.write("two\n", to: "projects/worktrees/acme__app__s/b.txt")
            _ = try await bed.ask(.post, "/mgmt/worktrees/s/commit", ["message": "b"])
            try await RealGit.commit(to: "\(bed.origins)/acme/app.git", "c.txt", "three\n")
            let door = "/mgmt/worktrees/s/push"
            #expect(try await bed.ask(.post, door, ["to": "somewhere"]).status == 400)
            #expect(try await bed.ask(.post, door, ["to": "base", "branch": "main"]).status == 400)
            #expect(try await bed.ask(.post, door, ["rebase": true, "force": true]).status == 400)
            #expect(try await bed.ask(.post, door, ["to": "default", "rebase": false]).status == 409)
            let pushed = try await bed.ask(.post, door, ["to": "default"])
            #expect(pushed.status == 200 && pushed.json["branch"].string == "main", "\(pushed.json)")
            #expect(pushed.json["rebased"].bool == true && !pushed.json["stays"].exists)

            bed.state.write(
                "return { push = function() return { refuse = \"not today\", hint = \"tomorrow\" } end }",
                to: "state/scripts/hooks/zz.lua")
            #expect(try await bed.ask(.post, "/mgmt/scripts/reload").status == 200)
            let refused = try await bed.ask(.post, door)
            #expect(refused.status == 403, "\(refused.json)")
        }
    }
}
