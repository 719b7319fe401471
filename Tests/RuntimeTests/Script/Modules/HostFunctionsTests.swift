import LuaBridge
import Testing

@testable import Runtime

@Suite("host.parallel and host.sleep")
@Loop
struct HostFunctionsTests {
    private let clock = ManualClock(0)

    private func harness() throws -> ModuleHarness {
        var world = bareWorld()
        world.clock = clock
        return try ModuleHarness(.host(world))
    }

    private func run(_ text: String) async throws -> LuaResults { try await harness().run(text) }

    // MARK: sleep

    @Test("sleeping passes the world's time, by text or by seconds")
    func sleep() async throws {
        #expect(try await run("return host.sleep('2s')") == [.nil])
        _ = try await run("host.sleep(0.5)")
        #expect(clock.elapsed == .milliseconds(2500))
    }

    @Test("what is no duration is a mistake")
    func noDuration() async throws {
        #expect(
            try await harness().mistake("host.sleep('soon')")
                == "bad argument #1 'duration' to 'host.sleep' (a duration such as \"15m\", or a number of seconds "
                + "expected, got \"soon\")")
        #expect(try await harness().mistake("host.sleep(-1)").hasPrefix("bad argument #1 'duration'"))
    }

    @Test("a sleep that outlasts the call's deadline ends the call")
    func deadline() async throws {
        var world = bareWorld()
        world.clock = SystemClock()
        let state = try ModuleHarness(.host(world))
        let message = await Deadline.within(.milliseconds(1)) { await state.mistake("host.sleep('1h')") }
        #expect(message.contains("sleep took longer than its deadline allows"))
    }

    @Test("a cancelled call stops sleeping")
    func cancelled() async throws {
        var world = bareWorld()
        // On the clock of specs an hour is over at once.
        world.clock = SystemClock()
        let harness = try ModuleHarness(.host(world))
        let (scope, outcome) = (Scope.forTest(), Mailbox<String>("outcome"))
        let task = scope.spawn("sleeps") { outcome.send(await harness.mistake("host.sleep('1h')")) }
        while harness.state.liveCalls < 1 { await Loop.yield() }
        task.cancel()
        #expect(try await outcome.next() == LuaError.cancelled.message)
        await scope.close()
        #expect(harness.state.liveCalls == 0)
    }

    // MARK: parallel

    @Test("a list of functions gives a list of results, in its order, and no errors")
    func list() async throws {
        let seen = try await run(
            """
            local results, errors = host.parallel {
              function() host.sleep(3) return "a" end, function() host.sleep(1) return "b" end,
              function() return { "c" }, "ignored" end,
            }
            return results, #results, errors
            """)
        #expect(seen == [["a", "b", ["c"]], 3, .nil])
        #expect(clock.elapsed == .seconds(3), "they slept at the same time")
    }

    @Test("functions by name give results by name, and tables stay the same tables")
    func named() async throws {
        let seen = try await run(
            """
            local shared = setmetatable({ type = type }, { __index = { inherited = 7 } })
            local results, errors = host.parallel {
              one = function() return shared end,
              two = function() return false end,
              three = function() end,
            }
            return results.one == shared, results.one.inherited, results.two, results.three, errors
            """)
        #expect(seen == [true, 7, false, .nil, .nil])
    }

    @Test("nothing to do is an empty result")
    func empty() async throws {
        #expect(try await run("local r, e = host.parallel {} return next(r), e") == [.nil, .nil])
    }

    @Test("`nil, err` of one is found under its key, beside the results of the others")
    func softFailures() async throws {
        let seen = try await run(
            """
            local results, errors = host.parallel {
              good = function() return 1 end,
              bad = function() return nil, { kind = "denied", message = "no" } end,
              text = function() return nil, "why" end,
            }
            return results.good, results.bad, errors.bad.kind, errors.text, errors.good
            """)
        #expect(seen == [1, .nil, "denied", "why", .nil])
        let list = try await run(
            """
            local results, errors = host.parallel { function() return nil, "x" end, function() return 2 end }
            return results[1], results[2], errors[1], errors[2]
            """)
        #expect(list == [.nil, 2, "x", .nil])
    }

    @Test("an error that is raised ends the others, cleans them up, and is raised as it was")
    func raised() async throws {
        let seen = try await run(
            """
            local closed, finished = 0, 0
            local function patient()
              local guard <close> = setmetatable({}, { __close = function() closed = closed + 1 end })
              for _ = 1, 1000 do host.sleep(100) end
              finished = finished + 1
            end
            local ok, err = pcall(host.parallel, {
              patient,
              function() host.sleep(1) error("boom") end,
              patient,
            })
            return ok, err, closed, finished
            """)
        #expect(seen == [false, "test.lua:9: boom", 2, 0])
    }

    @Test("an error table comes through as a table, and prints as one")
    func raisedTable() async throws {
        let seen = try await run(
            """
            local ok, err = pcall(host.parallel, {
              function() error({ kind = "denied", message = "not yours", retryable = false }) end,
            })
            return ok, type(err), err.kind, err.message, err.retryable
            """)
        #expect(seen == [false, "table", "denied", "not yours", false])
    }

    @Test("parallel works inside parallel, and an inner failure passes through both")
    func nested() async throws {
        let seen = try await run(
            """
            local function twice(n)
              return function()
                local both = host.parallel { function() return n end, function() host.sleep(1) return n * 2 end }
                return both[1] + both[2]
              end
            end
            local results = host.parallel { twice(1), twice(10) }
            local ok, err = pcall(function()
              host.parallel { function() host.parallel { function() error("deep") end } end }
            end)
            return results[1], results[2], ok, err
            """)
        #expect(seen == [3, 30, false, "test.lua:9: deep"])
    }

    @Test("at most sixty-four run at once, and all of them run")
    func bound() async throws {
        let seen = try await run(
            """
            local running, most, functions = 0, 0, {}
            for i = 1, 300 do
              functions[i] = function()
                running = running + 1
                most = math.max(most, running)
                host.sleep(1)
                running = running - 1
                return i
              end
            end
            local results = host.parallel(functions)
            return most, #results, results[1], results[300], running
            """)
        #expect(seen == [.integer(Int64(Parallel.limit)), 300, 1, 300, 0])
    }

    @Test("the members of a cancelled call are cancelled with it")
    func cancelledMembers() async throws {
        var world = bareWorld()
        // On the clock of specs an hour is over at once.
        world.clock = SystemClock()
        let harness = try ModuleHarness(.host(world))
        let (scope, outcome) = (Scope.forTest(), Mailbox<String>("outcome"))
        let task = scope.spawn("parallel") {
            outcome.send(
                await harness.mistake(
                    "host.parallel { function() host.sleep('1h') end, function() host.sleep('2h') end }"))
        }
        while harness.state.liveCalls < 3 { await Loop.yield() }
        task.cancel()
        #expect(try await outcome.next() == LuaError.cancelled.message)
        await scope.close()
        #expect(harness.state.liveCalls == 0)
    }

    @Test("members inherit the deadline, and what the task carries")
    func inherited() async throws {
        var world = bareWorld()
        world.clock = SystemClock()
        let harness = try ModuleHarness(.host(world))
        let message = await Deadline.within(.milliseconds(1)) {
            await harness.mistake("host.parallel { function() host.sleep('1h') end }")
        }
        #expect(message.contains("sleep took longer than its deadline allows"))
        let seen = Names()
        try harness.state.globals().set(
            "note", .host(LuaHostFunction(waiting: "note") { @Loop _ in seen.all.append(ScriptCall.current?.script) }))
        let call = ScriptCall(generation: 1, script: "jobs/x.lua", kind: .job, function: "x")
        _ = try await ScriptCall.$current.withValue(call) {
            try await harness.run("host.parallel { function() note() end, function() note() end }")
        }
        #expect(seen.all == ["jobs/x.lua", "jobs/x.lua"])
    }

    @Test(
        "what is no function is a mistake that says where",
        arguments: [
            (
                "host.parallel()",
                "bad argument #1 'functions' to 'host.parallel' (a list or a table of functions expected, got nothing)"
            ),
            (
                "host.parallel(type)",
                "bad argument #1 'functions' to 'host.parallel' "
                    + "(a list or a table of functions expected, got a function)"
            ),
            (
                "host.parallel { type, 3 }",
                "bad argument #1 'functions' to 'host.parallel': field '[2]' must be a function, not the number 3"
            ),
            (
                "host.parallel { a = type, b = 'x' }",
                "bad argument #1 'functions' to 'host.parallel': field 'b' must be a function, not \"x\""
            ),
        ])
    func mistakes(_ text: String, _ message: String) async throws {
        let seen = try await harness().mistake(text)
        #expect(seen == message)
    }
}

@Loop
private final class Names {
    var all: [String?] = []
}
