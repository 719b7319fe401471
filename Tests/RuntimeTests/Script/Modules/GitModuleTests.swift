import LuaBridge
import Testing

@testable import Runtime

@Suite("host.git and host.repos")
@Loop
struct GitModuleTests {
    private let clock = ManualClock(SpecWorld.noon)

    /// Runs Lua over the repositories that it sets itself, as a spec does.
    private func run(_ text: String) async throws -> LuaResults {
        let fake = FakeGit(clock: clock)
        let harness = try ModuleHarness(
            .git(fake), .repos(fake), HostModule("fakegit", "Sets them.", fake.words.functions))
        return try await harness.run(
            """
            local git, repos, fake = require 'host.git', require 'host.repos', require 'host.fakegit'

            """ + text)
    }

    @Test("what listings give are items for gc plans, and as described")
    func items() async throws {
        let results = try await run(
            """
            fake.repos { { name = "acme/app", ago = "2d", bytes = "1MB" } }
            fake.worktrees { { id = "t", user = "ann", ago = "3d", unpushed = 2 } }
            fake.branches { { repo = "acme/app", name = "perigee/t", merged = true } }
            return repos.get("acme/app"), repos.worktree("t"), git.status("t"), git.branches("acme/app")[1],
              git.commit("t", "words"), git.diff("t"), repos.pull_request("t")
            """)
        let records = [
            GitTables.repo, GitTables.worktree, GitTables.standing, GitTables.branch, GitTables.commit,
            GitTables.diff, GitTables.pull,
        ]
        for (index, record) in records.enumerated() { try Shape.record(record).check(results[index]) }
        #expect(results[2]["removable"] == false && results[2]["unpushed"] == 2)
    }

    @Test("listings choose by repository, user and use, and go on behind an id")
    func lists() async throws {
        let results = try await run(
            """
            fake.worktrees {
              { id = "a", repo = "x/y", user = "ann", ago = "1d" }, { id = "b", user = "bob", ago = "9d" },
              { id = "c", user = "bob", ago = "20d" } }
            local function ids(query)
              local ids = {}
              for _, tree in ipairs(assert(git.worktrees(query))) do ids[#ids + 1] = tree.id end
              return table.concat(ids, " ")
            end
            return ids(), ids { repo = "x/y" }, ids { user = "bob" }, ids { unused_for = "9d" }, ids { after = "a", limit = 1 }
            """)
        #expect(results.all.map(\.string) == ["a b c", "a", "b c", "b c", "b"])
    }

    @Test("what is not there is an error, and what cannot be meant is a mistake")
    func errors() async throws {
        #expect(try await run("return git.fetch('a/b')").kind == "not_found")
        #expect(try await run("return git.status('x')").kind == "not_found")
        #expect(
            try await run("fake.worktrees { { id = 't', uncommitted = 1 } } return git.worktree_remove('t')").kind
                == "conflict")
        let harness = try ModuleHarness(.git(FakeGit(clock: clock)))
        let typo = await harness.mistake("require('host.git').worktree_add { rep = 'a/b', id = 'x' }")
        #expect(typo.contains("did you mean 'repo'?"), "\(typo)")
        let against = await harness.mistake("require('host.git').diff('t', { against = 'all' })")
        #expect(against.contains("base"), "\(against)")
    }

    @Test("what scripts did can be read back")
    func done() async throws {
        let results = try await run(
            """
            assert(git.clone("acme/app"))
            assert(git.worktree_add { repo = "acme/app", id = "t" })
            assert(git.push("t"))
            assert(git.worktree_remove("t"))
            return table.concat(fake.done(), ", ")
            """)
        #expect(results[0] == "clone acme/app, worktree_add t, push t, worktree_remove t")
    }
}
