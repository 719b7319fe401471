import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("runs: stopping")
@Loop
struct RunCancelTests {
    @Test("a queued run is cancelled where it stands, and the next of its lane gets its turn")
    func queued() async throws {
        let house = RunsHarness()
        let latch = Latch()
        house.stage.act = { if $0.run.order.prompt == "first" { try await latch.wait() } }
        try await house.open()
        var ids: [String] = []
        for prompt in ["first", "second", "third"] {
            ids.append(try await house.runs.accept(house.order(prompt, lane: "l")).id)
        }
        try await house.runs.cancel(ids[1], reason: "not any more")
        #expect(try await house.story(ids[1]) == [.queued, .cancelled])
        latch.open()
        #expect(try await house.ended(ids[2]).state == .succeeded && house.stage.hows(ids[1]).isEmpty)
        await house.close()
    }

    @Test("a run is cancelled before its prompt, at work, blocked, and while it waits for a retry", arguments: 0..<4)
    func everywhere(place: Int) async throws {
        let house = RunsHarness()
        var wasStopped = false
        house.rules.hooks["recover"] = { _ in ["action": "retry", "after": 3600] }
        house.stage.act = { attempt in
            if place == 3 { throw RunFailure(.rateLimited, "slow down") }
            if place > 0 { try await house.stage.begin(attempt) }
            do {
                if place == 2 {
                    _ = try await attempt.ask(Ask(id: "q", kind: .question, title: "?", questions: []))
                } else {
                    try await Latch().wait()
                }
            } catch {
                wasStopped = true
                attempt.report(.text("the last words", part: "a"))
                throw error
            }
        }
        try await house.open()
        let id = try await house.runs.accept(house.order()).id
        switch place {
        case 0: try await house.until("the start") { !house.stage.hows(id).isEmpty }
        case 1: try await house.until("the prompt") { house.stage.prompts == [id] }
        case 2: try await house.reach(.blocked, id)
        default: try await house.until("the hook") { try await house.asked(id) == ["recover"] }
        }
        try await house.runs.cancel(id, reason: "enough")
        let run = try await house.runs.run(id)
        #expect(run?.state == .cancelled && run?.endedAt != nil && run?.waitingFor == nil)
        #expect(wasStopped == (place == 0 || place == 1) || place == 2)
        guard case .state(.cancelled, "enough")? = try await house.events(id).last?.body else {
            Issue.record("the end does not say why")
            return
        }
        try await house.runs.cancel(id, reason: "again")
        #expect(house.runs.asks().isEmpty && house.stage.attempts.count == 1)
        await house.close()
    }

    @Test("one that has ended cannot be cancelled, nor one that never was")
    func ended() async throws {
        let house = RunsHarness()
        try await house.open()
        let run = try await house.carryOut(house.order())
        await #expect { try await house.runs.cancel(run.id, reason: "") } throws: { Fault($0).kind == .conflict }
        await #expect { try await house.runs.cancel("nothing", reason: "") } throws: { Fault($0).kind == .notFound }
        #expect(try await house.state(run.id) == .succeeded)
        await house.close()
    }

    @Test("an engine that does not stop is not waited for, and what it says afterwards changes nothing")
    func stubborn() async throws {
        let house = RunsHarness()
        house.settings.stopGrace = .milliseconds(20)
        let latch = Waiter<Void>("the engine's own idea of the end")
        var isOver = false
        house.stage.act = { attempt in
            try await house.stage.begin(attempt)
            try await latch.settled()
            attempt.report(.text("too late", part: "a"))
            isOver = true
        }
        try await house.open()
        let id = try await house.runs.accept(house.order()).id
        try await house.until("the prompt") { house.stage.prompts == [id] }
        try await house.runs.cancel(id, reason: "enough")
        let events = try await house.events(id)
        latch.finish(.success(()))
        try await house.until("the engine") { isOver }
        #expect(try await house.events(id) == events)
        #expect(try await house.state(id) == .cancelled)
        await house.close()
    }

    @Test("a client that leaves ends its run, or lets it go on, as the hook says", arguments: [true, false])
    func leaves(detaches: Bool) async throws {
        let house = RunsHarness()
        let latch = Latch()
        if detaches { house.rules.hooks["leave"] = { _ in ["action": "detach"] } }
        house.stage.act = { attempt in
            try await attempt.begins()
            try await latch.wait()
        }
        try await house.open()
        let id = try await house.runs.accept(house.order()).id
        try await house.reach(.running, id)
        house.runs.clientLeft(id)
        try await house.until("the hook") { try await house.asked(id) == ["leave"] }
        latch.open()
        #expect(try await house.ended(id).state == (detaches ? .succeeded : .cancelled))
        await house.close()
    }

    @Test("a detached run is stopped when its time is over")
    func leash() async throws {
        let house = RunsHarness()
        house.rules.hooks["leave"] = { _ in ["action": "detach", "stop_after": 0.02] }
        house.stage.act = { _ in try await Latch().wait() }
        try await house.open()
        let id = try await house.runs.accept(house.order()).id
        house.runs.clientLeft(id)
        #expect(try await house.ended(id).state == .cancelled)
        await house.close()
    }
}
