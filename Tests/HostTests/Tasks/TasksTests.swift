import FakeOpencode
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("tasks: submit, watch, read again")
@Loop
struct TasksTests {
    @Test("a task's stream shows every message once and in order, opened early, late, twice, or from any point")
    func stream() async throws {
        try await ChatBed.with { bed in
            let answer = try await bed.call(
                .post, "/tasks/execute",
                [
                    "task_id": "t-1", "code": "say one two three; bash printf '\u{1b}[31mred'; say the end",
                    "surprise": true,
                ], headers: [("X-Request-Id", "req-7")])
            #expect(answer.status == 202)
            let id = try #require(try answer.json["execution_id"].string)
            #expect(try answer.json["status"].string == "pending")
            let early = try await bed.messages(id)

            #expect(early.map(\.seq) == early.map(\.seq).sorted() && Set(early.map(\.seq)).count == early.count)
            #expect(early.map(\.timestamp) == early.map(\.timestamp).sorted())
            #expect(early.output.contains("one two three") && early.output.contains("\u{1b}[31mred"))
            #expect(early.last?.type == "status" && early.last?.data == "completed")
            #expect(early.count { $0.json["final"] == true } == 1 && early.states.first == "pending")
            #expect(try await bed.messages("t-1") == early)
            #expect(try await bed.taskEvents(id) == early)
            for message in early where message.seq % 3 == 0 {
                let rest = early.filter { $0.seq > message.seq }
                #expect(try await bed.messages(id, "?after=\(message.seq)") == rest)
                #expect(try await bed.taskEvents(id, lastEventID: "\(message.seq)") == rest)
            }
            let beyond = try await bed.taskEvents(id, "?after=999999")
            #expect(beyond.count == 1 && beyond[0].json["missing"]?["to"] == 999_999)

            let status = try await bed.status(id)
            #expect(status["status"].string == "completed" && status["progress"].integer == 100)
            #expect(try await bed.call(.get, "/tasks/\(id)").json["status"].string == "completed")
            #expect(status["request_id"].string == "req-7")
            #expect(status["started_at"].string != nil && status["duration"].number != nil)
        }
    }

    @Test("output is downloaded as text and as lines of JSON, and filtered by type and severity")
    func output() async throws {
        try await ChatBed.with { bed in
            let id = try await bed.submit("t", "say hello there; bash echo from the shell; read nowhere.txt; say bye")
            let all = try await bed.messages(id)
            let text = try await bed.call(.get, "/tasks/\(id)/output")
            #expect(text.headers["content-disposition"]?.contains("t-1.txt") == true)
            #expect(text.text.contains("hello there\nfrom the shell\n"), "\(text.text)")
            let errors = all.filter { $0.type == "stderr" }
            #expect(!errors.isEmpty && errors.allSatisfy { text.text.contains($0.data) })
            let lines = try await bed.call(.get, "/tasks/\(id)/output?format=jsonl").text
            let told = try lines.split(separator: "\n").map { try TaskTold(JSON.parse(String($0))) }
            #expect(told == all)
            let quiet = try await bed.call(.get, "/tasks/\(id)/output?type=stderr").text
            #expect(!quiet.contains("hello") && quiet.contains(errors[0].data))
            let severe = try await bed.messages(id, "?severity=warning")
            #expect(severe.map(\.data).contains(errors[0].data) && severe.last?.data == "completed")
            #expect(!severe.contains { $0.type == "stdout" })
            for query in ["?severity=loud", "?type=stdin", "?after=-1", "?format=pdf"] {
                #expect(try await bed.call(.get, "/tasks/\(id)/output\(query)").status == 400, "\(query)")
            }
        }
    }

    @Test("context goes to the agent as text under the code, whatever JSON it is")
    func context() async throws {
        try await ChatBed.with { bed in
            let contexts: [JSONValue] = [["files": ["a.swift"]], "plain words", [1, 2]]
            for (number, context) in contexts.enumerated() {
                let id = try await bed.submit("t\(number)", "do it", ["context": context])
                _ = try await bed.messages(id)
            }
            let texts = bed.fake.prompts.map(\.text)
            #expect(texts.count == 3)
            #expect(texts[0].contains("do it") && texts[0].contains(#"{"files":["a.swift"]}"#), "\(texts)")
            #expect(texts[1].contains("plain words") && texts[2].contains("[1,2]"))
        }
    }

    @Test("progress follows the agent's list")
    func progress() async throws {
        try await ChatBed.with { bed in
            let id = try await bed.submit("t", "todo a!, b!, c~, d; hang")
            try await bed.until("half") { try await bed.status(id)["progress"].integer == 50 }
            #expect(try await bed.status(id)["status"].string == "running")
            #expect(try await bed.call(.post, "/tasks/\(id)/cancel").status == 200)
            let told = try await bed.messages(id)
            #expect(told.contains { $0.json["progress"] == 50 } && told.last?.data == "cancelled")
        }
    }

    @Test("a task has one execution at a time; each is kept with its outcome, and is run again when asked to")
    func executions() async throws {
        try await ChatBed.with { bed in
            let first = try await bed.submit("t", "say first; hang")
            try await bed.until("the prompt") { bed.fake.prompts.count == 1 }
            let busy = try await bed.call(.post, "/tasks/execute", ["task_id": "t", "code": "say again"])
            #expect(busy.status == 409 && busy.text.contains(first))
            #expect(try await bed.call(.post, "/tasks/t/retry").status == 409)
            #expect(try await bed.call(.post, "/tasks/t/cancel").status == 200)

            let second = try await bed.submit("t", "say second")
            _ = try await bed.messages(second)
            let third = try await bed.call(.post, "/tasks/t/retry")
            #expect(third.status == 202)
            _ = try await bed.messages(try third.json["execution_id"].string ?? "")

            let list = try await bed.call(.get, "/tasks/t/executions").json["executions"].elements.map { $0 }
            #expect(list.map { $0["outcome"].string } == ["completed", "completed", "cancelled"])
            #expect(list.map { $0["execution"].integer } == [3, 2, 1])
            #expect(list[0]["output"].string == "second" && list[0]["retry_of"].string == second)
            #expect(list.allSatisfy { $0["completed_at"].string != nil && $0["duration"].number != nil })
            #expect(try await bed.call(.get, "/tasks?status=cancelled").json["tasks"].count == 1)
            #expect(bed.fake.prompts.filter { $0.text == "say second" }.count == 2)

            #expect(try await bed.call(.delete, "/tasks/\(first)").status == 204)
            #expect(try await bed.call(.get, "/tasks/\(first)/status").status == 404)
            #expect(try await bed.call(.get, "/tasks").json["tasks"].count == 2)
            #expect(try await bed.call(.delete, "/tasks/t").status == 204)
            #expect(try await bed.call(.delete, "/tasks/t").status == 404)
            #expect(try await bed.get("/mgmt/runs").json["runs"].count == 0)
        }
    }

    @Test("a request that is repeated with its Idempotency-Key begins nothing more")
    func idempotency() async throws {
        try await ChatBed.with { bed in
            let key = [("Idempotency-Key", "k-1")]
            let id = try await bed.submit("t", "say once", headers: key)
            _ = try await bed.messages(id)
            let again = try await bed.call(
                .post, "/tasks/execute", ["task_id": "t", "code": "say once"], headers: key)
            #expect(try again.status == 202 && again.json["execution_id"].string == id)
            #expect(again.headers["idempotent-replayed"] == "true")
            let other = try await bed.call(.post, "/tasks/execute", ["task_id": "t", "code": "say more"], headers: key)
            #expect(other.status == 409)
            #expect(bed.fake.prompts.count == 1)
        }
    }

    @Test("what is asked wrongly gets the reason, and begins nothing")
    func bad() async throws {
        try await ChatBed.with { bed in
            let good: JSONObject = ["task_id": "t", "code": "say no"]
            func with(_ name: String, _ value: JSONValue?) -> [UInt8] {
                var body = good
                body[name] = value
                return (try? JSON.encode(JSONValue.object(body))) ?? []
            }
            let cases: [(body: [UInt8], status: Int, word: String)] = [
                ([], 400, "empty"), (Array("{".utf8), 400, "JSON"), (Array("[]".utf8), 400, "object"),
                (with("task_id", nil), 400, "task_id: it is missing"), (with("task_id", 7), 400, "task_id"),
                (with("task_id", "a/b"), 400, "task_id"), (with("task_id", ""), 400, "task_id"),
                (with("code", nil), 400, "code: it is missing"), (with("code", "  "), 400, "code: it is empty"),
                (with("code", ["x"]), 400, "code: it must be text"),
                (with("code", .string(String(repeating: "x", count: 1_100_000))), 413, "code"),
                (with("code", .string(String(repeating: "x", count: 10_000_000))), 413, "larger"),
                (with("timeout", 0), 400, "timeout"), (with("timeout", 3601), 400, "timeout"),
                (with("attended", "yes"), 400, "attended"), (with("persona", "nobody"), 400, "persona"),
                (with("model_config", "gpt"), 400, "model_config"),
                (with("model_config", ["temperature": 3]), 400, "model_config.temperature"),
                (with("model_config", ["max_tokens": 0]), 400, "model_config.max_tokens"),
                (with("model_config", ["enabled_tools": [1]]), 400, "model_config.enabled_tools"),
                (with("meta", 1), 400, "meta"),
            ]
            for (body, status, word) in cases {
                let answer = try await bed.call(.post, "/tasks/execute", body)
                #expect(
                    answer.status == status && answer.text.contains(word), "\(word): \(answer.status) \(answer.text)")
            }
            let badKey = try await bed.call(
                .post, "/tasks/execute", .object(good), headers: [("Idempotency-Key", "a b")])
            #expect(badKey.status == 400)
            let paths: [(Runtime.Method, String)] = [
                (.get, "/tasks/none/status"), (.post, "/tasks/none/cancel"), (.delete, "/tasks/none"),
                (.get, "/tasks/none/events"), (.get, "/tasks/none/output"), (.post, "/tasks/none/ticket"),
                (.post, "/tasks/none/retry"), (.get, "/tasks/none/executions"),
            ]
            for (method, path) in paths {
                #expect(try await bed.call(method, path).status == 404, "\(path)")
            }
            #expect(try await bed.call(.get, "/tasks/none/stream").status == 404)
            #expect(try await bed.call(.get, "/tasks?limit=0").status == 400)
            #expect(try await bed.call(.get, "/tasks").json["tasks"].count == 0)
            #expect(try await bed.get("/mgmt/runs").json["runs"].count == 0)
            #expect(bed.fake.prompts.isEmpty)
        }
    }
}
