import Glibc
import LuaBridge
import Testing

@testable import Runtime

@Suite("Scripts, generation by generation")
@Loop
struct ScriptsTests {
    /// A hook with small facts and a small decision, to try the rest with.
    private static func leave(_ action: String, _ reason: String = "because") -> String {
        """
        return {
          leave = function(run, next)
            return { action = "\(action)", reason = "\(reason)" }
          end,
        }
        """
    }

    private func decide(_ generation: Generation) async throws -> LuaValue? {
        try await generation.decide("leave", Facts.run)
    }

    private func with(
        _ modules: [HostModule] = [], limits: ScriptLimits = ScriptLimits(),
        _ body: @Loop (ScriptBed) async throws -> Void
    ) async throws {
        let bed = try ScriptBed(modules, limits: limits)
        do {
            try await body(bed)
        } catch {
            await bed.close()
            throw error
        }
        await bed.close()
    }

    @Test("a script's decision is the host's")
    func decides() async throws {
        try await with { (bed: ScriptBed) async throws in
            bed.write("hooks/leave.lua", Self.leave("detach"))
            await bed.scripts.start()
            #expect(bed.scripts.failure == nil)
            #expect(bed.scripts.live.number == 1)
            #expect(try await decide(bed.scripts.live)?["action"] == "detach")
        }
    }

    @Test("without a script the built-in answer holds")
    func builtIn() async throws {
        try await with { (bed: ScriptBed) async throws in
            await bed.scripts.start()
            #expect(try await decide(bed.scripts.live)?["action"] == "abort")
        }
    }

    @Test("a broken script changes nothing but what is told of it")
    func lastGoodServes() async throws {
        try await with { (bed: ScriptBed) async throws in
            bed.write("hooks/leave.lua", Self.leave("detach"))
            await bed.scripts.start()
            bed.write("hooks/leave.lua", "return {\n  leave = function(run next)\n}")
            guard case .failure(let failure) = await bed.scripts.reload("test") else {
                Issue.record("it was accepted")
                return
            }
            #expect(failure.problems.count == 1)
            #expect(failure.problems[0].script == "hooks/leave.lua")
            #expect(failure.problems[0].line == 2)
            #expect(bed.scripts.live.number == 1)
            #expect(try await decide(bed.scripts.live)?["action"] == "detach")
            bed.write("hooks/leave.lua", Self.leave("abort"))
            await bed.scripts.reload("test")
            #expect(bed.scripts.failure == nil)
            #expect(try await decide(bed.scripts.live)?["action"] == "abort")
        }
    }

    @Test("all problems of all scripts are told at once, and none of the good ones goes live alone")
    func allProblems() async throws {
        try await with { (bed: ScriptBed) async throws in
            bed.write("hooks/a.lua", "return { laeve = function() end }")
            bed.write("hooks/b.lua", "error('on purpose')")
            bed.write("hooks/c.lua", Self.leave("detach"))
            bed.write("gc/d.lua", "return { name = 'd', schedule = 'evry 5m', plan = function() end }")
            bed.write("jobs/e.lua", "return 7")
            bed.write("hooks/f.lua", "x = 1 return {}")
            bed.write("hooks/g.lua", "\u{1b}LuaS\u{0}")
            await bed.scripts.start()
            let told = bed.scripts.failure?.problems.map { "\($0) | \($0.hint ?? "")" } ?? []
            #expect(told.count == 6)
            #expect(
                told.contains { $0.hasPrefix("hooks/a.lua:1: field 'laeve' is unknown | did you mean 'leave'?") },
                "\(told)")
            #expect(told.contains { $0.hasPrefix("hooks/b.lua:1: on purpose") }, "\(told)")
            #expect(told.contains { $0.hasPrefix("gc/d.lua:1: field 'schedule' is wrong") }, "\(told)")
            #expect(told.contains { $0.hasPrefix("jobs/e.lua: returns the number 7, not a table") }, "\(told)")
            #expect(told.contains { $0.contains("the global 'x' cannot be set: use `local`") }, "\(told)")
            #expect(try await decide(bed.scripts.live)?["action"] == "abort")
        }
    }

    @Test("an owner's file takes the place of a shipped one of the same name, others are added")
    func overlay() async throws {
        try await with { (bed: ScriptBed) async throws in
            bed.ship("hooks/leave.lua", Self.leave("detach"))
            bed.ship("lib/words.lua", "return { greeting = 'shipped' }")
            bed.write("lib/words.lua", "return { greeting = 'own' }")
            bed.write(
                "hooks/zz.lua",
                """
                local words = require "words"
                return { leave = function(run, next)
                  local decision = next()
                  return { action = decision.action, reason = words.greeting }
                end }
                """)
            await bed.scripts.start()
            #expect(try await decide(bed.scripts.live) == ["action": "detach", "reason": "own"])
            let words = bed.scripts.live.files.first { $0.name == "lib/words.lua" }
            #expect(words?.origin == .owner)
            #expect(words?.replacesShipped == true)
            #expect(bed.scripts.live.scripts(of: "leave") == ["hooks/zz.lua", "hooks/leave.lua"])
        }
    }

    @Test("a start with broken scripts serves the last good ones, else the shipped ones, and says so")
    func brokenStart() async throws {
        try await with { (bed: ScriptBed) async throws in
            bed.ship("hooks/leave.lua", Self.leave("detach", "shipped"))
            bed.write("hooks/leave.lua", "this is no Lua")
            await bed.scripts.start()
            #expect(bed.scripts.fallback == .shipped)
            #expect(bed.scripts.failure != nil)
            #expect(try await decide(bed.scripts.live)?["reason"] == "shipped")

            bed.write("hooks/leave.lua", Self.leave("detach", "own"))
            await bed.scripts.reload("test")
            #expect(bed.scripts.fallback == nil)
            await bed.scope.close(grace: .seconds(10))

            bed.write("hooks/leave.lua", "this is no Lua")
            let second = try ScriptBed(in: bed.directory)
            await second.scripts.start()
            #expect(second.scripts.fallback == .lastGood)
            #expect(try await second.scripts.live.decide("leave", Facts.run)?["reason"] == "own")
            await second.close()
        }
    }

    @Test(
        "a wrong decision is refused where it is made, with script, line and field",
        arguments: [
            ("return { acton = 'abort' }", "field 'acton' is unknown; did you mean 'action'?"),
            (
                "return { action = 'abrt' }",
                "field 'action' is \"abrt\", not one of \"abort\", \"detach\"; did you mean \"abort\"?"
            ),
            ("return 5", "must be a table, not the number 5"),
            ("", "must be a table, not nothing"),
        ])
    func wrongDecision(_ body: String, _ complaint: String) async throws {
        try await with { (bed: ScriptBed) async throws in
            bed.write("hooks/leave.lua", "return {\n  leave = function(run, next) \(body) end }")
            await bed.scripts.start()
            let fault = await #expect(throws: Fault.self) { _ = try await decide(bed.scripts.live) }
            #expect(fault?.kind == .script)
            #expect(
                fault?.message == "hooks/leave.lua:2: the decision of leave"
                    + (complaint.hasPrefix("field") ? ": " : " ") + complaint)
        }
    }

    @Test("facts cannot be changed, and `nil, err` becomes the fault it says")
    func factsAndErrors() async throws {
        try await with { (bed: ScriptBed) async throws in
            bed.write("hooks/leave.lua", "return { leave = function(run, next) run.door = 'x' end }")
            await bed.scripts.start()
            let fault = await #expect(throws: Fault.self) { _ = try await decide(bed.scripts.live) }
            #expect(fault?.message.contains("hooks/leave.lua:1:") == true)
            #expect(fault?.message.contains("read-only") == true, "\(fault?.message ?? "")")
            bed.write(
                "hooks/leave.lua",
                "return { leave = function() return nil, { kind = 'denied', message = 'not today', hint = 'ask later' } end }"
            )
            await bed.scripts.reload("test")
            await #expect(throws: Fault(.denied, "not today", hint: "ask later")) {
                _ = try await decide(bed.scripts.live)
            }
        }
    }

    @Test("a call finishes on the generation it began with, which closes when the last one is over")
    func drains() async throws {
        let gate = Waiter<Void>("the gate")
        let waiting = Waiter<Void>("the hook waits")
        let module = HostModule(
            "gate", "A gate.",
            [
                HostFunction(waiting: "wait", "Waits.") { _ in
                    waiting.finish(.success(()))
                    try await gate.value()
                    return true
                }
            ])
        try await with([module]) { (bed: ScriptBed) async throws in
            bed.write(
                "hooks/leave.lua",
                """
                local gate = require "host.gate"
                return { leave = function(run, next)
                  gate.wait()
                  return { action = "detach", reason = "the old one" }
                end }
                """)
            await bed.scripts.start()
            let old = bed.scripts.live
            let decided = Waiter<LuaValue?>("the decision")
            bed.scope.spawn("call") { decided.finish(.success(try await old.decide("leave", Facts.run))) }
            try await waiting.value()
            for round in 1...5 {
                bed.write("hooks/leave.lua", Self.leave("abort", "round \(round)"))
                await bed.scripts.reload("test")
            }
            #expect(bed.scripts.live.number == 6)
            #expect(bed.scripts.drainingCount == 1)
            #expect(!old.isClosed)
            gate.finish(.success(()))
            #expect(try await decided.value()?["reason"] == "the old one")
            #expect(old.isClosed)
            #expect(bed.scripts.drainingCount == 0)
            #expect(try await decide(bed.scripts.live)?["reason"] == "round 5")
        }
    }

    @Test("a script that never ends while it loads is stopped, and says so")
    func endlessLoad() async throws {
        var limits = ScriptLimits()
        limits[.load].computing = .milliseconds(30)
        try await with(limits: limits) { (bed: ScriptBed) async throws in
            bed.write("hooks/a.lua", "\nwhile true do end")
            await bed.scripts.start()
            let problem = bed.scripts.failure?.problems.first
            #expect(problem?.script == "hooks/a.lua")
            #expect(problem?.hint?.contains("PERIGEE_LIMIT_LOAD") == true, "\(String(describing: problem))")
        }
    }

    @Test("the memory of many reloads is that of the first")
    func manyReloads() async throws {
        try await with { (bed: ScriptBed) async throws in
            bed.write("hooks/leave.lua", Self.leave("detach"))
            await bed.scripts.start()
            await bed.scripts.reload("warm up")
            let before = LuaState.liveBytes
            for _ in 1...200 { await bed.scripts.reload("test") }
            #expect(LuaState.liveBytes <= before + 4096)
            #expect(bed.scripts.live.number == 202)
        }
    }

    @Test("two scripts cannot declare the same thing")
    func clashes() async throws {
        try await with { (bed: ScriptBed) async throws in
            bed.write("jobs/a.lua", "return { name = 'tidy', schedule = 'every 1h', run = function() end }")
            bed.write("jobs/b.lua", "return { name = 'tidy', schedule = 'every 2h', run = function() end }")
            await bed.scripts.start()
            #expect(
                bed.scripts.failure?.problems.map(\.description)
                    == ["jobs/b.lua: the job \"tidy\" is declared by jobs/a.lua already"])
        }
    }
}

/// Facts as a door would give them.
enum Facts {
    static var run: LuaValue {
        [
            "id": "run_1", "door": "openai", "state": "running", "user": ["key": "ada", "source": "key"],
            "prompt": "hello",
            "engine": "rehearsal", "created": 1_000, "attempts": 1, "meta": [:],
        ]
    }
}
