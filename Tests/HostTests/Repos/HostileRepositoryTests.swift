import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

/// What an agent can write in its worktree: nothing of it is an order to Perigee, and no way leads out of it.
@Suite("a worktree whose agent means harm", .serialized)
struct HostileRepositoryTests {
    @Loop
    private func everything(_ bed: RepoBed, _ tree: WorktreeRecord) async {
        let desk = try? await bed.worktrees.desk(tree)
        _ = try? await bed.worktrees.standing(tree)
        _ = try? await desk?.status()
        _ = try? await desk?.diff(against: .base, limit: 1 << 20)
        _ = try? await desk?.log(limit: 10)
        _ = try? await desk?.commit("x", by: RepoBed.author)
        _ = try? await bed.push(tree, to: "perigee/x")
        _ = try? await bed.worktrees.remove(tree.id)
    }

    @Test("nothing that its configuration, hooks or attributes name is run")
    @Loop func configuration() async throws {
        try await RepoBed.with { bed in
            try await bed.origin("acme/app")
            let tree = try await bed.worktree("t")
            let marker = "\(bed.directory.path)/ran"
            let script = "\(bed.directory.path)/evil"
            bed.directory.write("#!/bin/sh\necho \"$0 $*\" >> \(marker)\n", to: "evil")
            chmod(script, 0o755)
            for (key, value) in [
                ("core.fsmonitor", script), ("core.sshCommand", script), ("core.pager", script),
                ("core.editor", script), ("core.hooksPath", "\(tree.path)/hooks"), ("filter.x.clean", script),
                ("filter.x.smudge", script), ("filter.x.process", script), ("diff.x.command", script),
                ("diff.x.textconv", script), ("diff.external", script), ("gpg.program", script),
                ("commit.gpgSign", "true"), ("credential.helper", "!\(script)"), ("uploadpack.packObjectsHook", script),
                ("remote.origin.uploadpack", script), ("remote.origin.receivepack", script),
                ("core.gitProxy", script), ("include.path", "/etc/passwd"), ("core.alternateRefsCommand", script),
            ] { try await RealGit.run(["config", "--file", "\(tree.path)/.git/config", key, value]) }
            for hook in ["pre-commit", "post-commit", "pre-push", "post-checkout", "reference-transaction", "update"] {
                for folder in [".git/hooks", "hooks"] {
                    bed.write("#!/bin/sh\necho \(hook) >> \(marker)\n", "\(folder)/\(hook)", in: tree)
                    chmod("\(tree.path)/\(folder)/\(hook)", 0o755)
                }
            }
            bed.write("* filter=x diff=x\n", ".gitattributes", in: tree)
            bed.write("changed\n", "README.md", in: tree)
            // A repository in it, which a look at submodules would ask for its state.
            try await RealGit.run(["init", "--quiet", "\(tree.path)/inner"])
            bed.write("x", "inner/x", in: tree)
            try await RealGit.run(["-C", "\(tree.path)/inner", "add", "x"])
            try await RealGit.run(["-C", "\(tree.path)/inner", "commit", "-q", "-m", "x"])
            try await RealGit.run(["config", "--file", "\(tree.path)/inner/.git/config", "core.fsmonitor", script])
            await everything(bed, tree)
            #expect(bed.read(marker) == nil, "\(bed.read(marker) ?? "")")
            // And yet the work was seen.
            #expect(access(tree.path, F_OK) == 0)
        }
    }

    @Test("links that lead to another user's files show nothing of them")
    @Loop func links() async throws {
        try await RepoBed.with { bed in
            try await bed.origin("acme/app")
            let secret = try await bed.worktree("secret", of: "bob")
            bed.write("bob's secret\n", "secret.txt", in: secret)
            let theirs = try await bed.worktrees.desk(secret).commit("bob's", by: RepoBed.author).id
            let tree = try await bed.worktree("t", of: "ann")

            // The whole repository is another's, by a link and by a file that says so.
            try RepoPlaces.remove("\(tree.path)/.git")
            symlink("\(secret.path)/.git", "\(tree.path)/.git")
            await expectRefused(bed, tree)
            unlink("\(tree.path)/.git")
            bed.write("gitdir: \(secret.path)/.git\n", ".git", in: tree)
            await expectRefused(bed, tree)

            // Its objects and refs are another's.
            try RepoPlaces.remove(tree.path)
            let again = try await bed.worktree("t", of: "ann")
            for part in ["objects/pack", "refs/heads"] {
                try RepoPlaces.remove("\(again.path)/.git/\(part)")
                symlink("\(secret.path)/.git/\(part)", "\(again.path)/.git/\(part)")
                await expectRefused(bed, again)
                unlink("\(again.path)/.git/\(part)")
                mkdir("\(again.path)/.git/\(part)", 0o755)
            }
            // Another's objects by alternates, and a HEAD that names a commit of theirs.
            bed.write("\(secret.path)/.git/objects\n", ".git/objects/info/alternates", in: again)
            bed.write("\(theirs)\n", ".git/HEAD", in: again)
            await expectRefused(bed, again)
            #expect((try? await bed.worktrees.desk(again).diff(against: .base, limit: 1 << 20)) == nil)

            // The directory itself is another's.
            try RepoPlaces.remove(again.path)
            symlink(secret.path, again.path)
            await expectRefused(bed, again)
            #expect(bed.read("\(secret.path)/secret.txt") == "bob's secret\n")
            unlink(again.path)

            // The way to all worktrees leads away.
            let base = String(again.path.dropLast(again.folder.utf8.count + 1))
            try RepoPlaces.remove(base)
            symlink(bed.directory.path, base)
            await #expect(throws: Fault.self) { try await bed.worktree("t", of: "ann") }
            #expect(access("\(bed.directory.path)/\(again.folder)", F_OK) != 0)
        }
    }

    @Loop
    private func expectRefused(_ bed: RepoBed, _ tree: WorktreeRecord) async {
        await #expect(throws: Fault.self) { try await bed.worktrees.standing(tree) }
        await #expect(throws: Fault.self) { try await bed.worktrees.remove(tree.id) }
    }

    @Test(
        "a repository that says nonsense is an error, and its worktree stays",
        arguments: [
            ("HEAD", "ref: ../../../etc/passwd\n"), ("HEAD", "ref: refs/heads/../../x\n"), ("HEAD", ""),
            ("HEAD", String(repeating: "x", count: 5000)), ("HEAD", "ref: refs/heads/-x\n"),
            ("HEAD", "1111111111111111111111111111111111111111\n"),
            ("refs/heads/perigee/t", "1111111111111111111111111111111111111111\n"),
            ("objects/pack/pack-1111111111111111111111111111111111111111.pack", "no pack"),
        ])
    @Loop func nonsense(_ file: String, _ text: String) async throws {
        try await RepoBed.with { bed in
            try await bed.origin("acme/app")
            let tree = try await bed.worktree("t")
            unlink("\(tree.path)/.git/\(file)")
            bed.write(text, ".git/\(file)", in: tree)
            await expectRefused(bed, tree)
            #expect(access("\(tree.path)/README.md", F_OK) == 0)
        }
    }

    @Test("another repository inside of it counts as work, committed or not")
    @Loop func inner() async throws {
        try await RepoBed.with { bed in
            try await bed.origin("acme/app")
            let tree = try await bed.worktree("t")
            try await RealGit.run(["init", "--quiet", "\(tree.path)/inner"])
            bed.write("x", "inner/x", in: tree)
            try await RealGit.run(["-C", "\(tree.path)/inner", "add", "x"])
            try await RealGit.run(["-C", "\(tree.path)/inner", "commit", "-q", "-m", "x"])
            #expect(try await bed.worktrees.standing(tree).uncommitted == ["inner/"])
            try await RealGit.run(["add", "-A"], in: tree.path)
            try await RealGit.run(["commit", "-q", "-m", "with inner"], in: tree.path)
            _ = try await bed.push(tree, to: "perigee/t")
            let standing = try await bed.worktrees.standing(tree)
            #expect(standing.uncommitted == ["inner"] && standing.unpushed == 0)
        }
    }

    @Test("changes that its own index hides count as work")
    @Loop func hidden() async throws {
        try await RepoBed.with { bed in
            try await bed.origin("acme/app")
            let tree = try await bed.worktree("t")
            bed.write("changed\n", "README.md", in: tree)
            try await RealGit.run(["update-index", "--assume-unchanged", "README.md"], in: tree.path)
            bed.write("new.txt\n", ".git/info/exclude", in: tree)
            bed.write("new\n", "new.txt", in: tree)
            #expect(try await RealGit.run(["status", "--porcelain"], in: tree.path).isEmpty)
            #expect(try await bed.worktrees.standing(tree).uncommitted == ["README.md", "new.txt"])
        }
    }
}
