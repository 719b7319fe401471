import Testing

@testable import LuaBridge

@Suite("calls that end early")
@LuaThread
struct EndingTests {
    /// Three waits, inside nested scopes, a pcall and a coroutine of the script's own.
    private static let script = """
        local function guard(name)
          return setmetatable({}, {__close = function() note(name) end})
        end
        local a <close> = guard "a"
        step(1)
        pcall(function()
          local b <close> = guard "b"
          step(2)
          coroutine.wrap(function()
            local c <close> = guard "c"
            local d <close> = guard "d"
            step(3)
          end)()
        end)
        note "went on"
        """

    @Test(
        "cancelling at each wait closes what is open there, innermost first",
        arguments: [
            (1, ["a"]), (2, ["b", "a"]), (3, ["d", "c", "b", "a"]),
        ])
    func cancelAtEachWait(_ stop: Int, _ closed: [String]) async throws {
        let bench = try Bench()
        let reached = Event()
        try bench.state.waitingFunction("step") { call in
            guard try call.integer("number") == stop else { return await LuaThread.turn() }
            reached.fire()
            await Event().wait()
        }
        let references = bench.state.liveReferences
        let box = UncheckedBox(bench)
        let task = Task { @LuaThread in await box.value.failure(Self.script) }
        await reached.wait()
        task.cancel()
        let error = await task.value
        #expect(error.kind == .cancelled)
        #expect(bench.notes == closed)
        #expect(bench.state.liveCalls == 0)
        bench.state.collect()
        #expect(bench.state.liveReferences <= references + 1, "the pooled coroutine may stay")
    }

    @Test("a loop without waits is cancelled too, at the end of a slice")
    func cancelLoop() async throws {
        let bench = try Bench { $0.runningTime = .seconds(60) }
        let box = UncheckedBox(bench)
        let before = LuaThread.turns
        let task = Task { @LuaThread in
            await box.value.failure(
                "local x <close> = setmetatable({}, {__close = function() note 'x' end}) while true do end")
        }
        while LuaThread.turns < before + 2 { await LuaThread.turn() }
        task.cancel()
        #expect(await task.value.kind == .cancelled)
        #expect(bench.notes == ["x"])
    }

    @Test(
        "closers that fail, wait, loop or allocate for ever hold nobody up",
        arguments: [
            "error('no')", "pause(1)", "while true do end", "while true do pcall(function() while true do end end) end",
            "local t = {} while true do t[#t + 1] = {} end", "coroutine.wrap(function() while true do end end)()",
            "coroutine.yield()",
        ])
    func badClosers(_ body: String) async throws {
        let bench = try Bench { $0.memory = 8 << 20 }
        let box = UncheckedBox(bench)
        let started = Event()
        try bench.state.waitingFunction("wait") { _ in
            started.fire()
            await Event().wait()
        }
        let task = Task { @LuaThread in
            await box.value.failure(
                """
                local outer <close> = setmetatable({}, {__close = function() end})
                local bad <close> = setmetatable({}, {__close = function() \(body) end})
                wait()
                """)
        }
        await started.wait()
        task.cancel()
        #expect(await task.value.kind == .cancelled)
        #expect(try await bench.run("return 1") == [1])
    }

    @Test("closing the state ends the calls that wait, with their closers, and later use says so")
    func closeState() async throws {
        let bench = try Bench()
        let (started, go) = (Event(), Event())
        try bench.state.waitingFunction("wait") { _ in
            started.fire()
            await go.wait()
        }
        let box = UncheckedBox(bench)
        let task = Task { @LuaThread in
            await box.value.failure("local x <close> = setmetatable({}, {__close = function() note 'x' end}) wait()")
        }
        await started.wait()
        let function = try bench.state.load("return 1", script: "t")
        bench.state.close()
        #expect(bench.notes == ["x"])
        go.fire()
        #expect(await task.value == .closed)
        #expect(throws: LuaError.closed) { try bench.state.callNow(function) }
        #expect(throws: LuaError.closed) { try bench.state.load("", script: "t") }
        #expect(throws: LuaError.closed) { try bench.state.globals() }
        bench.state.close()
    }

    @Test("closing from inside a call takes effect when the call is over")
    func closeFromInside() async throws {
        let bench = try Bench()
        try bench.state.function("shut") { call in call.state.close() }
        #expect(try await bench.run("shut() return 5") == [5])
        #expect(bench.state.isClosed)
    }

    @Test("handles that outlive their state are harmless")
    func lateHandles() throws {
        var bench: Bench? = try Bench()
        let table = try #require(try bench?.state.store(["a": 1]) as? LuaTable)
        bench?.state.close()
        bench = nil
        #expect(throws: LuaError.closed) { try table.get("a") }
    }

    @Test("a function of one state is refused by another")
    func foreignFunction() throws {
        let (one, other) = (try Bench(), try Bench())
        let function = try one.state.load("return 1", script: "t")
        #expect(throws: LuaError.self) { try other.state.callNow(function) }
    }
}
