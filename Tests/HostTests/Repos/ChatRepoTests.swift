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

    @Test("a repository that configures the agent itself keeps its words, and personas are there all the same")
    @Loop func ownConfiguration() async throws {
        try await with { bed, place in
            let own = #"{"agent": {"theirs": {"prompt": "x"}}, "share": "manual"}"#
            try await RealGit.origin(
                at: "\(place.path)/acme/own.git", files: [".opencode/opencode.json": own, "README.md": "hello\n"])
            let reply = try await bed.chat(
                ["hello"], headers: header("c1", 1), ["model": "open-persona/izzy@acme/own"])
            #expect(reply.status == 200 && reply.finishes == ["stop"], "\(reply.body)")
            let trees = try await bed.get("/mgmt/worktrees").json["worktrees"]
            let path = try #require(trees[0]["path"].string)
            #expect(access("\(path)/.opencode/opencode.jsonc", F_OK) == 0)
            let prompt = try #require(bed.fake.prompts.last { $0.directory == path })
            #expect(prompt.agent.contains("izzy"), "\(prompt.agent)")
            // Neither file shows in git, and both are as they should be.
            #expect(try await RealGit.run(["status", "--porcelain"], in: path).isEmpty)
            #expect(
                try await bed.get("/mgmt/worktrees/\(trees[0]["id"].string ?? "")").json["standing"]["clean"].bool
                    == true)
            #expect(try await RealGit.run(["show", "HEAD:.opencode/opencode.json"], in: path) == own)
        }
    }

    @Test("a task works on several repositories, the first around the others, and each is pushed by itself")
    @Loop func task() async throws {
        try await with { bed, place in
            try await RealGit.origin(at: "\(place.path)/acme/lib.git", files: ["lib.txt": "lib\n"])
            let id = try await bed.submit(
                "t1", "hello", ["repos": ["acme/app", .string("file://\(place.path)/acme/lib.git#main")]])
            _ = try await bed.messages(id)
            #expect(try await bed.status(id)["status"].string == "completed")
            let trees = try await bed.get("/mgmt/worktrees").json["worktrees"].elements
            let paths = Dictionary(
                trees.map { ($0["repo"].string ?? "", $0["path"].string ?? "") }, uniquingKeysWith: { $1 })
            let (app, lib) = (try #require(paths["acme/app"]), try #require(paths["acme/lib"]))
            #expect(lib == "\(app)/lib" && access("\(lib)/lib.txt", F_OK) == 0)
            #expect(bed.fake.prompts.last?.directory == app)
            #expect(bed.fake.prompts.last?.text.contains("- lib/: acme/lib") == true)
            #expect(try await RealGit.run(["status", "--porcelain"], in: app).isEmpty)
            let ids = Dictionary(
                trees.map { ($0["repo"].string ?? "", $0["id"].string ?? "") }, uniquingKeysWith: { $1 })
            try PlainFile.write("mine\n", to: "\(lib)/mine.txt")
            #expect(try await RealGit.run(["status", "--porcelain"], in: app).isEmpty)
            let inner = try await bed.get("/mgmt/worktrees/\(ids["acme/lib"] ?? "")").json["standing"]
            #expect(inner["uncommitted"].integer == 1)
            // The one around it stays as long as the other is there.
            #expect(try await bed.call(.delete, "/mgmt/worktrees/\(ids["acme/app"] ?? "")").status == 409)
            #expect(try await bed.call(.delete, "/mgmt/worktrees/\(ids["acme/app"] ?? "")?force=true").status == 200)
            #expect(try await bed.get("/mgmt/worktrees").json["worktrees"].count == 0)
        }
    }

    @Test("a task's repositories are checked before anything is begun")
    @Loop func badTasks() async throws {
        try await with { bed, place in
            let bad: [JSONValue] = [
                ["../x"], ["https://elsewhere.example/a/b"], ["git@elsewhere.example:a/b"], ["a"], "acme/app",
                ["acme/app#-rf"], ["acme/app", "other/app"],
            ]
            for repos in bad {
                let answer = try await bed.call(
                    .post, "/tasks/execute", ["task_id": "t", "code": "x", "repos": repos])
                #expect(answer.status == 400, "\(repos): \(answer.text)")
            }
            let missing = try await bed.submit("t2", "x", ["repo": "acme/nothing"])
            _ = try await bed.messages(missing)
            let status = try await bed.status(missing)
            #expect(status["status"].string == "failed")
            #expect(status["error"]["message"].string?.contains("git clone") == true, "\(status)")
        }
    }

    @Test("where there is no git a task says so")
    @Loop func withoutGit() async throws {
        try await ChatBed.with(["GIT_BIN=/nowhere/git"]) { bed in
            let id = try await bed.submit("t1", "hello", ["repo": "acme/app"])
            _ = try await bed.messages(id)
            let error = try await bed.status(id)["error"]["message"].string ?? ""
            #expect(error.contains("/nowhere/git") && error.contains("git is not there"), "\(error)")
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
