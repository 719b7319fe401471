import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("GitHub", .serialized)
struct GitHubTests {
    private static let token = Secret("ghp_token")

    @Loop
    private func with(_ body: @Loop (RepoBed, GitServer, GitHub) async throws -> Void) async throws {
        try await RepoBed.with { bed in
            bed.server.login = ("x", "ghp_token")
            try await body(bed, bed.server, bed.house.github)
        }
    }

    @Test("a thousand repositories are read page by page, once, and searched")
    @Loop func pages() async throws {
        try await with { _, server, github in
            server.repositories = (0..<1000).map { number in
                [
                    "full_name": .string("acme/repo-\(number)"), "private": .bool(number % 2 == 0),
                    "description": number == 7 ? "the Seventh" : .null, "default_branch": "main",
                ]
            }
            let all = try await github.repositories(Self.token)
            #expect(all.count == 1000 && Set(all.map(\.fullName)).count == 1000)
            #expect(server.asked.count == 11)
            #expect(server.asked[0].request == "GET /api/user/repos?per_page=100&sort=pushed&page=1")
            #expect(try await github.repositories(Self.token) == all)
            #expect(server.asked.count == 11)
            #expect(GitHub.search(all, "seventh REPO").map(\.fullName) == ["acme/repo-7"])
            #expect(GitHub.search(all, "").count == 1000)
            _ = try await github.repositories(Self.token, isFresh: true)
            #expect(server.asked.count == 22)
        }
    }

    @Test("what goes wrong there is told, with the time to wait where it says one")
    @Loop func failures() async throws {
        try await with { _, server, github in
            @Loop func fault(_ answer: Response) async -> Fault? {
                server.strange = [answer, answer]
                return await #expect(throws: Fault.self) {
                    try await github.repositories(Self.token, isFresh: true)
                }
            }
            let limited = await fault(
                Response(403, ["X-RateLimit-Remaining": "0", "Retry-After": "120"], body: .bytes(Array("{}".utf8))))
            #expect(
                limited?.kind == .overBudget && limited?.hint?.contains("2m") == true, "\(String(describing: limited))")
            #expect(await fault(Response(429))?.kind == .overBudget)
            #expect(await fault(Response(401))?.kind == .unauthenticated)
            #expect(await fault(.json("{\"message\": \"no\"}", status: 403))?.kind == .denied)
            #expect(await fault(Response(404))?.kind == .notFound)
            #expect(await fault(Response(500))?.kind == .unavailable)
            #expect(await fault(.text("<html>", status: 200))?.kind == .unavailable)
            #expect((await fault(.json("{\"message\": \"x\"}", status: 500)))?.message.contains("ghp_token") == false)
        }
    }

    @Test("a weak moment is waited out once, and redirects have an end")
    @Loop func recovery() async throws {
        try await with { _, server, github in
            server.repositories = [["full_name": "acme/app"]]
            server.strange = [Response(502)]
            let found = try await github.repositories(Self.token)
            #expect(found.map(\.fullName) == ["acme/app"])
            server.strange = (0..<20).map { _ in .redirect(to: "/api/user/repos?x", status: 302) }
            let before = server.asked.count
            await #expect(throws: Fault.self) { try await github.repositories(Self.token, isFresh: true) }
            #expect(server.asked.count - before <= 10)
        }
    }

    @Test("a pull request pushes first, and asking again gives the same one")
    @Loop func pulls() async throws {
        try await with { bed, server, _ in
            let origin = try await bed.origin("acme/app")
            let tree = try await bed.worktree("t")
            var order = GitHub.PullOrder(title: "", head: tree.branch, base: "main")
            order.body = "Why"
            let nothing = await #expect(throws: Fault.self) {
                try await bed.house.openPullRequest(order, of: tree, login: nil, token: Self.token)
            }
            #expect(nothing?.kind == .conflict)
            bed.write("x", "x.txt", in: tree)
            let commit = try await bed.worktrees.desk(tree).commit("Better words", by: RepoBed.author)
            let pull = try await bed.house.openPullRequest(order, of: tree, login: nil, token: Self.token)
            #expect(pull.isNew && pull.number == 1)
            #expect(server.pulls.first?["title"]?.string == "Better words")
            #expect(try await RealGit.line(["rev-parse", tree.branch], in: origin) == commit.id)
            let again = try await bed.house.openPullRequest(order, of: tree, login: nil, token: Self.token)
            #expect(!again.isNew && again.url == pull.url)
            #expect(try await bed.worktrees.get(tree.id).pullRequest == pull.url)
        }
    }
}
