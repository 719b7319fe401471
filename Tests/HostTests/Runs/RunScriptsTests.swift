import LuaBridge
import TestSupport
import Testing

@testable import Host
@testable import Runtime

@Suite("runs: facts and live scripts")
@Loop
struct RunScriptsTests {
    @Test("facts have the shapes that the contract promises")
    func facts() throws {
        var order = RunOrder(
            door: "tasks", engine: "opencode", user: "ada", workspace: "w", persona: "build", chat: "c", lane: "l",
            model: "m", title: "t", prompt: "p", input: RunInput(model: "a/b", parts: [], directory: "/w"))
        order.meta = ["a": [1, "b"]]
        order.decisions = [
            Decision(hook: "identify", value: ["user": "ada", "source": "jwt", "email": "a@b.c"], generation: 1)
        ]
        var run = RunRecord(id: "1", order: order, state: .blocked, createdAt: 5, startedAt: 6, endedAt: 7)
        (run.runner, run.session, run.waitingFor) = ("r", "s", "w")
        run.usage = Usage(input: 1, output: 2, reasoning: 1, cached: 1, cost: 0.1)
        for kind in RunFailure.Kind.allCases {
            let failure = RunFailure(kind, "m", hint: "h", retryAfter: 1, status: 500, provider: "p")
            run.failure = failure
            try Shape.record(Contract.failure).check(
                LuaValue(RunFacts.failure(failure, attempt: 1, of: run, output: "out")))
        }
        for state in RunState.allCases {
            run.state = state
            try Shape.record(Contract.run).check(LuaValue(RunFacts.run(run, output: "x")))
        }
        #expect(RunFacts.run(run)["user"] == ["key": "ada", "source": "jwt", "email": "a@b.c"])
        let bare = RunRecord(
            id: "1",
            order: RunOrder(
                door: "openai", engine: "rehearsal", user: "u", workspace: "w", prompt: "",
                input: RunInput(parts: [], directory: "")), state: .queued, createdAt: 0)
        try Shape.record(Contract.run).check(LuaValue(RunFacts.run(bare)))
        let ask = Ask(
            id: "1", kind: .permission, title: "t", permission: "bash", patterns: ["a"], always: ["b"], tool: "bash",
            input: ["x": 1])
        try Shape.record(Contract.ask).check(LuaValue(RunFacts.ask(ask, before: 2, of: run)))
        try Shape.record(Contract.unfinished).check(
            LuaValue(RunFacts.unfinished(run, away: -1, RunRemains(), output: "")))
    }

    @Test("hooks of live scripts decide, a run keeps the scripts that it began with, and why tells the story")
    func scripts() async throws {
        let house = RunsHarness()
        house.directory.write(
            """
            return { permission = function(ask, next)
              return { action = "once", reason = "the first generation likes " .. ask.permission }
            end }
            """, to: "scripts/hooks/permit.lua")
        let scope = Scope("scripts") { _, _ in }
        let scripts = try Scripts(
            ScriptSources(shipped: "\(house.directory.path)/scripts", overlay: nil), table: HostTable([]),
            log: Log(level: .error), scope: scope, wallClock: { 0 })
        await scripts.start()
        let latch = Latch()
        house.stage.act = { attempt in
            let ask = Ask(id: "1", kind: .permission, title: "?", permission: "bash")
            #expect(try await attempt.ask(ask).verdict == .once)
            try await latch.wait()
            #expect(
                try await attempt.ask(Ask(id: "2", kind: .permission, title: "?", permission: "edit")).verdict == .once)
        }
        try await house.open(policy: ScriptPolicy(scripts))
        let id = try await house.runs.accept(house.order()).id
        try await house.until("the first ask") { latch.isReached }
        house.directory.write(
            "return { permission = function() return { action = 'deny' } end }", to: "scripts/hooks/permit.lua")
        await scripts.reload("test")
        latch.open()
        #expect(try await house.ended(id).state == .succeeded)
        let why = try await house.runs.why(id)
        #expect(why.map(\.decision.hook) == ["permission", "permission", "artifacts"])
        #expect(why[1].decision.reason == "the first generation likes edit")
        #expect(why[1].decision.scripts == ["hooks/permit.lua"] && why[1].decision.generation == 1)
        await house.close()
        await scripts.close()
        await scope.close()
    }
}
