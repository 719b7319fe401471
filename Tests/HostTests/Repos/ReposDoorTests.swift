import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("the doors of repositories and worktrees", .serialized)
struct ReposDoorTests {
    @Test("clone, list, worktree and removal have the shapes that clients of this kind know")
    @Loop func shapes() async throws {
        try await ManageBed.with { bed in
            try await bed.origin("acme/app")
            let cloned = try await bed.ask(.post, "/mgmt/repos/clone", ["repo": "acme/app"])
            #expect(cloned.status == 200 && cloned.json["status"].string == "cloned")
            #expect(cloned.json["path"].string == "\(bed.projects)/repos/acme__app")
            let again = try await bed.ask(.post, "/mgmt/repos/clone", ["repo": "acme/app"])
            #expect(again.status == 200 && again.json["status"].string == "exists")
            let repos = try await bed.ask(.get, "/mgmt/repos").json["repos"]
            #expect(repos[0]["name"].string == "acme/app" && repos.count == 1)

            for (field, id) in [("sessionId", "s1"), ("session_id", "s2")] {
                let made = try await bed.ask(
                    .post, "/mgmt/worktrees", ["repo": "acme/app", field: .string(id)])
                #expect(made.status == 200 && made.json["status"].string == "created", "\(made.json)")
                #expect(made.json["path"].string == "\(bed.projects)/worktrees/acme__app__\(id)")
                #expect(made.json["branch"].string == "perigee/\(id)")
                let same = try await bed.ask(
                    .post, "/mgmt/worktrees", ["repo": "acme/app", field: .string(id)])
                #expect(same.json["status"].string == "exists")
            }
            let path = "\(bed.projects)/worktrees/acme__app__s1"
            bed.state.write("x", to: "projects/worktrees/acme__app__s1/x.txt")
            try await RealGit.run(["add", "-A"], in: path)
            let list = try await bed.ask(.get, "/mgmt/worktrees").json["worktrees"]
            #expect(list.elements.map { $0["sessionId"].string } == ["s1", "s2"])
            #expect(list[0]["repo"].string == "acme/app" && list[0]["git_stat"]["staged"].integer == 1)
            #expect(list[1]["git_stat"]["changed"].integer == 0 && list[1]["git_stat"]["ahead"].integer == 0)

            #expect(try await bed.ask(.delete, "/mgmt/worktrees/s1").status == 409)
            #expect(try await bed.ask(.get, "/mgmt/worktrees/acme__app__s1").json["id"].string == "s1")
            #expect(try await bed.ask(.delete, "/mgmt/worktrees/s1?force=true").status == 200)
            #expect(access(path, F_OK) != 0)
            #expect(try await bed.ask(.delete, "/mgmt/worktrees/s1").status == 404)
            // The same session can have one again.
            #expect(
                try await bed.ask(.post, "/mgmt/worktrees", ["repo": "acme/app", "sessionId": "s1"]).status == 200)
            #expect(try await bed.ask(.delete, "/mgmt/repos/acme/app").status == 409)
            for id in ["s1", "s2"] { #expect(try await bed.ask(.delete, "/mgmt/worktrees/\(id)").status == 200) }
            #expect(try await bed.ask(.delete, "/mgmt/repos/acme__app").status == 200)
            #expect(try await bed.ask(.delete, "/mgmt/repos/acme/app").status == 404)
        }
    }

    @Test("diff, log, commit and push of a worktree")
    @Loop func work() async throws {
        try await ManageBed.with { bed in
            try await bed.origin("acme/app")
            _ = try await bed.ask(.post, "/mgmt/repos/clone", ["repo": "acme/app"])
            _ = try await bed.ask(.post, "/mgmt/worktrees", ["repo": "acme/app", "sessionId": "s"])
            bed.state.write("two\n", to: "projects/worktrees/acme__app__s/b.txt")
            let diff = try await bed.ask(.get, "/mgmt/worktrees/s/diff").json
            #expect(diff["files"][0]["path"].string == "b.txt" && diff["patch"].string?.contains("+two") == true)
            #expect(try await bed.ask(.get, "/mgmt/worktrees/s/diff?against=nothing").status == 400)
            #expect(try await bed.ask(.get, "/mgmt/worktrees/s/diff?limit=-1").status == 400)
            #expect(try await bed.ask(.post, "/mgmt/worktrees/s/commit", [:]).status == 400)
            let commit = try await bed.ask(
                .post, "/mgmt/worktrees/s/commit",
                ["message": "Two", "author": ["name": "Ann", "email": "ann@example.com"]])
            #expect(commit.status == 200 && commit.json["author"].string == "Ann")
            #expect(try await bed.ask(.post, "/mgmt/worktrees/s/commit", ["message": "Two"]).status == 409)
            #expect(try await bed.ask(.get, "/mgmt/worktrees/s").json["standing"]["unpushed"].integer == 1)
            #expect(try await bed.ask(.get, "/mgmt/worktrees/s/log?limit=1").json["commits"].count == 1)
            #expect(try await bed.ask(.post, "/mgmt/worktrees/s/push", ["branch": "-x"]).status == 400)
            let pushed = try await bed.ask(.post, "/mgmt/worktrees/s/push", [:])
            #expect(pushed.status == 200 && pushed.json["commit"].string == commit.json["commit"].string)
            #expect(
                try await RealGit.line(["rev-parse", "perigee/s"], in: "\(bed.origins)/acme/app.git")
                    == commit.json["commit"].string)
            #expect(try await bed.ask(.post, "/mgmt/worktrees/s/pull-request", [:]).status == 401)
            #expect(try await bed.ask(.put, "/mgmt/worktrees/s/pin").json["pinned"].bool == true)
            let operations = try await bed.ask(.get, "/mgmt/operations").json["operations"]
            #expect(operations.elements.contains { $0["kind"].string == "push" && $0["state"].string == "succeeded" })
        }
    }

    @Test(
        "what is no name, no id or no body is refused, and nothing is made of it")
    @Loop func badClone() async throws {
        let bodies: [JSONObject] = [
            ["repo": "../x"], ["repo": "-rf"], ["repo": "a/../b"], ["repo": "a/b\u{0}"], ["repo": "аcme/app"],
            ["repo": .string(String(repeating: "a", count: 300))], ["repo": 7], [:], ["repo": .null],
            ["repo": "a/b", "depth": 0], ["repo": "a/b", "depth": "x"],
        ]
        try await ManageBed.with { bed in
            for body in bodies {
                let answer = try await bed.ask(.post, "/mgmt/repos/clone", body)
                #expect(answer.status == 400, "\(body): \(answer.json["detail"].string ?? "")")
            }
            #expect(try RepoPlaces.names("\(bed.projects)/repos").isEmpty)
        }
    }

    @Test("the wrong session, a repository that is not there, and unknown ids have their own answers")
    @Loop func missing() async throws {
        try await ManageBed.with { bed in
            try await bed.origin("acme/app")
            let clone = try await bed.ask(.post, "/mgmt/repos/clone", ["repo": "no/where"])
            #expect(clone.status == 404 && clone.json["detail"].string?.contains("git clone") == true)
            #expect(
                try await bed.ask(.post, "/mgmt/worktrees", ["repo": "acme/app", "sessionId": "s"]).status == 404)
            _ = try await bed.ask(.post, "/mgmt/repos/clone", ["repo": "acme/app"])
            for id in ["../x", "-rf", "", "a/b", "..", "a\u{0}b"] {
                let answer = try await bed.ask(
                    .post, "/mgmt/worktrees", ["repo": "acme/app", "sessionId": .string(id)])
                #expect(answer.status == 400, "\(id)")
            }
            #expect(try await bed.ask(.get, "/mgmt/worktrees/nothing").status == 404)
            #expect(try await bed.ask(.get, "/mgmt/worktrees/nothing/diff").status == 404)
            #expect(try await bed.ask(.get, "/mgmt/operations/nothing").status == 404)
            #expect(try await bed.ask(.get, "/mgmt/repos/github").status == 401)
            #expect(try RepoPlaces.names("\(bed.projects)/worktrees").isEmpty)
        }
    }

    @Test("users see and touch only their own worktrees, and managers all")
    @Loop func users() async throws {
        try await ManageBed.with { bed in
            try await bed.origin("acme/app")
            var keys: [String: String] = [:]
            for (name, scopes) in [("boss", ["manage"]), ("ann", ["chat"]), ("bob", ["chat"])] {
                let made = try await bed.ask(
                    .post, "/mgmt/keys",
                    [
                        "name": .string(name), "user": .string(name),
                        "scopes": .array((name == "boss" ? scopes + ["admin"] : scopes).map { .string($0) }),
                    ], key: keys["boss"])
                keys[name] = made.json["token"].string
            }
            #expect(keys.count == 3)
            #expect(
                try await bed.ask(.post, "/mgmt/repos/clone", ["repo": "acme/app"], key: keys["boss"]).status == 200)
            let made = try await bed.ask(
                .post, "/mgmt/worktrees", ["repo": "acme/app", "sessionId": "s"], key: keys["ann"])
            #expect(made.status == 200 && made.json["user"].string == "ann", "\(made.json["detail"].string ?? "")")
            #expect(try await bed.ask(.get, "/mgmt/worktrees", key: keys["ann"]).json["worktrees"].count == 1)
            #expect(try await bed.ask(.get, "/mgmt/repos", key: keys["ann"]).json["repos"].count == 1)
            #expect(try await bed.ask(.get, "/mgmt/worktrees", key: keys["bob"]).json["worktrees"].count == 0)
            #expect(try await bed.ask(.get, "/mgmt/repos", key: keys["bob"]).json["repos"].count == 0)
            for path in ["/mgmt/worktrees/s", "/mgmt/worktrees/s/diff", "/mgmt/worktrees/s/log"] {
                #expect(try await bed.ask(.get, path, key: keys["bob"]).status == 404)
                #expect(try await bed.ask(.get, path, key: keys["boss"]).status == 200)
                #expect(try await bed.ask(.get, path).status == 401)
            }
            #expect(try await bed.ask(.delete, "/mgmt/worktrees/s?force=true", key: keys["bob"]).status == 404)
            #expect(try await bed.ask(.delete, "/mgmt/repos/acme/app", key: keys["ann"]).status == 403)
            #expect(try await bed.ask(.delete, "/mgmt/worktrees/s", key: keys["ann"]).status == 200)
        }
    }
}
