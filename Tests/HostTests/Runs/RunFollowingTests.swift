import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("runs: followers")
@Loop
struct RunFollowingTests {
    /// Random events, mostly pieces of texts, with pauses now and then so that groups are cut at all places.
    private func babble(_ attempt: any RunAttempt, count: Int, seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        var part = 0
        for number in 0..<count {
            switch Int.random(in: 0..<40, using: &random) {
            case 0: attempt.report(.tool(ToolUse(id: "t\(number)", name: "bash", status: .completed, output: "ok")))
            case 1: attempt.report(.notice("note \(number)"))
            case 2: part += 1
            case 3: attempt.report(.text(String(repeating: "x", count: 9000), part: "p\(part)"))
            case 4: try await Loop.sleep(for: .milliseconds(Int.random(in: 1...60, using: &random)))
            case 5..<10: attempt.report(.reasoning("r\(number) ", part: "p\(part)"))
            default: attempt.report(.text("w\(number) ", part: "p\(part)"))
            }
        }
    }

    @Test(
        "replay from every number is exact, while the run is live and after its end", arguments: [1, 2, 3] as [UInt64])
    func exact(seed: UInt64) async throws {
        let house = RunsHarness()
        let latch = Latch()
        house.stage.act = { attempt in
            try await attempt.begins()
            try await babble(attempt, count: 400, seed: seed)
            try await latch.wait()
        }
        try await house.open()
        let id = try await house.runs.accept(house.order()).id
        var heard: [RunEvent] = []
        let follower = try await house.runs.follow(id)
        follower.start { items in
            for case .event(let event) in items { heard.append(event) }
            return true
        }
        try await house.until("all to be said") { latch.isReached }
        let live = heard
        #expect(live.map(\.number) == Array(1...Int64(live.count)) && live.count > 300)
        for number in 0..<Int64(live.count) {
            let follower = try await house.runs.follow(id, after: number)
            let next = try await follower.next()
            #expect(next == .event(live[Int(number)]), "live, after \(number)")
            follower.close()
        }
        latch.open()
        try await house.ended(id)
        let rows = try await house.store.read { try $0.all(RunsQueries.events, id, Int64(1), id, Int64(1), 10_000) }
        #expect(rows.count < heard.count / 2, "pieces are written in groups")
        for number in 0...Int64(heard.count) {
            #expect(
                try await house.events(id, after: number) == Array(heard[Int(number)...]), "stored, after \(number)")
        }
        await house.close()
    }

    @Test("a slow follower gets everything once and in order, and holds nobody up")
    func slow() async throws {
        let house = RunsHarness()
        let latch = Latch()
        house.stage.act = { attempt in
            try await attempt.begins()
            try await babble(attempt, count: 3000, seed: 9)
            try await latch.wait()
        }
        try await house.open()
        let id = try await house.runs.accept(house.order()).id
        var numbers: [Int64] = []
        var end: Fault??
        let follower = try await house.runs.follow(id)
        follower.start(onEnd: { end = .some($0) }) { items in
            for case .event(let event) in items { numbers.append(event.number) }
            return false
        }
        try await house.until("all to be said") { latch.isReached }
        #expect(numbers.count < 300, "it asked to wait after the first batch")
        latch.open()
        let last = try await house.ended(id).lastEvent
        while end == nil {
            follower.resume()
            await Loop.yield()
        }
        #expect(numbers == Array(1...last) && end == .some(nil))
        await house.close()
    }

    @Test("a thousand followers of one run hear each token in the turn in which it is said, without a task")
    func many() async throws {
        let house = RunsHarness()
        let latch = Latch()
        var counts = [Int](repeating: 0, count: 1000)
        var said: (before: Int, after: Int) = (0, 0)
        house.stage.act = { attempt in
            try await attempt.begins()
            try await latch.wait()
            for _ in 0..<20 {
                said.before = counts.reduce(0, +)
                attempt.report(.text("word ", part: "a"))
                said.after = counts.reduce(0, +)
                #expect(said.after - said.before == 1000, "all have heard it when report returns")
            }
        }
        try await house.open()
        let id = try await house.runs.accept(house.order()).id
        try await house.until("the prompt") { latch.isReached }
        let tasks = house.scope.taskCount
        var followers: [RunFollower] = []
        for index in counts.indices {
            let follower = try await house.runs.follow(id)
            follower.start {
                for case .event(let event) in $0 where event.body.kind == .text { counts[index] += 1 }
                return true
            }
            followers.append(follower)
        }
        #expect(house.scope.taskCount < tasks + 10, "followers cost no task")
        latch.open()
        try await house.ended(id)
        #expect(counts.allSatisfy { $0 == 20 } && followers.allSatisfy(\.isEnded))
        await house.close()
    }

    @Test("a follower that comes back goes on behind what it has, across the tail and the store")
    func reconnects() async throws {
        let house = RunsHarness()
        house.stage.act = { attempt in
            try await attempt.begins()
            try await babble(attempt, count: 2000, seed: 5)
        }
        try await house.open()
        let id = try await house.runs.accept(house.order()).id
        var random = SeededGenerator(seed: 3)
        var numbers: [Int64] = []
        var isOver = false
        while !isOver {
            let follower = try await house.runs.follow(id, after: numbers.last ?? 0)
            for _ in 0..<Int.random(in: 1...200, using: &random) {
                guard let item = try await follower.next() else {
                    isOver = true
                    break
                }
                if case .event(let event) = item { numbers.append(event.number) }
            }
            follower.close()
        }
        #expect(try await house.ended(id).lastEvent == numbers.last)
        #expect(numbers == Array(1...Int64(numbers.count)))
        await house.close()
    }

    @Test("what was pruned is told, with its numbers")
    func pruned() async throws {
        let house = RunsHarness()
        house.stage.act = { attempt in
            for number in 0..<9 { attempt.report(.notice("\(number)")) }
        }
        try await house.open()
        let run = try await house.carryOut(house.order())
        // The run's first changes of state share a row.
        let states = try await house.store.write {
            try $0.run("DELETE FROM run_events WHERE first BETWEEN 6 AND 8")
            let states = try $0.one(Query("SELECT last FROM run_events WHERE first = 1", Int64.self))
            try $0.run("DELETE FROM run_events WHERE first = 1")
            return states
        }
        let items = try await house.replay(run.id)
        #expect(states > 1 && items.first == .missing(from: 1, to: states))
        #expect(items[Int(6 - states)] == .missing(from: 6, to: 8))
        #expect(items.count == Int(run.lastEvent - states) - 3 + 2)
        await house.close()
    }

    @Test("nobody can follow what is not there, and an ended run has nothing behind its end")
    func edges() async throws {
        let house = RunsHarness()
        try await house.open()
        await #expect { try await house.runs.follow("nothing") } throws: { Fault($0).kind == .notFound }
        let run = try await house.carryOut(house.order())
        #expect(try await house.replay(run.id, after: run.lastEvent).isEmpty)
        #expect(try await house.replay(run.id, after: 999_999).isEmpty)
        await house.close()
    }

    @Test("every kind of event comes back from its JSON as it was")
    func json() throws {
        let ask = Ask(
            id: "a", kind: .permission, title: "May I?",
            questions: [.init(text: "Which?", options: [.init(label: "A")])],
            permission: "bash", patterns: ["ls"], always: ["ls *"], tool: "bash", input: ["command": "ls"], until: 7)
        let bodies: [RunEventBody] = [
            .state(.running, reason: "because"), .text("t", part: "p"), .reasoning("r", part: "p"),
            .tool(ToolUse(id: "1", name: "bash", status: .failed, title: "x", error: "e", seconds: 1.5)),
            .todo([TodoItem(text: "x", status: "pending", priority: "high")]), .ask(ask),
            .answer(AskAnswer(ask: "a", verdict: .answered, answers: [["A"]], message: "m", by: "site")),
            .usage(Usage(input: 1, output: 2, reasoning: 3, cached: 4, cost: 0.5)), .artifact(["type": "plan"]),
            .notice("n\u{2028}\"\n"), .notice("soon", isPassing: true), .cut("the limit"),
            .place(3),
            .error(RunFailure(.rateLimited, "slow", hint: "wait", retryAfter: 2, status: 429, provider: "p")),
        ]
        #expect(Set(bodies.map(\.kind)) == Set(RunEventKind.allCases))
        for (number, body) in bodies.enumerated() {
            let event = RunEvent(number: Int64(number + 1), at: 12, body: body)
            #expect(try RunEvent(JSON.parse(event.json)) == event)
        }
    }
}
