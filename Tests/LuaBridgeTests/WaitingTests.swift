import Testing

@testable import LuaBridge

@Suite("host functions that wait")
@LuaThread
struct WaitingTests {
    @Test(
        "a wait reads like a plain call, wherever Lua code calls it",
        arguments: [
            "return pause(7)",
            "return select(2, pcall(pause, 7))",
            "return select(2, xpcall(function() return pause(7) end, error))",
            "return setmetatable({}, {__index = function(_, k) return pause(k) end})[7]",
            "return setmetatable({}, {__add = function(_, n) return pause(n) end}) + 7",
            "return setmetatable({}, {__call = function(_, n) return pause(n) end})(7)",
            "for v in function(_, last) if not last then return pause(7) end end do return v end",
            "return coroutine.wrap(function() return pause(7) end)()",
            "return select(2, coroutine.resume(coroutine.create(function() return pause(7) end)))",
            "local c = coroutine.wrap(function() coroutine.yield(pause(3)) return pause(4) end) return c() + c()",
            "return coroutine.wrap(function() return coroutine.wrap(function() return pause(7) end)() end)()",
            "local t = {3, 1, 2} table.sort(t, function(a, b) return pause(a) < b end) return t[1] * 7",
            "return tonumber((('a7'):gsub('%d', function(d) return pause(d) end):match('%d')))",
            "local s = 0 for d in ('34'):gmatch('%d') do s = s + pause(tonumber(d)) end return s",
            "do local x <close> = setmetatable({}, {__close = function() pause(1) end}) end return pause(7)",
            "return load('return pause(...)')(7)",
        ])
    func everywhere(_ text: String) async throws {
        let bench = try Bench()
        #expect(try await bench.run(text) == [7])
    }

    @Test(
        "where Lua cannot wait, the error names the function, the place, and what to do",
        arguments: [
            ("tostring(setmetatable({}, {__tostring = function() pause(1) end}))", "inside tostring"),
            (
                "table.concat(setmetatable({}, {__index = function() pause(1) end, __len = function() return 1 end}))",
                "inside concat"
            ),
            ("load(function() pause(1) end)", "inside load"),
            ("string.format('%s', setmetatable({}, {__tostring = function() return pause('') end}))", "inside format"),
            ("table.concat(setmetatable({}, {__len = coroutine.wrap(function() pause(1) end)}))", "cannot wait"),
        ])
    func nowhere(_ text: String, _ place: String) async throws {
        let bench = try Bench()
        let error = await bench.failure(text)
        #expect(error.kind == .cannotWait)
        #expect(error.message.contains("pause waits, and Lua cannot wait"), "\(error.message)")
        #expect(error.message.contains(place), "\(error.message)")
        #expect(error.message.contains("call it before"))
        #expect(error.line == 1)
    }

    @Test("a function that must answer at once cannot wait, and says so")
    func callNow() throws {
        let bench = try Bench()
        #expect(try bench.runNow("return 1 + 1") == [2])
        #expect(
            performing: { try bench.runNow("return pause(1)") },
            throws: {
                let error = $0 as? LuaError
                return error?.kind == .cannotWait && error?.message.contains("has to answer at once") == true
            })
        #expect(try bench.runNow("return pcall(pause, 1)").first == false)
    }

    @Test("an error of a host function can be caught, and names script and line when it is not")
    func errors() async throws {
        let bench = try Bench()
        #expect(try await bench.run("return select(2, pcall(fail, 'no'))") == ["no"])
        #expect(try await bench.run("return select(2, pcall(function() fail('no') end))") == ["test.lua:1: no"])
        #expect(try await bench.run("return select(2, pcall(function() failNow('no') end))") == ["test.lua:1: no"])
        let error = await bench.failure("\n\nlocal function f() fail('gone') end\nf()")
        #expect(error.message == "test.lua:3: gone")
        #expect(error.line == 3 && error.script == "test.lua")
        #expect(error.traceback.contains("test.lua:4"))
    }

    @Test("an error of a host function can be a table that prints well")
    func errorTables() async throws {
        let bench = try Bench()
        bench.state.describeError = { ["kind": "timeout", "message": .string("\($0)"), "retryable": true] }
        let make = try bench.state.load("return {__tostring = function(e) return 'E: ' .. e.message end}", script: "t")
        let metatable = try bench.state.callNow(make, LuaCallOptions(keepsTables: true), results: { $0.table() })
        try bench.state.useErrorMetatable(try #require(metatable))
        let caught = try await bench.run("local _, e = pcall(fail, 'late') return e.kind, e.retryable, tostring(e)")
        #expect(caught == ["timeout", true, "E: late"])
        let error = await bench.failure("fail('late')")
        #expect(error.message == "late")
        #expect(error.details["kind"] == .string("timeout") && error.details["retryable"] == .bool(true))
    }

    @Test("calls that wait do so side by side, and each gets its own answer")
    func sideBySide() async throws {
        let bench = try Bench()
        let function = try bench.state.load(
            "local n = ... local s = 0 for i = 1, n do s = s + pause(i) end return s", script: "t")
        let (state, box) = (UncheckedBox(bench.state), UncheckedBox(function))
        let tasks = (1...30).map { count in
            Task { @LuaThread in
                Values(try await state.value.call(box.value, .integer(Int64(count))))
            }
        }
        for (index, task) in tasks.enumerated() {
            #expect(try await task.value == [.integer(Int64((index + 1) * (index + 2) / 2))])
        }
        #expect(bench.state.liveCalls == 0)
    }

    @Test("a plain host function may call back into Lua, and errors cross both ways")
    func callingBack() async throws {
        let bench = try Bench()
        try bench.state.function("apply") { call in
            let (function, value) = (try call.function("body"), call.value())
            call.returns(contentsOf: try call.state.callNow(function, value))
        }
        #expect(try await bench.run("return apply(function(x) return x * 2 end, 21)") == [42])
        let error = await bench.failure("apply(function() error('inner') end)")
        #expect(error.message.contains("inner"))
        #expect(try await bench.run("return pcall(apply, function() return pause(1) end)").first == false)
    }

    @Test("a waiting host function may call Lua again")
    func nested() async throws {
        let bench = try Bench()
        try bench.state.waitingFunction("later") { call in
            let function = try call.function("body")
            await LuaThread.turn()
            call.returns(contentsOf: try await call.state.call(function, 20))
        }
        #expect(try await bench.run("return later(function(x) return pause(x) + pause(1) end)") == [21])
    }

    @Test("task-local values of the caller are seen by what the script awaits")
    func taskLocals() async throws {
        let bench = try Bench()
        try bench.state.waitingFunction("who") { call in
            await LuaThread.turn()
            call.results.put(Caller.name)
        }
        #expect(try await Caller.$name.withValue("anna") { try await bench.run("return who()") } == ["anna"])
    }

    @Test("a script cannot touch another call's coroutine while that waits")
    func foreignCoroutine() async throws {
        let bench = try Bench()
        let event = Event()
        try bench.state.waitingFunction("forEvent") { _ in await event.wait() }
        try await bench.run("shared = {} shared.co = coroutine.create(function() forEvent() return 'done' end)")
        let (state, box) = (UncheckedBox(bench.state), UncheckedBox(bench))
        let first = Task { @LuaThread in try await box.value.run("return coroutine.resume(shared.co)").last?.string }
        while state.value.liveCalls == 0 { await LuaThread.turn() }
        #expect(try await bench.run("return coroutine.status(shared.co)") == ["normal"])
        #expect(try await bench.run("return coroutine.resume(shared.co)").first == false)
        #expect(await bench.failure("coroutine.close(shared.co)").message.contains("cannot close a normal coroutine"))
        event.fire()
        #expect(try await first.value == "done")
    }

    @Test("arguments are checked with the name of the argument")
    func arguments() async throws {
        let bench = try Bench()
        #expect(
            await bench.failure("note(1)").message.contains(
                "bad argument #1 'text' to 'note' (string expected, got number)"))
        #expect(await bench.failure("note()").message.contains("got nothing"))
    }
}

enum Caller {
    @TaskLocal static var name = "nobody"
}

/// Carries a value of the tests' thread into a task of the same thread.
struct UncheckedBox<Value>: @unchecked Sendable {
    let value: Value

    init(_ value: Value) { self.value = value }
}
