import LuaBridge
import Testing

@testable import Runtime

@Suite("host.runs and host.workspaces")
@Loop
struct RunsModuleTests {
    private let clock = ManualClock(SpecWorld.noon)

    /// Runs Lua over the runs and workspaces that it sets itself, as a spec does.
    private func run(_ text: String) async throws -> LuaResults {
        let (runs, spaces) = (FakeRuns(clock: clock), FakeWorkspaces(clock: clock))
        let harness = try ModuleHarness(
            .runs(runs), .workspaces(spaces), HostModule("fakeruns", "Sets them.", runs.words.functions),
            HostModule("fakespaces", "Sets them.", spaces.words.functions))
        return try await harness.run(
            """
            local runs, spaces = require 'host.runs', require 'host.workspaces'
            local fakeruns, fakespaces = require 'host.fakeruns', require 'host.fakespaces'

            """ + text)
    }

    @Test("a run that a script starts is a run as hooks know it, and an item for gc plans")
    func start() async throws {
        let results = try await run(
            """
            local run = assert(runs.start {
              user = "ann", prompt = "Sum up.", persona = "izzy", chat = "daily", meta = { repo = "a/b" } })
            return run, runs.get(run.id).prompt, runs.list { user = "bob" }, runs.wait(run.id).state
            """)
        try Shape.record(Contract.run).check(results[0])
        #expect(results[0]["user"]?["key"] == "ann" && results[0]["persona"] == "izzy" && results[0]["kind"] == "run")
        #expect(results[0]["meta"]?["repo"] == "a/b" && results[0]["door"] == "script")
        #expect(results[1] == "Sum up." && results[2] == .array([]) && results[3] == "succeeded")
    }

    @Test("what is not there, or has ended, is an error; what cannot be meant is a mistake")
    func errors() async throws {
        #expect(try await run("return runs.get('x')").kind == "not_found")
        #expect(try await run("fakeruns.set { { user = 'a' } } return runs.cancel('run-1')").kind == "conflict")
        #expect(try await run("return runs.answer('x', { ask = '1', verdict = 'once' })").kind == "not_found")
        #expect(try await run("return spaces.get { user = 'nobody' }").kind == "not_found")
        let harness = try ModuleHarness(.runs(FakeRuns(clock: clock)))
        let typo = await harness.mistake("require('host.runs').start { user = 'a', promt = 'b' }")
        #expect(typo.contains("did you mean 'prompt'?"), "\(typo)")
        let state = await harness.mistake("require('host.runs').list { state = 'done' }")
        #expect(state.contains("succeeded"), "\(state)")
    }

    @Test("lists go both ways, page by page, and take one state or several")
    func lists() async throws {
        let results = try await run(
            """
            fakeruns.set {
              { user = "a", state = "failed" }, { user = "b" }, { user = "a", state = "running" }, { user = "a" } }
            local function ids(filter)
              local ids = {}
              for _, run in ipairs(assert(runs.list(filter))) do ids[#ids + 1] = run.id end
              return table.concat(ids, " ")
            end
            return ids(), ids { limit = 2 }, ids { oldest_first = true, after = "run-1", limit = 2 },
              ids { user = "a", state = { "failed", "succeeded" } }, ids { state = "running" }, ids { before = "run-2" }
            """)
        #expect(
            results == [
                "run-4 run-3 run-2 run-1", "run-4 run-3", "run-2 run-3", "run-4 run-1", "run-3", "run-1",
            ])
    }

    @Test("events come one by one from a number on, also by calling, and stop when they are closed")
    func events() async throws {
        let results = try await run(
            """
            fakeruns.set { { user = "a", events = {
              { kind = "state", state = "queued" }, { kind = "text", text = "Hel" }, { kind = "text", text = "lo" } } } }
            local text = ""
            for event in assert(runs.events("run-1", { after = 1 })) do text = text .. event.text end
            local events <close> = assert(runs.events "run-1")
            local first = events().number
            events:close()
            local some = assert(runs.events "run-1"):list(2)
            return text, first, #some, some[2].text, #assert(runs.events("run-1", { after = 3 })):list(), events()
            """)
        #expect(results == ["Hello", 1, 2, "Hel", 0, .nil])
    }

    @Test("asks are listed with their runs and answered; pins are kept; the story is told")
    func asks() async throws {
        let results = try await run(
            """
            fakeruns.set { { user = "a", state = "blocked", asks = { { id = "q", title = "Which?" } },
              why = { { hook = "place", at = 1, generation = 1, scripts = {} } } } }
            local open = runs.asks { user = "a" }[1]
            local run = runs.answer(open.run.id, { ask = open.ask.id, verdict = "answered", answers = { "this" } })
            assert(runs.pin(run.id))
            local pinned = runs.get(run.id).pinned
            assert(runs.unpin(run.id))
            return open.ask.title, run.state, #runs.asks(), pinned, runs.get(run.id).pinned, runs.why(run.id)[1].hook
            """)
        #expect(results == ["Which?", "running", 0, true, false, "place"])
    }

    @Test("workspaces are found by id and by user, and say what they hold")
    func workspaces() async throws {
        let results = try await run(
            """
            fakespaces.set { { user = "ann", id = "w1", bytes = "2KB", files = 3 }, { user = "bob", id = "w2" } }
            local used = assert(spaces.usage "w1")
            return spaces.get("w2").user, spaces.get({ user = "ann" }), used.bytes, used.files,
              #spaces.list(), spaces.list({ after = "w1" })[1].id
            """)
        try Shape.record(Contract.workspace).check(results[1])
        #expect(results[0] == "bob" && results[1]["id"] == "w1" && results[3] == 3)
        #expect(results[2] == 2000 || results[2] == 2048)
        #expect(results[4] == 2 && results[5] == "w2")
    }
}
