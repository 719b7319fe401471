import Runtime
import TestSupport
import Testing

@testable import Host

/// What plans may remove of runs, chats and agents.
@Suite("clean-up of runs, chats and agents")
@Loop
struct CleanUpTests {
    private static func item(_ kind: String, _ id: String, stamp: String? = nil) -> PlanEntry {
        PlanEntry(action: .remove, kind: kind, id: id, reason: "old", stamp: stamp)
    }

    @Test("a run goes when it has ended and nobody has pinned it, with all that it said")
    func runs() async throws {
        let house = RunsHarness()
        let latch = Latch()
        house.stage.act = { attempt in
            try await attempt.begins()
            if attempt.run.order.prompt == "wait" { try await latch.wait() }
        }
        try await house.open()
        let target = RunTarget(house.store)
        let ended = try await house.carryOut(house.order()).id
        let open = try await house.runs.accept(house.order("wait")).id
        try await house.until("the second to be at work") { latch.isReached }
        #expect(try await target.check(Self.item("run", open)) == .stays("it has not ended"))
        try await house.runs.pin(ended, true)
        #expect(try await target.check(Self.item("run", ended)) == .stays("it is pinned"))
        _ = try await target.remove(Self.item("run", ended))
        #expect(try await house.runs.run(ended) != nil, "a pin that comes between check and removal holds")
        try await house.runs.pin(ended, false)
        #expect(try await target.check(Self.item("run", ended)) == .removable)
        _ = try await target.remove(Self.item("run", ended))
        #expect(try await house.runs.run(ended) == nil)
        #expect(try await target.check(Self.item("run", ended)) == .gone)
        await #expect(throws: Fault.self) { try await house.runs.pin(ended, true) }
        latch.open()
        try await house.ended(open)
        await house.close()
    }

    @Test("a chat goes as a whole, unless it has gone on, is at work, or one of its runs is pinned")
    func chats() async throws {
        let house = RunsHarness()
        try await house.open()
        let time = ManualMoment()
        time.milliseconds = 1000
        let chats = Chats(house.store, log: Log(level: .error))
        var busy = false
        var removed: [String] = []
        let target = ChatTarget(house.store, isBusy: { _, _ in busy }, onRemoved: { user, _ in removed.append(user) })
        func turn(_ chat: String, user: String = "ann", session: String) async throws -> String {
            var order = house.order("hi", user: user, chat: chat.isEmpty ? nil : chat)
            order.input.lineage = Lineage(chat: chat, voice: "build")
            let done = try await house.carryOut(order)
            time.milliseconds += 1000
            let run = RunRecord(id: done.id, order: done.order, state: done.state, createdAt: time.milliseconds)
            await chats.ran(run, SessionNode(session: session, userMessage: "m", answer: nil, isComplete: true))
            try await house.store.flush()
            return run.id
        }
        let first = try await turn("c1", session: "s1")
        let second = try await turn("c1", session: "s1")
        let other = try await turn("c2", session: "s2")
        let foreign = try await turn("c1", user: "bob", session: "s3")
        let (bare, plain) = (try await turn("", session: "s4"), try await turn("", session: "s5"))

        let listed = try await house.store.read { try $0.all(ChatsQueries.unused, Int64.max, "", 100) }
        #expect(listed.map(\.newest) == [second, other, foreign, bare, plain])
        #expect(listed.map(\.turns) == [2, 1, 1, 1, 1])
        #expect(try await house.store.read { try $0.all(ChatsQueries.unused, 3001, second, 100) }.isEmpty)

        #expect(try await target.check(Self.item("chat", first)) == .stays("it has gone on since"))
        try await house.runs.pin(first, true)
        #expect(try await target.check(Self.item("chat", second)) == .stays("one of its runs is pinned"))
        try await house.runs.pin(first, false)
        busy = true
        #expect(try await target.check(Self.item("chat", second)) == .stays("a turn of it is under way"))
        busy = false
        #expect(try await target.check(Self.item("chat", second)) == .removable)
        _ = try await target.remove(Self.item("chat", second))
        #expect(try await target.check(Self.item("chat", second)) == .gone && removed == ["ann"])
        #expect(try await target.check(Self.item("chat", foreign)) == .removable)
        _ = try await target.remove(Self.item("chat", bare))
        let left = try await house.store.read { try $0.all(ChatsQueries.unused, Int64.max, "", 100) }
        #expect(left.map(\.newest) == [other, foreign, plain])
        await house.close()
    }

    @Test("an agent goes when nobody has used it since the plan, and the registry forgets it")
    func agents() async throws {
        let bed = try await WorkspacesBed.open()
        let time = ManualMoment()
        time.milliseconds = 1000
        let registry = AgentRegistry(bed.store, bed.workspaces, keys: .files, now: { time.milliseconds }) { _, _ in [:]
        }
        let space = try await bed.workspace("ann")
        let izzy = PersonaAgent(persona: "izzy", integrations: ["notes"])
        var mirrored = 0
        registry.onChange = { _ in mirrored += 1 }
        try await registry.used(izzy, in: space, modelID: "m", system: "You are Izzy.")
        try await registry.used(izzy, in: space, modelID: "m", system: "You are Izzy.")
        #expect(mirrored == 1)
        #expect(
            try await registry.described(in: space.id)["izzy-notes"] == [
                "originalModelId": "m", "systemPrompt": "You are Izzy.", "updatedAt": "1970-01-01T00:00:01Z",
                "features": ["notes": true],
            ])
        var busy = false
        let target = AgentTarget(
            bed.store, isBusy: { _, _ in busy }, forget: { try await registry.forget($1, in: $0) })
        let id = "\(space.id)/izzy-notes"
        #expect(try await target.check(Self.item("agent", id, stamp: "1000")) == .removable)
        busy = true
        #expect(try await target.check(Self.item("agent", id, stamp: "1000")) == .stays("a run is at work with it"))
        busy = false
        time.milliseconds += 3_600_000
        try await registry.used(izzy, in: space, modelID: "m", system: "You are Izzy.")
        #expect(try await target.check(Self.item("agent", id, stamp: "1000")) == .stays("it was used since"))
        #expect(mirrored == 1, "a use alone is nothing for the mirror")
        _ = try await target.remove(Self.item("agent", id, stamp: String(time.milliseconds)))
        #expect(try await target.check(Self.item("agent", id, stamp: String(time.milliseconds))) == .gone)
        #expect(try await registry.described(in: space.id).isEmpty)
        await bed.store.close()
    }
}
