import FakeOpencode
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("tasks: cancelled")
@Loop
struct TaskCancelTests {
    private nonisolated static let asking: @Sendable (inout FakeSettings) -> Void = {
        $0.strongConfig = ["permission": ["edit": "ask"]]
    }

    @Test("while it waits, runs, or asks; after its end; twice: one outcome each")
    func anywhere() async throws {
        try await ChatBed.with(["MAX_CONCURRENT_TASKS=1"], fake: Self.asking) { bed in
            let running = try await bed.submit("running", "say hm; hang")
            try await bed.until("the prompt") { bed.fake.prompts.count == 1 }
            let waiting = try await bed.submit("waiting", "say never")
            let asks = try await bed.submit("asks", "ask edit notes.txt", ["attended": true])
            let done = try await bed.submit("done", "say done")
            let status = try await bed.status(waiting)
            #expect(status["status"].string == "pending" && status["position"].integer == 1)

            #expect(try await bed.call(.post, "/tasks/\(waiting)/cancel", ["reason": "changed my mind"]).status == 200)
            #expect(try await bed.call(.post, "/tasks/\(running)/cancel").json["status"].string == "cancelled")
            try await bed.until("the question") { try await bed.status(asks)["asks"].count == 1 }
            #expect(try await bed.status(asks)["state"].string == "blocked")
            #expect(try await bed.call(.post, "/tasks/\(asks)/cancel").json["status"].string == "cancelled")
            #expect(try await bed.messages(done).last?.data == "completed")

            for (id, second, outcome) in [
                (waiting, 200, "cancelled"), (running, 200, "cancelled"), (asks, 200, "cancelled"),
                (done, 409, "completed"),
            ] {
                #expect(try await bed.call(.post, "/tasks/\(id)/cancel").status == second, "\(id)")
                let told = try await bed.messages(id)
                let ends = told.filter { $0.json["final"] == true }
                #expect(ends.map(\.data) == [outcome], "\(ends)")
                #expect(try await bed.status(id)["status"].string == outcome)
            }
            #expect(!bed.fake.prompts.contains { $0.text == "say never" })
            #expect(bed.fake.pendingAsks.isEmpty)
        }
    }

    @Test("what it asks is answered over its own door; without a person the hook decides")
    func asks() async throws {
        try await ChatBed.with(fake: Self.asking) { bed in
            let id = try await bed.submit("t", "ask edit notes.txt; say after it", ["attended": true])
            try await bed.until("the question") { try await bed.status(id)["asks"].count == 1 }
            let ask = try await bed.status(id)["asks"][0]["id"].string ?? ""
            #expect(try await bed.call(.post, "/tasks/\(id)/asks/\(ask)", ["verdict": "perhaps"]).status == 400)
            #expect(try await bed.call(.post, "/tasks/\(id)/asks/none", ["verdict": "once"]).status == 404)
            #expect(try await bed.call(.post, "/tasks/\(id)/asks/\(ask)", ["verdict": "once"]).status == 200)
            #expect(try await bed.messages(id).output.contains("after it"))

            let alone = try await bed.submit("alone", "ask edit notes.txt; say after it")
            let told = try await bed.messages(alone)
            #expect(told.last?.data == "completed" && !told.contains { $0.json["ask"] != nil })
            #expect(told.contains { $0.type == "stderr" && $0.data.contains("Nobody is there") })
        }
    }

    @Test("a task that takes longer than it may has failed, with that reason")
    func timeout() async throws {
        try await ChatBed.with { bed in
            let id = try await bed.submit("t", "say hm; hang", ["timeout": 1])
            let told = try await bed.messages(id)
            #expect(told.last?.data == "failed")
            #expect(told.contains { $0.type == "stderr" && $0.data.contains("longer than the 1 s") })
            let status = try await bed.status(id)
            #expect(status["status"].string == "failed" && status["error"]["kind"].string == "timeout")
        }
    }
}
