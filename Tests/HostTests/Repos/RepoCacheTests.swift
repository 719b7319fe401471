import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("the cache of repositories", .serialized)
struct RepoCacheTests {
    @Test("two who clone the same at once get one clone")
    @Loop func once() async throws {
        try await RepoBed.with { bed in
            try await bed.origin("acme/app")
            let name = try RepoName("acme/app")
            async let one = bed.repos.clone(name, login: nil)
            async let other = bed.repos.clone(try RepoName("acme/app"), login: nil)
            let (first, second) = try await (one, other)
            #expect(first.repo.folder == second.repo.folder)
            #expect([first.isNew, second.isNew].count { $0 } == 1)
            #expect(try RepoPlaces.names("\(bed.projects)/repos") == ["acme__app"])
            #expect(try await bed.repos.clone(name, login: nil).isNew == false)
        }
    }

    @Test("a clone that fails says why and leaves nothing, and the next one may succeed")
    @Loop func failing() async throws {
        try await RepoBed.with { bed in
            let name = try RepoName("acme/app")
            let fault = await #expect(throws: Fault.self) { try await bed.repos.clone(name, login: nil) }
            #expect(fault?.kind == .notFound, "\(String(describing: fault))")
            #expect(try await bed.repos.list().isEmpty)
            #expect(try RepoPlaces.names("\(bed.projects)/repos").isEmpty)
            try await bed.origin("acme/app")
            #expect(try await bed.repos.clone(name, login: nil).isNew)
        }
    }

    @Test("names that come to the same directory get two")
    @Loop func alike() async throws {
        try await RepoBed.with { bed in
            try await bed.origin("a__b/c", files: ["x": "one"])
            try await bed.origin("a/b__c", files: ["x": "two"])
            let one = try await bed.repos.clone(RepoName("a__b/c"), login: nil).repo
            let other = try await bed.repos.clone(RepoName("a/b__c"), login: nil).repo
            #expect(one.folder == "a__b__c" && other.folder.hasPrefix("a__b__c-"))
            #expect(try await bed.repos.get(folder: "a__b__c").name.description == "a__b/c")
            let (first, second) = (
                try await bed.worktree("t", on: "a__b/c"), try await bed.worktree("t2", on: "a/b__c")
            )
            #expect(bed.read("\(first.path)/x") == "one" && bed.read("\(second.path)/x") == "two")
        }
    }

    @Test("a start takes more worktrees than one page of them holds, and loses none")
    @Loop func many() async throws {
        try await RepoBed.with { bed in
            let count = 2 * Worktrees.pageSize + 1
            let repo = try RepoName("acme/app").id
            try await bed.spaces.store.write { store in
                try store.run(
                    RepoQueries.addRepo, repo, "acme", "app", "acme__app", nil as Int?, RepoFilter.none, Int64(1),
                    Int64(1))
                try store.run(RepoQueries.setRepoState, "ready", repo)
                for number in 0..<count {
                    let id = "tree\(number)"
                    try store.run(
                        RepoQueries.addWorktree, id, repo, "", "", "acme__app__\(id)", "/nowhere/\(id)",
                        "perigee/\(id)",
                        "0", "main", nil as String?, nil as String?, Int64(1), Int64(1))
                    try store.run(RepoQueries.setWorktreeState, "ready", id)
                }
            }
            let house = try await bed.again()
            let all = try await house.worktrees.all()
            #expect(all.count == count && Set(all.map(\.id.text)).count == count)
        }
    }

    @Test("what a kill left in the middle of a clone counts as nothing, and is gone after the next start")
    @Loop func remainders() async throws {
        try await RepoBed.with { bed in
            try await bed.origin("acme/app")
            let name = try RepoName("acme/app")
            // The row is there, and half of a clone.
            try await bed.spaces.store.write { store in
                try store.run(
                    RepoQueries.addRepo, name.id, "acme", "app", "acme__app", nil as Int?, RepoFilter.none, Int64(1),
                    Int64(1))
            }
            bed.directory.write("half", to: "projects/repos/.cloning-x/HEAD")
            bed.directory.write("half", to: "projects/git/parcel-x/pack-1.pack")
            #expect(try await bed.repos.find(name) == nil)
            let house = try await bed.again()
            #expect(try await house.repos.list().isEmpty)
            #expect(try RepoPlaces.names("\(bed.projects)/repos").isEmpty)
            #expect(try RepoPlaces.names("\(bed.projects)/git", prefix: "parcel").isEmpty)
            #expect(try await house.repos.clone(name, login: nil).isNew)
            // A kill right after the rename: whole, but for a word in the store.
            try await bed.spaces.store.write {
                try $0.run(RepoQueries.setRepoState, RepoState.cloning, name.id)
            }
            let third = try await bed.again()
            #expect(try await third.repos.get(name).defaultBranch == "main")
            await house.close()
            await third.close()
        }
    }

    @Test("a repository goes when nothing is made of it, and comes back")
    @Loop func removing() async throws {
        try await RepoBed.with { bed in
            try await bed.origin("acme/app")
            let name = try RepoName("acme/app")
            let tree = try await bed.worktree("t")
            let fault = await #expect(throws: Fault.self) { try await bed.repos.remove(name) }
            #expect(fault?.kind == .conflict)
            try await bed.worktrees.remove(tree.id)
            try await bed.repos.remove(name)
            #expect(try await bed.repos.list().isEmpty)
            #expect(try RepoPlaces.names("\(bed.projects)/repos").isEmpty)
            #expect(await refusal { try await bed.repos.remove(name) } == .notFound)
            #expect(try await bed.worktree("t").branch == "perigee/t")
        }
    }

    @Test("a damaged repository is found out, and cloned again")
    @Loop func mending() async throws {
        try await RepoBed.with { bed in
            try await bed.origin("acme/app")
            let name = try RepoName("acme/app")
            let repo = try await bed.repos.clone(name, login: nil).repo
            #expect(try await bed.repos.mend(name, login: nil).isEmpty)
            let packs = "\(bed.projects)/repos/\(repo.folder)/objects/pack"
            for pack in try RepoPlaces.names(packs) { unlink("\(packs)/\(pack)") }
            #expect(try await !bed.repos.mend(name, login: nil).isEmpty)
            #expect(try await bed.repos.mend(name, login: nil).isEmpty)
            #expect(try await bed.worktree("t").branch == "perigee/t")
        }
    }

    @Test("fetching follows the other side: new commits, branches that went, another default branch")
    @Loop func fetching() async throws {
        try await RepoBed.with { bed in
            let origin = try await bed.origin("acme/app")
            try await RealGit.run(["branch", "old", "main"], in: origin)
            let name = try RepoName("acme/app")
            _ = try await bed.repos.clone(name, login: nil)
            try await RealGit.run(["branch", "-D", "old"], in: origin)
            try await RealGit.run(["branch", "-m", "main", "trunk"], in: origin)
            let new = try await RealGit.commit(to: origin, branch: "trunk", "b.txt", "b")
            let repo = try await bed.repos.fetch(name, login: nil)
            #expect(repo.defaultBranch == "trunk")
            #expect(try await bed.repos.branches(of: repo).map(\.name) == ["trunk"])
            #expect(try await bed.worktree("t").base == new)
        }
    }

    @Test("an empty repository can be cloned, and says that nothing can begin there")
    @Loop func empty() async throws {
        try await RepoBed.with { bed in
            try await RealGit.run(["init", "--quiet", "--bare", "\(bed.server.root)/e/mpty.git"])
            let fault = await #expect(throws: Fault.self) { try await bed.worktree("t", on: "e/mpty") }
            #expect(fault?.kind == .conflict, "\(String(describing: fault))")
            #expect(try await bed.worktrees.all().isEmpty)
        }
    }
}
