import FakeOpencode
import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("tasks: the program is killed")
@Loop
struct TaskKillTests {
    /// `PERIGEE_SERVED_TASKS=5000` for more.
    private nonisolated static let count = TestEnvironment.value(of: "PERIGEE_SERVED_TASKS").flatMap { Int($0) } ?? 60

    @Test("what the agent is still at goes on, what waited is begun, and every stream is as it was")
    func goesOn() async throws {
        try await ChatBed.with(["MAX_CONCURRENT_TASKS=1"]) { bed in
            let done = try await bed.submit("done", "say done")
            let before = try await bed.messages(done)
            let busy = try await bed.submit("busy", "slow 60; say one two three four five six seven eight nine ten")
            let waiting = try await bed.submit("waiting", "say waited")
            let began = try await bed.messages(busy, atMost: 5)
            try await bed.end(SIGKILL)
            try await bed.start()

            let told = try await bed.messages(busy)
            #expect(told.last?.data == "completed" && told.output == "one two three four five six seven eight nine ten")
            #expect(try await bed.messages(busy, "?after=\(began.last?.seq ?? 0)").output.hasSuffix("nine ten"))
            #expect(try await bed.messages(waiting).output == "waited")
            #expect(try await bed.messages(done) == before)
            #expect(bed.fake.prompts.count == 3)
        }
    }

    @Test(
        "what nobody knows the outcome of has failed with the reason, or is done again where it may be; none stays running"
    )
    func outcomes() async throws {
        try await ChatBed.with { bed in
            let lost = try await bed.submit("lost", "say half; hang")
            let again = try await bed.submit("again", "say once; hang", ["repeatable": true])
            try await bed.until("both at work") { bed.fake.prompts.count == 2 }
            try await bed.end(SIGKILL)
            try await bed.fake.restart(losingSessions: true)
            try await bed.start()

            let told = try await bed.messages(lost)
            #expect(told.last?.data == "failed" && told.last?.json["state"] == "interrupted")
            #expect(told.last?.json["reason"]?.string?.contains("restarted") == true)
            try await bed.until("the second time") { bed.fake.prompts.filter { $0.text.contains("once") }.count == 2 }
            #expect(try await bed.call(.post, "/tasks/\(again)/cancel").status == 200)
            #expect(try await bed.call(.get, "/tasks?status=running,pending").json["tasks"].count == 0)
            #expect(bed.fake.prompts.filter { $0.text.contains("half") }.count == 1)
        }
    }

    @Test("many are accepted, the program is killed in between, and each has one outcome and begins in its order")
    func many() async throws {
        try await ChatBed.with(["LOG_LEVEL=info"], within: .seconds(60 + Self.count)) { bed in
            var ids: [String] = []
            for number in 0..<Self.count {
                ids.append(
                    try await bed.submit("t\(number)", "say \(number)", ["project_id": .string("p\(number % 3)")]))
                if number == Self.count / 2 {
                    try await bed.end(SIGKILL)
                    try await bed.start()
                }
            }
            for id in ids { try await bed.wait(for: id) }
            var began: [[Int]] = [[], [], []]
            var outcomes: [String: Int] = [:]
            let places = Dictionary(grouping: bed.fake.prompts.indices) { bed.fake.prompts[$0].text }
            for (number, id) in ids.enumerated() {
                let status = try await bed.status(id)
                outcomes[status["status"].string ?? "none", default: 0] += 1
                let times = places["say \(number)"] ?? []
                #expect(times.count <= 1, "task \(number) was run \(times.count) times")
                if let time = times.first { began[number % 3].append(time) }
            }
            // Those at work when it was killed may have failed, with the reason; nothing else has.
            #expect(outcomes["completed", default: 0] + outcomes["failed", default: 0] == Self.count, "\(outcomes)")
            #expect(outcomes["failed", default: 0] <= 5, "\(outcomes)")
            // Five are at work at once, and may overtake each other on the way to the agent.
            for times in began {
                for (place, time) in times.sorted().enumerated() {
                    #expect(abs(place - (times.firstIndex(of: time) ?? -99)) <= 5)
                }
            }
        }
    }
}

extension ChatBed {
    /// Some messages of a stream, which is left then.
    fileprivate func messages(_ id: String, atMost count: Int) async throws -> [TaskTold] {
        let socket = try await socket("/tasks/\(id)/stream")
        var told: [TaskTold] = []
        while told.count < count, case .text(let text)? = try await socket.next() {
            told.append(try TaskTold(JSON.parse(text)))
        }
        socket.close()
        return told
    }

    /// Reads its stream to the end, which takes no time of the program while nothing happens.
    fileprivate func wait(for id: String) async throws { _ = try await taskEvents(id, "?type=status&severity=error") }
}
