import Testing

@testable import LuaBridge

@Suite("nothing is left behind", .serialized)
@LuaThread
struct LeakTests {
    @Test("ten thousand states, each used and closed, give all memory back")
    func states() throws {
        for round in 0..<10_000 {
            let state = try LuaState { await LuaThread.turn() }
            if round % 100 == 0 {
                try state.function("f") { $0.returns(1) }
                let function = try state.load("return f()", script: "t")
                #expect(try state.callNow(function) == [1])
            }
            state.close()  // asserts that Lua returned every byte
        }
    }

    @Test("ten thousand calls begun and cancelled leave neither memory nor references")
    func cancelled() async throws {
        let bench = try Bench()
        let function = try bench.state.load(
            "local x <close> = setmetatable({}, {__close = function() end}) local t = {pause} never(function() end)",
            script: "t")
        try bench.state.waitingFunction("never") { call in
            _ = try call.function("body")
            withUnsafeCurrentTask { $0?.cancel() }
        }
        func round() async {
            let (state, function) = (UncheckedBox(bench.state), UncheckedBox(function))
            let task = Task { @LuaThread in
                do {
                    _ = try await state.value.call(function.value)
                    return false
                } catch { return (error as? LuaError)?.kind == .cancelled }
            }
            #expect(await task.value)
        }
        for _ in 0..<50 { await round() }
        bench.state.collect()
        let (memory, references) = (bench.state.usedMemory, bench.state.liveReferences)
        for _ in 0..<10_000 { await round() }
        bench.state.collect()
        #expect(bench.state.liveCalls == 0)
        #expect(bench.state.liveReferences == references)
        #expect(bench.state.usedMemory <= memory + 4096)
    }

    @Test("results that nobody reads, and errors in every place, free what they held")
    func unread() async throws {
        let bench = try Bench()
        func round() async throws {
            let function = try bench.state.load("return {function() end, function() end}, function() end", script: "t")
            try await bench.state.call(function, results: { _ in })
            _ = await bench.failure("return {function() end, [{}] = 1}")
            _ = await bench.failure("note(function() end)")
            _ = await bench.failure("error({f = function() end})")
            _ = await bench.failure("local t = {function() end} t[2] = t return t")
        }
        for _ in 0..<10 { try await round() }
        bench.state.collect()
        let (memory, references) = (bench.state.usedMemory, bench.state.liveReferences)
        for _ in 0..<300 { try await round() }
        bench.state.collect()
        #expect(bench.state.liveReferences == references)
        #expect(bench.state.usedMemory <= memory + 4096)
    }
}
