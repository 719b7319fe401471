import FakeOpencode
import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("tasks: whose they are")
@Loop
struct TaskAccessTests {
    private nonisolated static let secret = "a-secret-that-is-shared"

    @Test("the shared secret lets in as the project, for its tasks alone; without it nobody is let in")
    func sharedSecret() async throws {
        let environment = ["OPENCODE_SHARED_SECRET": Self.secret]
        try await ChatBed.with(["PROJECT_ID=p1"], environment: environment) { bed in
            let body: JSONValue = ["task_id": "t", "code": "say hi"]
            let good = [("Authorization", "Bearer \(Self.secret)")]
            #expect(try await bed.call(.post, "/tasks/execute", body).status == 401)
            #expect(
                try await bed.call(.post, "/tasks/execute", body, headers: [("Authorization", "Bearer wrong")]).status
                    == 401)
            let id = try await bed.submit("t", "say hi", ["project_id": "p1"], headers: good)
            #expect(try await bed.messages(id, headers: ["Authorization": "Bearer \(Self.secret)"]).output == "hi")
            #expect(try await bed.status(id, headers: good)["project_id"].string == "p1")

            let foreign: JSONValue = ["task_id": "x", "code": "say hi", "project_id": "p2"]
            #expect(try await bed.call(.post, "/tasks/execute", foreign, headers: good).status == 404)
            let elsewhere = good + [("X-Project-Id", "p2")]
            #expect(try await bed.call(.get, "/tasks/\(id)/status", headers: elsewhere).status == 404)
            #expect(try await bed.call(.get, "/mgmt/runs", headers: good).status == 403)
            for path in ["/health", "/healthz", "/ready", "/metrics"] {
                #expect(try await bed.call(.get, path).status == 200, "\(path)")
            }
            #expect(!bed.log.contains(Self.secret))
        }
    }

    @Test("what another user or project has is not there: 404, and nothing is made")
    func others() async throws {
        try await ChatBed.with { bed in
            let ann = [("X-OpenWebUI-User-Id", "ann"), ("X-Project-Id", "a")]
            let bob = [("X-OpenWebUI-User-Id", "bob")]
            let id = try await bed.submit("t", "say ann's", headers: ann)
            _ = try await bed.events(at: "/tasks/\(id)/events", headers: ann)
            let paths: [(Runtime.Method, String)] = [
                (.get, "/tasks/\(id)/status"), (.get, "/tasks/t/status"), (.get, "/tasks/\(id)/events"),
                (.get, "/tasks/\(id)/output"), (.get, "/tasks/\(id)/executions"), (.get, "/tasks/\(id)/stream"),
                (.post, "/tasks/\(id)/cancel"), (.post, "/tasks/\(id)/retry"), (.post, "/tasks/\(id)/ticket"),
                (.delete, "/tasks/\(id)"), (.delete, "/tasks/t"),
            ]
            for (method, path) in paths {
                #expect(try await bed.call(method, path, headers: bob).status == 404, "\(path)")
                let elsewhere = [ann[0], ("X-Project-Id", "b")]
                #expect(try await bed.call(method, path, headers: elsewhere).status == 404, "\(path)")
            }
            #expect(try await bed.call(.get, "/tasks", headers: bob).json["tasks"].count == 0)
            #expect(try await bed.call(.get, "/sessions/\(id)/status", headers: ann).status == 404)
            // The same name elsewhere is another task.
            let other = try await bed.submit("t", "say bob's", headers: bob)
            #expect(try await bed.status("t", headers: bob)["execution_id"].string == other)
            #expect(try await bed.status("t", headers: ann)["execution_id"].string == id)
        }
    }

    @Test("a ticket opens one WebSocket, once; a page of another site is refused")
    func tickets() async throws {
        let environment = ["OPENCODE_SHARED_SECRET": Self.secret]
        let settings = ["PERIGEE_TASK_ORIGINS=https://app.example.com"]
        try await ChatBed.with(settings, environment: environment) { bed in
            let key = [("Authorization", "Bearer \(Self.secret)")]
            let id = try await bed.submit("t", "say hi", headers: key)
            let other = try await bed.submit("u", "say ho", headers: key)
            func ticket(_ id: String) async throws -> String {
                let answer = try await bed.call(.post, "/tasks/\(id)/ticket", headers: key)
                #expect(answer.status == 201)
                return try #require(try answer.json["ticket"].string)
            }
            let first = try await ticket(id)
            #expect(try await bed.messages(id, "?ticket=\(first)").output == "hi")
            #expect(try await bed.refusal("/tasks/\(id)/stream?ticket=\(first)") == 401)
            // It opens nothing else, and is used up by the attempt.
            let second = try await ticket(id)
            #expect(try await bed.refusal("/tasks/\(other)/stream?ticket=\(second)") == 401)
            #expect(try await bed.refusal("/tasks/\(id)/stream?ticket=\(second)") == 401)
            #expect(try await bed.refusal("/tasks/\(id)/stream") == 401)

            let third = try await ticket(id)
            #expect(try await bed.refusal("/tasks/\(id)/stream?ticket=\(third)", origin: "https://evil.example") == 403)
            let fourth = try await ticket(id)
            let told = try await bed.messages(
                id, "?ticket=\(fourth)", headers: ["Origin": "https://app.example.com"])
            #expect(told.output == "hi")
            #expect(try await bed.call(.get, "/tasks/\(id)/stream", headers: key).status == 426)
        }
    }

    @Test(
        "/ready says when the agent cannot be reached or the workspace cannot be written; /metrics counts, without names"
    )
    func ready() async throws {
        let workspace = TemporaryDirectory()
        try await ChatBed.with(["WORKSPACE_DIR=\(workspace.path)"]) { bed in
            let id = try await bed.submit("secret-name", "say hi; bash pwd")
            #expect(try await bed.messages(id).output.contains(workspace.path))
            #expect(bed.fake.prompts.first?.directory == workspace.path)
            let failing = try await bed.submit("t", "error APIError no")
            _ = try await bed.messages(failing)
            let metrics = try await bed.call(.get, "/metrics").text
            #expect(metrics.contains(#"perigee_tasks_total{kind="task",outcome="completed"} 1"#))
            #expect(metrics.contains(#"perigee_tasks_total{kind="task",outcome="failed"} 1"#))
            #expect(metrics.contains("perigee_tasks_success_ratio 0.5"))
            #expect(metrics.contains("perigee_task_duration_seconds_count") && !metrics.contains("secret-name"))

            #expect(try await bed.call(.get, "/ready").status == 200)
            #expect(rmdir(workspace.path) == 0)
            let unready = try await bed.call(.get, "/ready")
            #expect(unready.status == 503 && unready.text.contains("workspace"))
            await bed.fake.kill()
            try await bed.until("the agent's loss") { try await bed.call(.get, "/ready").text.contains("engine") }
            #expect(try await bed.call(.get, "/health").status == 200)
        }
    }
}

extension ChatBed {
    /// The status with which a WebSocket is refused.
    fileprivate func refusal(_ path: String, origin: String? = nil) async throws -> Int {
        var headers = [
            ("Upgrade", "websocket"), ("Connection", "Upgrade, close"), ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="),
        ]
        if let origin { headers.append(("Origin", origin)) }
        let lines = headers.map { "\($0.0): \($0.1)" }
        return try await Exchange.send(
            (["GET \(path) HTTP/1.1", "Host: 127.0.0.1:\(program.port)"] + lines).joined(separator: "\r\n")
                + "\r\n\r\n", port: program.port
        ).status
    }
}
