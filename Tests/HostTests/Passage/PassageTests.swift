import FakeOpencode
import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("passage: who may, and where")
@Loop
struct PassageTests {
    private func elements(_ value: JSONValue) throws -> [JSONValue] {
        guard case .array(let all) = value else { throw Fault(.internal, "no list: \(value)") }
        return all
    }

    private static func basic(_ key: String) -> String { Base64.encode(Array("opencode:\(key)".utf8)) }

    @Test("a user works in their own workspace with opencode's own calls")
    func ordinary() async throws {
        try await PassageBed.with { bed in
            let ann = try await bed.key("ann")
            let workspace = try await bed.workspaces.workspace("ann")
            let session = try await bed.session(ann)
            #expect(session.directory == workspace.directory)
            for name in ["mine", workspace.id] {
                let found = try await bed.ask(.get, "/opencode/\(name)/session/\(session.id)", key: ann)
                #expect(found.status == 200 && found.json.text("id") == session.id)
                #expect(found.headers["content-security-policy"] == "sandbox")
            }
            let prompt = Array(#"{"parts":[{"type":"text","text":"say hello"}]}"#.utf8)
            let told = try await bed.ask(
                .post, "/opencode/mine/session/\(session.id)/message", key: ann,
                headers: ["Content-Type": "application/json"], body: .bytes(prompt))
            #expect(told.status == 200 && told.json["info"]?.text("role") == "assistant")
            let list = try await bed.ask(.get, "/opencode/mine/session?scope=project", key: ann)
            let all = try elements(list.json)
            #expect(all.map { $0.text("id") } == [session.id])
            let head = try await bed.begin(.head, "/opencode/mine/path", key: ann)
            #expect(head.status == 200)
            let path = try await bed.ask(.get, "/opencode/mine/path", key: ann)
            #expect(path.json.text("directory") == workspace.directory)
        }
    }

    @Test("a key is taken as opencode's clients send it, and none goes on")
    func credentials() async throws {
        try await PassageBed.with(ownUpstream: true) { bed in
            let ann = try await bed.key("ann")
            let seen = Mailbox<[String: String]>("calls", limit: 16)
            bed.upstream.on(.get, "/path") { request in
                var all = ["target": request.rawTarget]
                for (name, value) in request.headers { all[name.lowercased()] = value }
                _ = seen.send(all)
                return .json("{}")
            }
            let basic = PassageTests.basic(ann)
            let headers: [Headers] = [
                ["Authorization": "Basic \(basic)"], ["X-Api-Key": ann],
                ["Authorization": "Bearer \(ann)", "Cookie": "a=\(ann)", "X-Forwarded-User": "bob"],
            ]
            for header in headers {
                #expect(try await bed.ask(.get, "/opencode/mine/path?x=%20y", headers: header).status == 200)
            }
            #expect(try await bed.ask(.get, "/opencode/mine/path?auth_token=\(basic)&x=%20y").status == 200)
            let own = "Basic " + PassageTests.basic(PassageBed.password)
            for _ in 0..<4 {
                let got = try #require(try await seen.next())
                #expect(got["authorization"] == own && got["cookie"] == nil && got["x-api-key"] == nil)
                #expect(got["target"]?.hasPrefix("/path?x=%20y&directory=") == true)
                #expect(!got.values.contains { $0.contains(ann) || $0.contains(basic) })
            }
            let bad = try await bed.ask(
                .get, "/opencode/mine/path", headers: ["Authorization": "Basic \(PassageTests.basic("pk_wrong"))"])
            #expect(bad.status == 401 && bad.headers["www-authenticate"]?.hasPrefix("Basic ") == true)
            #expect(try await bed.ask(.get, "/opencode/mine/path").status == 401)
        }
    }

    @Test("nobody else's workspace is there, but for managers")
    func strangers() async throws {
        try await PassageBed.with { bed in
            let (ann, bob) = (try await bed.key("ann"), try await bed.key("bob"))
            let manager = try await bed.key("carol", ["chat", "manage"])
            let workspace = try await bed.workspaces.workspace("ann")
            let path = "/opencode/\(workspace.id)/path"
            #expect(try await bed.ask(.get, path, key: ann).status == 200)
            let refused = try await bed.ask(.get, path, key: bob)
            let unknown = try await bed.ask(.get, "/opencode/0123456789abcdef/path", key: bob)
            #expect(refused.status == 404 && unknown.status == 404)
            let managed = try await bed.ask(.get, path, key: manager)
            #expect(managed.status == 200 && managed.json.text("directory") == workspace.directory)
            #expect(try await bed.ask(.get, "/opencode/none/path", key: manager).status == 404)
            #expect(try await bed.ask(.post, "/opencode/mine/global/dispose", key: manager).status == 403)
        }
    }

    @Test("a directory outside of the workspace is refused, however it is named")
    func directories() async throws {
        try await PassageBed.with { bed in
            let ann = try await bed.key("ann")
            let (own, other) = (
                try await bed.workspaces.workspace("ann").directory, try await bed.workspaces.workspace("bob").directory
            )
            try #require(mkdir("\(own)/inner", 0o700) == 0 && symlink(other, "\(own)/link") == 0)
            let inner = try await bed.ask(.get, "/opencode/mine/path?directory=\(own)/inner", key: ann)
            #expect(inner.status == 200 && inner.json.text("directory") == "\(own)/inner")
            for path in [other, "\(own)/../x", "\(own)/link", "\(own)x", "/", "inner", "\(own)/inner/../.."] {
                let byQuery = try await bed.ask(.get, "/opencode/mine/path?directory=\(path)", key: ann)
                let byHeader = try await bed.ask(
                    .get, "/opencode/mine/path", key: ann, headers: ["x-opencode-directory": path])
                let second = try await bed.ask(
                    .get, "/opencode/mine/path?directory=\(own)&directory=\(path)", key: ann)
                let located = try await bed.ask(
                    .get, "/opencode/mine/path?location%5Bdirectory%5D=\(path)", key: ann)
                #expect([byQuery, byHeader, second, located].allSatisfy { $0.status == 403 }, "\(path)")
            }
            #expect(!bed.fake.directories.contains(other))
            bed.workspaces.write("mine", "a.txt", in: try await bed.workspaces.workspace("ann"))
            let file = try await bed.ask(.get, "/opencode/mine/file/content?path=a.txt", key: ann)
            #expect(file.json.text("content") == "mine")
            for path in ["../\(Workspace.id(of: "bob"))/a.txt", "/etc/passwd", "inner/../../x"] {
                #expect(try await bed.ask(.get, "/opencode/mine/file/content?path=\(path)", key: ann).status == 403)
            }
        }
    }

    @Test("a session of somebody else is not there")
    func foreignSessions() async throws {
        try await PassageBed.with { bed in
            let (ann, bob) = (try await bed.key("ann"), try await bed.key("bob"))
            let session = try await bed.session(ann)
            _ = try await bed.session(bob)
            for (method, rest) in [
                (Method.get, ""), (.get, "/message"), (.delete, ""), (.post, "/abort"), (.post, "/prompt_async"),
            ] as [(Method, String)] {
                let refused = try await bed.ask(method, "/opencode/mine/session/\(session.id)\(rest)", key: bob)
                #expect(refused.status == 404 && refused.json.text("name") == "NotFoundError", "\(method) \(rest)")
            }
            #expect(try await bed.ask(.get, "/opencode/mine/session/ses_missing", key: bob).status == 404)
            #expect(try await bed.ask(.get, "/opencode/mine/session/%2e%2e%2Fx", key: bob).status == 404)
            #expect(bed.fake.sessions.count == 2)
            for path in ["session?scope=project", "experimental/session"] {
                let list = try await bed.ask(.get, "/opencode/mine/\(path)", key: bob)
                let all = try elements(list.json)
                #expect(all.count == 1 && all.allSatisfy { $0.text("id") != session.id })
            }
        }
    }

    @Test("what is the whole server's is the admin's, and keys are blanked out for everybody else")
    func global() async throws {
        try await PassageBed.with { bed in
            let (ann, admin) = (try await bed.key("ann"), try await bed.key("root", ["admin"]))
            let body = HTTPRequest.Body.bytes(Array(#"{"type":"api","key":"k"}"#.utf8))
            for (method, path) in [
                (Method.post, "global/dispose"), (.post, "global/upgrade"), (.patch, "global/config"),
                (.put, "auth/openai"), (.delete, "auth/openai"), (.get, "nothing"), (.post, "sync/history"),
                (.post, "experimental/worktree"), (.get, "Global/health"), (.get, "tui/control/next"),
                (.post, "//global/dispose"), (.post, "%67lobal/dispose"),
            ] as [(Method, String)] {
                let refused = try await bed.ask(method, "/opencode/mine/\(path)", key: ann, body: body)
                #expect(refused.status == 403 && refused.json["hint"] != nil, "\(path)")
            }
            let config = try await bed.ask(.get, "/opencode/mine/config", key: ann)
            let options = config.json["provider"]?["fake"]?["options"]
            #expect(config.status == 200 && options?["apiKey"] == "" && config.json.text("model") == "fake/m1")
            #expect(options?["baseURL"] == "http://127.0.0.1:9/v1")
            let clear = try await bed.ask(.get, "/opencode/mine/config", key: admin)
            #expect(clear.json["provider"]?["fake"]?["options"]?["apiKey"] == "sk-test")
            #expect(try await bed.ask(.put, "/opencode/mine/auth/openai", key: admin, body: body).status == 200)
        }
    }

    @Test("keys are blanked out wherever configurations have them, and nothing else is")
    func masks() throws {
        let given = try JSON.parse(
            """
            {"mcp":{"a":{"type":"remote","url":"https://x.test/m?key=1","headers":{"X":"s1"}},
            "b":{"type":"local","command":["npx","--token","s2"],"environment":{"T":"s3"}}},
            "provider":{"p":{"options":{"apiKey":"s4","baseURL":"https://u:s5@x.test/v1","timeout":5,"a":{"b":["s6"]}}}},
            "providers":[{"id":"p","key":"s7","env":["P_KEY"],"models":{"m":{"headers":{"h":"s8"},"name":"M"}}}],
            "agent":{"build":{"prompt":"be kind"}}}
            """
        ).value
        let masked = PassageAnswer.masked(try #require(given), below: "")
        let text = String(decoding: try JSON.encode(masked), as: UTF8.self)
        for number in 1...8 { #expect(!text.contains("s\(number)"), "s\(number) is left in \(text)") }
        for kept in ["https://x.test/m\"", "npx", "P_KEY", "be kind", "\"timeout\":5", "\"name\":\"M\""] {
            #expect(text.contains(kept), "\(kept) is gone from \(text)")
        }
    }
}
