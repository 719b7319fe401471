import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("runs: acceptance, lanes, attempts")
@Loop
struct RunsLifeTests {
    @Test("a run goes through its states, and its record, its log and its hooks say so")
    func whole() async throws {
        let house = RunsHarness()
        house.stage.act = { attempt in
            attempt.note(runner: "r1", session: "s1", message: "m1")
            try await attempt.begins()
            attempt.report(.text("Hello", part: "a"))
            attempt.report(.usage(Usage(input: 3, output: 1)))
        }
        house.rules.hooks["artifacts"] = { facts in [["type": "plan", "title": facts["output"]!]] }
        try await house.open()
        let accepted = try await house.runs.accept(house.order())
        #expect(!accepted.state.isEnded)
        let run = try await house.ended(accepted.id)
        #expect(run.state == .succeeded && run.attempts == 1 && run.failure == nil)
        #expect(run.runner == "r1" && run.session == "s1" && run.message == "m1" && run.usage.input == 3)
        #expect(run.startedAt != nil && run.endedAt != nil && run.order == accepted.order)
        #expect(try await house.story(run.id) == [.queued, .starting, .running, .succeeded])
        let events = try await house.events(run.id)
        #expect(events.map(\.number) == Array(1...Int64(events.count)) && run.lastEvent == events.last?.number)
        #expect(events.contains { $0.body == .artifact(["type": "plan", "title": "Hello"]) })
        #expect(try await house.asked(run.id) == ["artifacts"])
        try await house.until("the hook to be told") { house.rules.finished.count == 1 }
        #expect(house.rules.finished[0]["output"] == "Hello" && house.rules.finished[0]["state"] == "succeeded")
        await house.close()
    }

    @Test("an engine that can do nothing yet has its run queued; a hook of its own is kept with the run")
    func waits() async throws {
        let house = RunsHarness()
        house.stage.act = { attempt in
            let decision = try await attempt.decide("route_provider", [["id": "r"], [["name": "one"]]])
            #expect(decision["order"] == ["one"])
            try await attempt.waits(.milliseconds(1), "nobody is free")
            try await attempt.begins()
        }
        house.rules.hooks["route_provider"] = { facts in ["order": [facts[1]![0]!["name"]!]] }
        try await house.open()
        let run = try await house.carryOut(house.order())
        #expect(run.state == .succeeded)
        #expect(try await house.story(run.id) == [.queued, .starting, .queued, .starting, .running, .succeeded])
        #expect(try await house.asked(run.id) == ["route_provider", "artifacts"])
        await house.close()
    }

    @Test("a run that waits for its engine can be cancelled")
    func cancelledWait() async throws {
        let house = RunsHarness()
        house.stage.act = { try await $0.waits(.seconds(3600), "nobody is free") }
        try await house.open()
        let accepted = try await house.runs.accept(house.order())
        try await house.until("the wait") {
            let run = try await house.runs.run(accepted.id)
            return run?.attempts == 1 && run?.state == .queued
        }
        try await house.runs.cancel(accepted.id, reason: "enough")
        #expect(try await house.state(accepted.id) == .cancelled && house.stage.prompts.isEmpty)
        await house.close()
    }

    @Test("what was accepted is on the disk, whatever happens next")
    func durable() async throws {
        let house = RunsHarness()
        house.stage.act = { _ in try await Latch().wait() }
        try await house.open()
        var order = house.order("remember me", chat: "c1")
        order.meta = ["source": "test"]
        order.input.history = [RunInput.Message(role: "user", text: "before")]
        order.decisions = [Decision(hook: "identify", value: ["user": "ada", "source": "jwt"], generation: 4)]
        let run = try await house.runs.accept(order)
        await house.kill()
        try await house.open(starts: false)
        #expect(try await house.runs.run(run.id)?.order == order)
        #expect(try await house.runs.why(run.id).map(\.decision) == order.decisions)
        await house.close()
    }

    @Test("a run of before, whose decisions are rows, is read as it was")
    func decisionsInRows() async throws {
        let house = RunsHarness()
        try await house.open()
        var order = house.order("long ago", chat: "c1")
        order.decisions = [
            Decision(hook: "identify", value: ["user": "ada"], generation: 4, scripts: ["hooks/identify.lua"]),
            Decision(hook: "place", value: ["engine": "opencode", "runner": "shared"], generation: 4),
        ]
        let run = try await house.carryOut(order)
        let later = try await house.runs.why(run.id).count - 2
        let decisions = order.decisions
        try await house.store.write { store in
            try store.run("UPDATE run_decisions SET position = position + 2 WHERE run = ?", run.id)
            for (place, decision) in decisions.enumerated() {
                try store.run(
                    "INSERT INTO run_decisions (run, position, at, hook, generation, scripts, value) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    run.id, place + 1, run.createdAt, decision.hook, decision.generation,
                    StoredRun.text(decision.scripts), StoredRun.text(decision.value!))
            }
            try store.run("UPDATE runs SET decided = 2, decisions = NULL WHERE id = ?", run.id)
        }
        #expect(try await house.runs.run(run.id)?.order == order)
        let why = try await house.runs.why(run.id).map(\.decision)
        #expect(Array(why.prefix(2)) == order.decisions && why.count == later + 2)
        let place = try await house.runs.place(ofNewestIn: "c1", of: "ada")
        #expect(place == ["engine": "opencode", "runner": "shared"])
        await house.close()
    }

    @Test("what cannot be written down is not accepted: no prompt of it is handed over, and its lane goes on")
    func refused() async throws {
        let house = RunsHarness()
        house.stage.act = { try await house.stage.begin($0) }
        try await house.open()
        await #expect {
            try await house.runs.accept(house.order("lost", lane: "chat")) { _, _ in
                throw Fault(.overBudget, "no room")
            }
        } throws: {
            Fault($0).message == "no room"
        }
        let next = try await house.carryOut(house.order("kept", lane: "chat"))
        #expect(next.state == .succeeded && house.stage.prompts == [next.id])
        #expect(try await house.runs.list().map(\.id) == [next.id])
        await house.close()
    }

    @Test("runs of one lane are carried out in order, one at a time; others meanwhile")
    func lanes() async throws {
        let house = RunsHarness()
        let latch = Latch()
        house.stage.act = { attempt in
            try await house.stage.begin(attempt)
            if attempt.run.order.prompt == "first" { try await latch.wait() }
        }
        try await house.open()
        let first = try await house.runs.accept(house.order("first", lane: "chat"))
        let second = try await house.runs.accept(house.order("second", lane: "chat"))
        let third = try await house.runs.accept(house.order("third", lane: "chat"))
        let other = try await house.carryOut(house.order("other", lane: "another"))
        #expect(other.state == .succeeded)
        #expect(try await house.state(second.id) == .queued)
        latch.open()
        try await house.ended(third.id)
        #expect(house.stage.prompts == [first.id, other.id, second.id, third.id])
        await house.close()
    }

    @Test("a user may have only so many runs waiting")
    func bounded() async throws {
        let house = RunsHarness()
        house.settings.queuedPerUser = 2
        house.stage.act = { _ in try await Latch().wait() }
        try await house.open()
        for _ in 0..<3 { _ = try await house.runs.accept(house.order(lane: "chat")) }
        await #expect { try await house.runs.accept(house.order(lane: "chat")) } throws: {
            Fault($0).kind == .overBudget
        }
        _ = try await house.runs.accept(house.order(user: "bob"))
        #expect(try await house.runs.list().count == 4)
        await house.close()
    }

    @Test("an engine that is not there is told before anything is accepted")
    func noEngine() async throws {
        let house = RunsHarness()
        try await house.open()
        await #expect { try await house.runs.accept(house.order(engine: "steam")) } throws: {
            Fault($0).message.contains("steam")
        }
        #expect(try await house.runs.list().isEmpty)
        await house.close()
    }

    @Test("lists choose by user, chat and state, and go on from an id in both directions")
    func lists() async throws {
        let house = RunsHarness()
        try await house.open()
        var ids: [String] = []
        for number in 0..<6 {
            let order = house.order(user: number % 2 == 0 ? "ada" : "bob", chat: "c\(number / 2)")
            ids.append(try await house.carryOut(order).id)
        }
        func found(_ change: (inout RunFilter) -> Void) async throws -> [Int?] {
            var filter = RunFilter()
            change(&filter)
            return try await house.runs.list(filter).map { run in ids.firstIndex(of: run.id) }
        }
        #expect(try await found { $0.limit = 2 } == [5, 4])
        #expect(try await found { ($0.limit, $0.before) = (2, ids[4]) } == [3, 2])
        #expect(try await found { ($0.limit, $0.after) = (2, ids[2]) } == [4, 3])
        #expect(try await found { $0.user = "ada" } == [4, 2, 0])
        #expect(try await found { ($0.user, $0.chat) = ("bob", "c1") } == [3])
        #expect(try await found { ($0.user, $0.after) = ("bob", ids[1]) } == [5, 3])
        #expect(try await found { $0.states = [.succeeded, .failed] }.count == 6)
        #expect(try await found { $0.states = [.running] }.isEmpty)
        await house.close()
    }

    @Test("usage of all attempts is added up")
    func usage() async throws {
        let house = RunsHarness()
        house.stage.act = { attempt in
            attempt.report(.usage(Usage(input: 1, output: 1)))
            attempt.report(.usage(Usage(input: 10, output: 2)))
            if attempt.number == 1 { throw RunFailure(.sessionMissing, "no such session") }
        }
        try await house.open()
        #expect(try await house.carryOut(house.order()).usage == Usage(input: 20, output: 4))
        await house.close()
    }

    @Test("a feed tells of every state of a user's runs")
    func feed() async throws {
        let house = RunsHarness()
        try await house.open()
        var heard: [String] = []
        let feed = house.runs.events(user: "ada") { heard.append("\($0.order.user) \($0.state.rawValue)") }
        _ = try await house.carryOut(house.order(user: "bob"))
        _ = try await house.carryOut(house.order(user: "ada"))
        #expect(heard == ["ada queued", "ada starting", "ada running", "ada succeeded"])
        feed.close()
        _ = try await house.carryOut(house.order(user: "ada"))
        #expect(heard.count == 4)
        await house.close()
    }

    @Test("what has ended can be removed with all it had, and scripts can look it up; what has not ended stays")
    func removal() async throws {
        let house = RunsHarness()
        house.stage.act = { if $0.run.order.prompt == "stay" { try await Latch().wait() } }
        try await house.open()
        let gone = try await house.carryOut(house.order())
        let stays = try await house.runs.accept(house.order("stay"))
        let found = try await house.store.readOnly(
            "SELECT id FROM run_history WHERE ended_at IS NOT NULL", [],
            limits: ReadOnlyLimits(views: Schema.scriptViews))
        #expect(found.rows.count == 1)
        let target = RunTarget(house.store)
        func item(_ id: String) throws -> PlanEntry {
            PlanEntry(action: .remove, kind: "run", id: id, reason: "old")
        }
        #expect(try await target.check(item(stays.id)) == .stays("it has not ended"))
        #expect(try await target.remove(item(stays.id)) == 0)
        #expect(try await target.check(item(gone.id)) == .removable)
        #expect(try await target.remove(item(gone.id)) > 0)
        #expect(try await target.check(item(gone.id)) == .gone)
        #expect(try await house.runs.run(gone.id) == nil)
        #expect(try await house.runs.run(stays.id) != nil)
        await house.close()
    }

    @Test("a closed service lets go of what it held")
    func leaks() async throws {
        let house = RunsHarness()
        house.stage.act = { attempt in
            try await attempt.begins()
            try await Latch().wait()
        }
        try await house.open()
        let run = try await house.runs.accept(house.order())
        try await house.reach(.running, run.id)
        weak let live = house.runs.live[run.id]
        weak let runLog = live?.log
        var follower: RunFollower? = try await house.runs.follow(run.id)
        follower?.start { _ in true }
        #expect(live != nil && runLog != nil)
        await house.close()
        #expect(follower?.isEnded == true)
        follower = nil
        try await house.until("the run to be let go") { live == nil && runLog == nil }
    }
}
