import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("worktrees", .serialized)
struct WorktreesTests {
    @Test("twenty chats at once on one repository never see each other's files")
    @Loop func twenty() async throws {
        try await RepoBed.with { bed in
            try await bed.origin("acme/app")
            let trees = try await withThrowingTaskGroup(of: WorktreeRecord.self) { group in
                for number in 0..<20 {
                    group.addTask { try await bed.worktree("c\(number)", of: number % 2 == 0 ? "ann" : "bob") }
                }
                var all: [WorktreeRecord] = []
                for try await tree in group { all.append(tree) }
                return all
            }
            #expect(Set(trees.map(\.path)).count == 20)
            #expect(try await bed.repos.list().count == 1)
            for tree in trees { bed.write(tree.id.text, "mine.txt", in: tree) }
            for tree in trees {
                #expect(bed.read("\(tree.path)/mine.txt") == tree.id.text)
                let owner = try await bed.spaces.workspace(tree.user)
                #expect(tree.path.hasPrefix("\(owner.directory)/worktrees/"))
                #expect(try await bed.worktrees.standing(tree).uncommitted == ["mine.txt"])
            }
            // Nothing of one user's files is the same file as another's, objects included.
            let (ann, bob) = (try await bed.spaces.workspace("ann"), try await bed.spaces.workspace("bob"))
            #expect(inodes(ann.directory).isDisjoint(with: inodes(bob.directory)))
            #expect(inodes(ann.directory).isDisjoint(with: inodes(bed.projects)))
        }
    }

    private func inodes(_ path: String) -> Set<UInt64> {
        var status = stat()
        guard lstat(path, &status) == 0 else { return [] }
        guard status.st_mode & S_IFMT == S_IFDIR else { return [UInt64(status.st_ino)] }
        // What cannot be listed holds nothing that is looked for.
        return ((try? RepoPlaces.names(path)) ?? []).reduce(into: []) { $0.formUnion(inodes("\(path)/\($1)")) }
    }

    @Test("an agent's own git works in it: log, status, commit, branches of the other side")
    @Loop func agent() async throws {
        try await RepoBed.with { bed in
            let origin = try await bed.origin("acme/app")
            try await RealGit.run(["branch", "next", "main"], in: origin)
            let tree = try await bed.worktree("t")
            #expect(try await RealGit.line(["branch", "--show-current"], in: tree.path) == "perigee/t")
            #expect(try await RealGit.run(["status", "--porcelain"], in: tree.path).isEmpty)
            #expect(try await RealGit.run(["branch", "-r"], in: tree.path).contains("origin/next"))
            #expect(try await RealGit.line(["rev-parse", "--abbrev-ref", "@{u}"], in: tree.path) == "origin/main")
            #expect(try await RealGit.line(["fsck", "--full"], in: tree.path) == "")
            #expect(try await RealGit.line(["config", "user.name"], in: tree.path) == "Ann")
            bed.write("more\n", "b.txt", in: tree)
            try await RealGit.run(["add", "-A"], in: tree.path)
            try await RealGit.run(["commit", "-q", "-m", "by the agent"], in: tree.path)
            #expect(try await bed.worktrees.desk(tree).log(limit: 1).first?.subject == "by the agent")
            let standing = try await bed.worktrees.standing(tree)
            #expect(standing.ahead == 1 && standing.unpushed == 1 && standing.uncommitted.isEmpty)
            // Packed, and without the loose files.
            try await RealGit.run(["gc", "--quiet"], in: tree.path)
            #expect(try await bed.worktrees.standing(tree) == standing)
        }
    }

    @Test("another branch can be the beginning, and one that is not there says so")
    @Loop func branches() async throws {
        try await RepoBed.with { bed in
            let origin = try await bed.origin("acme/app")
            try await RealGit.run(["branch", "next", "main"], in: origin)
            let next = try await RealGit.commit(to: origin, branch: "next", "n.txt", "n")
            let tree = try await bed.worktree("t", branch: "next")
            #expect(tree.base == next && tree.baseBranch == "next" && bed.read("\(tree.path)/n.txt") == "n")
            let fault = await #expect(throws: Fault.self) { try await bed.worktree("u", branch: "nothing") }
            #expect(fault?.kind == .notFound)
            #expect(try await bed.worktrees.all().count == 1)
        }
    }

    @Test("people see the diff, commit it and push it, and the agent's git knows of it")
    @Loop func work() async throws {
        try await RepoBed.with { bed in
            let origin = try await bed.origin("acme/app", files: ["a.txt": "one\n", "gone.txt": "x\n"])
            let tree = try await bed.worktree("t")
            let desk = try await bed.worktrees.desk(tree)
            bed.write("two\n", "a.txt", in: tree)
            bed.write("new\n", "dir/new file.txt", in: tree)
            unlink("\(tree.path)/gone.txt")
            let diff = try await desk.diff(against: .base, limit: 1 << 20)
            #expect(Set(diff.files.map(\.path)) == ["a.txt", "dir/new file.txt", "gone.txt"])
            #expect(diff.patch.contains("+two"))
            #expect(try await desk.status().changedCount == 3)
            let commit = try await desk.commit("By hand", by: RepoBed.author)
            #expect(commit.author == "Ann" && commit.subject == "By hand")
            #expect(try await RealGit.line(["rev-parse", "HEAD"], in: tree.path) == commit.id)
            #expect(try await RealGit.run(["status", "--porcelain"], in: tree.path).isEmpty)
            #expect(try await RealGit.line(["fsck", "--full"], in: tree.path) == "")
            #expect(try await desk.diff(against: .head, limit: 1000).files.isEmpty)
            let nothing = await #expect(throws: Fault.self) { try await desk.commit("Again", by: RepoBed.author) }
            #expect(nothing?.kind == .conflict)
            #expect(try await bed.worktrees.standing(tree).unpushed == 1)
            let pushed = try await bed.push(tree, to: "perigee/t").commit
            #expect(pushed == commit.id)
            #expect(try await RealGit.line(["rev-parse", "perigee/t"], in: origin) == commit.id)
            #expect(try await bed.worktrees.standing(tree).isSafeToRemove)
        }
    }

    @Test("a commit waits for nobody's lock, and takes nothing from who commits at the same time")
    @Loop func locks() async throws {
        try await RepoBed.with { bed in
            try await bed.origin("acme/app")
            let tree = try await bed.worktree("t")
            bed.write("x", "x.txt", in: tree)
            bed.write("", ".git/index.lock", in: tree)
            let desk = try await bed.worktrees.desk(tree)
            let fault = await #expect(throws: Fault.self) { try await desk.commit("No", by: RepoBed.author) }
            #expect(fault?.kind == .conflict)
            unlink("\(tree.path)/.git/index.lock")
            try await RealGit.run(["checkout", "-q", "--detach"], in: tree.path)
            #expect(
                await refusal { try await desk.commit("No", by: RepoBed.author) }
                    == .conflict)
            try await RealGit.run(["checkout", "-q", "perigee/t"], in: tree.path)
            #expect(try await desk.commit("Yes", by: RepoBed.author).subject == "Yes")
        }
    }

    @Test("a lost worktree comes back at its next use, with every commit that was last seen in it")
    @Loop func healing() async throws {
        try await RepoBed.with { bed in
            try await bed.origin("acme/app")
            let tree = try await bed.worktree("t")
            bed.write("kept\n", "kept.txt", in: tree)
            let commit = try await bed.worktrees.desk(tree).commit("Kept", by: RepoBed.author)
            try await RealGit.run(["branch", "side"], in: tree.path)
            _ = try await bed.worktrees.standing(tree)
            try RepoPlaces.remove(tree.path)
            // What was seen of it is still work that nobody else has.
            #expect(try await bed.worktrees.standing(tree).unpushed == 1)
            #expect(await refusal { try await bed.worktrees.remove(tree.id) } == .conflict)
            let healed = try await bed.worktree("t")
            #expect(healed.path == tree.path && bed.read("\(tree.path)/kept.txt") == "kept\n")
            #expect(try await RealGit.line(["rev-parse", "HEAD"], in: tree.path) == commit.id)
            #expect(try await RealGit.line(["rev-parse", "side"], in: tree.path) == commit.id)
            #expect(try await RealGit.line(["fsck", "--full"], in: tree.path) == "")
            // Lost together with the user's objects.
            let base = String(tree.path.dropLast("/worktrees/\(tree.folder)".utf8.count))
            try RepoPlaces.remove(tree.path)
            try RepoPlaces.remove("\(base)/.perigee")
            _ = try await bed.worktree("t")
            #expect(try await RealGit.line(["rev-parse", "HEAD"], in: tree.path) == commit.id)
        }
    }

    @Test("work that nobody else has is in the way of its removal, and a forced one can be put back")
    @Loop func removal() async throws {
        try await RepoBed.with { bed in
            try await bed.origin("acme/app")
            let tree = try await bed.worktree("t")
            bed.write("x", "x.txt", in: tree)
            let fault = await #expect(throws: Fault.self) { try await bed.worktrees.remove(tree.id) }
            #expect(fault?.kind == .conflict && fault?.message.contains("1 uncommitted file") == true)
            let lease = bed.worktrees.lease(tree)
            #expect(
                await refusal { try await bed.worktrees.remove(tree.id, isForced: true) }
                    == .conflict)
            lease.release()
            try await bed.worktrees.remove(tree.id, isForced: true)
            #expect(access(tree.path, F_OK) != 0)
            #expect(try await bed.worktrees.all().isEmpty)
            #expect(try RepoPlaces.names("\(bed.projects)/desks").isEmpty)
            let trash = Trash(bed.repos.places.roots, clock: SystemClock())
            let item = try #require(try await trash.list().first { $0.path?.hasSuffix(tree.folder) == true })
            try await trash.restore(item.id, stamp: item.stamp)
            // Found where it was, it is taken as it is.
            let again = try await bed.worktree("t")
            #expect(bed.read("\(again.path)/x.txt") == "x")
            #expect(try await bed.worktrees.standing(again).uncommitted == ["x.txt"])
        }
    }

    @Test("an id belongs to whom it was made for")
    @Loop func ids() async throws {
        try await RepoBed.with { bed in
            try await bed.origin("acme/app")
            try await bed.origin("acme/lib")
            let tree = try await bed.worktree("t", of: "ann")
            for (repo, user) in [("acme/app", "bob"), ("acme/lib", "ann")] {
                let fault = await #expect(throws: Fault.self) { try await bed.worktree("t", on: repo, of: user) }
                #expect(fault?.kind == .conflict)
            }
            #expect(
                await refusal { try await bed.worktrees.get(tree.id, of: "bob") }
                    == .notFound)
            #expect(try await bed.worktrees.all(of: "bob").isEmpty)
        }
    }
}
