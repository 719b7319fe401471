import Glibc
import TestSupport
import Testing

@testable import Runtime

/// Real git over repositories of this machine.
@Suite("git", .serialized)
struct GitRepositoryTests {
    @Loop
    private struct Bed {
        let directory = TemporaryDirectory()
        let git: Git
        var origin: String { "\(directory.path)/origin.git" }
        var bare: String { "\(directory.path)/bare.git" }

        init(_ change: (inout GitSettings) -> Void = { _ in }) async throws {
            var settings = GitSettings(home: "\(directory.path)/home")
            settings.protocols = ["file"]
            change(&settings)
            git = try await Git.open(settings)
            try await RealGit.origin(at: origin, branch: "trunk", files: ["a.txt": "one\n", "dir/b.txt": "two\n"])
        }

        func clone() async throws -> GitRepository { try await GitRepository.clone(git, "file://\(origin)", to: bare) }
    }

    @Test("a clone is bare, knows its default branch, and tells how far it is")
    @Loop func clone() async throws {
        let bed = try await Bed()
        var phases: [String] = []
        let repository = try await GitRepository.clone(bed.git, "file://\(bed.origin)", to: bed.bare) {
            phases.append($0.phase)
        }
        #expect(try await repository.head() == "trunk")
        #expect(try await repository.branches() == ["trunk"])
        #expect(try await repository.defaultBranch(of: "file://\(bed.origin)") == "trunk")
        #expect(phases.contains("Receiving objects"), "\(phases)")
        #expect(try await repository.check() == [])
    }

    @Test("shallow and partial clones take less")
    @Loop func less() async throws {
        let bed = try await Bed()
        try await RealGit.commit(to: bed.origin, branch: "trunk", "c.txt", "three\n")
        try await RealGit.run(["config", "uploadpack.allowFilter", "true"], in: bed.origin)
        let shallow = try await GitRepository.clone(
            bed.git, "file://\(bed.origin)", to: bed.bare, .init(depth: 1))
        #expect(try await shallow.count(["trunk"], except: []) == 1)
        let partial = try await GitRepository.clone(
            bed.git, "file://\(bed.origin)", to: "\(bed.directory.path)/partial.git", .init(filter: "blob:none"))
        #expect(try await partial.count(["trunk"], except: []) == 2)
        let missing = try await partial.git.run(
            partial.call(["rev-list", "--objects", "--all", "--missing=print"]))
        #expect(missing.lines.contains { $0.hasPrefix("?") })
    }

    @Test("what went away on the other side goes here too, and what is new comes")
    @Loop func fetch() async throws {
        let bed = try await Bed()
        try await RealGit.run(["branch", "old", "trunk"], in: bed.origin)
        let repository = try await bed.clone()
        #expect(try await repository.branches() == ["old", "trunk"])
        try await RealGit.run(["branch", "-D", "old"], in: bed.origin)
        let new = try await RealGit.commit(to: bed.origin, branch: "trunk", "c.txt", "three\n")
        try await repository.fetch("file://\(bed.origin)", ["+refs/heads/*:refs/heads/*"])
        #expect(try await repository.branches() == ["trunk"])
        #expect(try await repository.resolve("trunk") == new)
        #expect(try await repository.resolve("nothing") == nil)
        #expect(try await repository.existing([new, String(repeating: "1", count: 40)]) == [new])
    }

    @Test("other protocols than those that are allowed are refused before anything runs")
    @Loop func protocols() async throws {
        let bed = try await Bed { $0.protocols = ["https"] }
        let marker = "\(bed.directory.path)/ran"
        for address in ["file://\(bed.origin)", "ext::sh -c touch% \(marker)", "git://127.0.0.1/x", bed.origin] {
            let fault = await #expect(throws: Fault.self) {
                try await GitRepository.clone(bed.git, address, to: "\(bed.directory.path)/x.git")
            }
            #expect(fault?.kind == .denied, "\(address): \(String(describing: fault))")
        }
        #expect(access(marker, F_OK) != 0)
    }

    @Test("an address that looks like an option is an address")
    @Loop func options() async throws {
        let bed = try await Bed()
        let marker = "\(bed.directory.path)/ran"
        await #expect(throws: Fault.self) {
            try await GitRepository.clone(bed.git, "--upload-pack=touch \(marker)", to: bed.bare)
        }
        #expect(access(marker, F_OK) != 0)
    }

    @Test("files become trees, trees commits, and commits branches of the other side")
    @Loop func work() async throws {
        let bed = try await Bed()
        let bare = try await bed.clone()
        let work = "\(bed.directory.path)/work"
        mkdir(work, 0o755)
        let repository = GitRepository(bed.git, bed.bare, workTree: work, index: "\(bed.directory.path)/index")
        let base = try #require(try await bare.resolve("trunk"))
        try await repository.readTree(base, updating: true)
        #expect(access("\(work)/dir/b.txt", F_OK) == 0)
        bed.directory.write("new\n", to: "work/new file.txt")
        bed.directory.write("changed\n", to: "work/a.txt")
        unlink("\(work)/dir/b.txt")
        let status = try await repository.status()
        #expect(Set(status.paths) == ["new file.txt", "a.txt", "dir/b.txt"])
        try await repository.stage(status.paths)
        let tree = try await repository.writeTree()
        let diff = try await repository.diff(from: base, to: tree)
        #expect(Set(diff.files.map(\.path)) == ["new file.txt", "a.txt", "dir/b.txt"])
        #expect(diff.patch.contains("+changed") && !diff.isCut)
        #expect(try await repository.diff(from: base, to: tree, limit: 10).isCut)
        let commit = try await repository.commit(
            tree, parents: [base], message: "work\n\nmore", by: GitAuthor(name: "Ann", email: "ann@example.com"))
        #expect(try await bare.log(commit, except: [base]).map(\.subject) == ["work"])
        #expect(try await bare.log(commit, limit: 1).first?.author == "Ann")
        #expect(try await bare.show("a.txt", at: commit) == Array("changed\n".utf8))
        #expect(try await bare.count([commit], except: [base]) == 1)
        try await bare.push(commit, to: "perigee/x", at: "file://\(bed.origin)")
        #expect(try await RealGit.line(["rev-parse", "perigee/x"], in: bed.origin) == commit)
    }

    @Test("a push that would take something away is a conflict, unless it says what it replaces")
    @Loop func push() async throws {
        let bed = try await Bed()
        let bare = try await bed.clone()
        let base = try #require(try await bare.resolve("trunk"))
        let theirs = try await RealGit.commit(to: bed.origin, branch: "trunk", "c.txt", "theirs\n")
        let tree = try await bare.tree(of: base)
        let mine = try await bare.commit(tree, parents: [base], message: "mine", by: .init(name: "A", email: "a@b"))
        let fault = await #expect(throws: Fault.self) {
            try await bare.push(mine, to: "trunk", at: "file://\(bed.origin)")
        }
        #expect(fault?.kind == .conflict, "\(String(describing: fault))")
        await #expect(throws: Fault.self) {
            try await bare.push(mine, to: "trunk", at: "file://\(bed.origin)", expecting: base)
        }
        #expect(try await RealGit.line(["rev-parse", "trunk"], in: bed.origin) == theirs)
        try await bare.push(mine, to: "trunk", at: "file://\(bed.origin)", expecting: theirs)
        #expect(try await RealGit.line(["rev-parse", "trunk"], in: bed.origin) == mine)
    }

    @Test("worktrees of a repository are added, listed, locked, pruned and removed")
    @Loop func worktrees() async throws {
        let bed = try await Bed()
        let bare = try await bed.clone()
        let path = "\(bed.directory.path)/tree"
        try await bare.addWorktree(path, branch: "perigee/t", from: "trunk")
        #expect(try await bare.worktrees().contains { $0.branch == "perigee/t" })
        let again = await #expect(throws: Fault.self) {
            try await bare.addWorktree(path, branch: "perigee/t", from: "trunk")
        }
        #expect(again?.kind == .conflict)
        try await bare.lockWorktree(path, reason: "in use")
        #expect(try await bare.worktrees().contains { $0.lock == "in use" })
        await #expect(throws: Fault.self) { try await bare.removeWorktree(path) }
        try await bed.git.run(bare.call(["worktree", "unlock", path]))
        bed.directory.write("x", to: "tree/new.txt")
        #expect(await refusal { try await bare.removeWorktree(path) } == .conflict)
        try await bare.removeWorktree(path, force: true)
        try await bare.pruneWorktrees()
        try await bare.repairWorktrees()
        #expect(try await bare.worktrees().count == 1)
        #expect(try await bare.merged(into: "trunk") == ["perigee/t", "trunk"])
        try await bare.deleteBranch("perigee/t")
        #expect(try await bare.branches() == ["trunk"])
    }

    @Test("a call that takes too long ends with its whole group, and says so")
    @Loop func deadline() async throws {
        let directory = TemporaryDirectory()
        directory.write("#!/bin/sh\necho $$ > \(directory.path)/pid\nexec sleep 1000\n", to: "git")
        chmod("\(directory.path)/git", 0o755)
        var settings = GitSettings(home: "\(directory.path)/home")
        settings.program = "\(directory.path)/git"
        let git = try await Git.open(settings)
        var call = GitCall(["status"])
        call.deadline = .milliseconds(300)
        let fault = await #expect(throws: Fault.self) { try await git.run(call) }
        #expect(fault?.kind == .timeout && fault?.message.contains("git status") == true)
        let pid =
            Int32(
                try #require(
                    String(decoding: bytes("\(directory.path)/pid"), as: UTF8.self).split(separator: "\n").first)) ?? 0
        #expect(pid > 1 && kill(pid, 0) != 0)
    }

    @Test("output over its bound is refused, and damage is told")
    @Loop func bounds() async throws {
        let bed = try await Bed()
        let bare = try await bed.clone()
        var call = bare.call(["for-each-ref"])
        call.limit = 10
        let fault = await #expect(throws: Fault.self) { try await bed.git.run(call) }
        #expect(fault?.kind == .tooLarge)
        let commit = try #require(try await bare.resolve("trunk"))
        try await bare.set("refs/heads/torn", to: commit)
        for name in Directory.names("\(bed.bare)/objects/pack") { unlink("\(bed.bare)/objects/pack/\(name)") }
        #expect(try await !bare.check().isEmpty)
    }

    private func bytes(_ path: String) -> [UInt8] {
        let descriptor = open(path, O_RDONLY)
        defer { close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &buffer, buffer.count)
        return Array(buffer.prefix(max(0, count)))
    }
}
