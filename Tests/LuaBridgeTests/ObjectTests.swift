import Testing

@testable import LuaBridge

@Suite("Swift objects in Lua")
@LuaThread
struct ObjectTests {
    @LuaThread
    final class Lines {
        var left: [String]
        var isOpen = true

        init(_ lines: [String]) { left = lines }
    }

    private func makeClass(_ bench: Bench) throws -> LuaClass<Lines> {
        let type = LuaClass<Lines>("Lines")
        type.method("count") { lines, call in call.results.put(lines.left.count) }
        type.waitingMethod("lines") { lines, call in
            await LuaThread.turn()
            call.results.put(
                LuaHostFunction(waiting: "Lines:lines iterator") { call in
                    await LuaThread.turn()
                    if lines.left.isEmpty { call.results.putNil() } else { call.results.put(lines.left.removeFirst()) }
                })
        }
        type.method("__close") { lines, _ in lines.isOpen = false }
        type.method("__tostring") { lines, call in call.results.put("Lines(\(lines.left.count))") }
        try bench.state.define(type)
        return type
    }

    @Test("methods, tostring, close and a waiting iterator work on an object")
    func use() async throws {
        let bench = try Bench()
        let type = try makeClass(bench)
        let lines = Lines(["a", "b"])
        let seen = try await bench.run(
            """
            local f <close> = ...
            local name, count, all = tostring(f), f:count(), {}
            for line in f:lines() do all[#all + 1] = line end
            return name, count, table.concat(all), f:count(), type(f), getmetatable(f)
            """, type.value(lines))
        #expect(seen == ["Lines(2)", 2, "ab", 0, "userdata", false])
        #expect(!lines.isOpen)
    }

    @Test("an object comes back as itself, and equals itself")
    func identity() async throws {
        let bench = try Bench()
        let type = try makeClass(bench)
        let lines = Lines([])
        let function = try bench.state.load("local a, b = ... return a == b, a", script: "t")
        try await bench.state.call(
            function,
            arguments: {
                $0.put(lines, as: type)
                $0.put(lines, as: type)
            },
            results: {
                #expect($0.bool() == true)
                #expect($0.object(type) === lines)
            })
    }

    @Test(
        "a wrong self is an error with names, never a crash",
        arguments: [
            "local o = ... o.count(1)", "local o = ... o.count()", "local o = ... o.count('x')",
            "local o = ... o.count({})",
        ])
    func wrongSelf(_ text: String) async throws {
        let bench = try Bench()
        let type = try makeClass(bench)
        let other = LuaClass<Bench>("Other")
        defer { bench.state.close() }  // it holds the bench, which holds it
        try bench.state.define(other)
        await #expect(
            performing: { try await bench.run(text, type.value(Lines([]))) },
            throws: {
                ($0 as? LuaError)?.message.contains("bad argument #1 'self' to 'Lines:count' (Lines expected, got")
                    == true
            })
        await #expect(throws: LuaError.self) {
            try await bench.run("local o, p = ... o.count(p)", type.value(Lines([])), other.value(bench))
        }
        await #expect(throws: LuaError.self) { try await bench.run("local o = ... o.x = 1", type.value(Lines([]))) }
    }

    @Test("objects are let go when Lua no longer has them, at the latest with the state")
    func release() async throws {
        let bench = try Bench()
        let type = try makeClass(bench)
        var (kept, dropped): (Lines?, Lines?) = (Lines([]), Lines([]))
        weak let keptToo = kept
        weak let droppedToo = dropped
        try await bench.run("kept = ...", type.value(kept!))
        try await bench.run("local dropped = ...", type.value(dropped!))
        (kept, dropped) = (nil, nil)
        bench.state.collect()
        #expect(keptToo != nil && droppedToo == nil)
        bench.state.close()
        #expect(keptToo == nil)
    }

    @Test("an object whose class the state does not know is refused")
    func undefined() async throws {
        let bench = try Bench()
        let type = LuaClass<Lines>("Unknown")
        await #expect(throws: LuaError.self) { try await bench.run("return 1", type.value(Lines([]))) }
    }
}
