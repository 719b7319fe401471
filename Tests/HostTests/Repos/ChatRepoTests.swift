import FakeOpencode
import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

/// A chat client, the whole program, real git, and a double of the agent.
@Suite("a chat on a repository", .serialized)
struct ChatRepoTests {
    @Loop
    private func with(_ body: @Loop (ChatBed, TemporaryDirectory) async throws -> Void) async throws {
        let place = TemporaryDirectory()
        mkdir("\(place.path)/acme", 0o755)
        try await RealGit.origin(at: "\(place.path)/acme/app.git")
        try await ChatBed.with([
            "GITHUB_SERVER_URL=file://\(place.path)", "PERIGEE_GIT_PROTOCOLS=file",
            "OCWEB_PROJECTS_DIR=\(place.path)/projects",
        ]) { try await body($0, place) }
    }

    @Loop private func header(_ chat: String, _ number: Int) -> [(String, String)] {
        ChatBed.openWebUI(
            chat: chat, message: "m\(number)", user: "u\(number)", parent: number == 1 ? "" : "m\(number - 1)")
    }

    @Test("its model names the repository, and the agent works in a worktree that each turn finds again")
    @Loop func model() async throws {
        try await with { bed, place in
            let model: JSONObject = ["model": "open-persona/build@acme/app"]
            let reply = try await bed.chat(["hello"], headers: header("c1", 1), model)
            #expect(reply.status == 200 && reply.finishes == ["stop"] && reply.ends == 1, "\(reply.body)")
            #expect(reply.chunks.first { $0["model"].exists }?["model"].string == "open-persona/build@acme/app")
            let trees = try await bed.get("/mgmt/worktrees").json["worktrees"]
            let path = try #require(trees[0]["path"].string)
            #expect(trees.count == 1 && trees[0]["chat"].string == "c1" && access("\(path)/README.md", F_OK) == 0)
            let run = try await bed.get("/mgmt/runs").json["runs"][0]
            #expect(run["directory"].string ?? path == path)
            // The agent was told to work there, and finds its configuration.
            #expect(bed.fake.prompts.map(\.directory).contains(path))
            #expect(access("\(path)/.opencode/opencode.json", F_OK) == 0)
            #expect(try await RealGit.run(["status", "--porcelain"], in: path).isEmpty)

            let second = try await bed.chat(["hello", reply.text, "more"], headers: header("c1", 2), model)
            #expect(second.finishes == ["stop"])
            let other = try await bed.chat(["hello"], headers: header("c2", 1), model)
            #expect(other.finishes == ["stop"])
            #expect(try await bed.get("/mgmt/worktrees").json["worktrees"].count == 2)

            // Lost, it is made again.
            try RepoPlaces.remove(path)
            let third = try await bed.chat(
                ["hello", reply.text, "more", second.text, "again"], headers: header("c1", 3), model)
            #expect(third.finishes == ["stop"] && access("\(path)/README.md", F_OK) == 0, "\(third.body)")
        }
    }

    @Test("a body or a header names it too, and what is no name is refused before anything is made")
    @Loop func otherWays() async throws {
        try await with { bed, place in
            let byBody = try await bed.chat(["hello"], headers: header("c1", 1), ["repo": "acme/app"])
            #expect(byBody.finishes == ["stop"], "\(byBody.body)")
            let byHeader = try await bed.chat(
                ["hello"], headers: header("c2", 1) + [("X-OpenPersona-Repo", "acme/app")])
            #expect(byHeader.finishes == ["stop"])
            #expect(try await bed.get("/mgmt/worktrees").json["worktrees"].count == 2)
            for name in ["../x", "-rf", "a"] {
                let reply = try await bed.chat(["hello"], headers: header("c3", 1), ["repo": .string(name)])
                #expect(reply.status == 400, "\(name): \(reply.body)")
            }
        }
    }

    @Test("a repository that is not there ends the turn with git's words")
    @Loop func missing() async throws {
        try await with { bed, place in
            let reply = try await bed.chat(["hello"], headers: header("c1", 1), ["repo": "acme/nothing"])
            #expect(reply.ends == 1 && reply.error?.contains("git clone") == true, "\(reply.body)")
            #expect(try await bed.get("/mgmt/worktrees").json["worktrees"].count == 0)
        }
    }
}
