import Testing

@testable import LuaBridge

@Suite("scripts that would hold up or bring down the host")
@LuaThread
struct OffenderTests {
    struct Offender: Sendable, CustomTestStringConvertible {
        let name: String
        let script: String
        let kinds: Set<LuaError.Kind>
        var testDescription: String { name }

        init(_ name: String, _ kinds: Set<LuaError.Kind>, _ script: String) {
            (self.name, self.kinds, self.script) = (name, kinds, script)
        }
    }

    nonisolated static let offenders: [Offender] = [
        Offender("endless loop", [.time], "while true do end"),
        Offender("loop inside pcall", [.time], "while true do pcall(function() while true do end end) end"),
        Offender("recursive pcall", [.time], "local function f() pcall(f) while true do end end f()"),
        Offender(
            "loop inside a metamethod", [.time],
            "return setmetatable({}, {__index = function() while true do end end}).x"),
        Offender(
            "loop below a C function", [.time],
            "return tostring(setmetatable({}, {__tostring = function() while true do end end}))"),
        Offender(
            "pcall loop below a C function", [.time],
            """
            local function f() while true do pcall(error) end end return tostring(setmetatable({}, \
            {__tostring = f}))
            """),
        Offender("loop inside a script's coroutine", [.time], "coroutine.wrap(function() while true do end end)()"),
        Offender(
            "coroutines resumed for ever", [.time],
            "while true do coroutine.wrap(function() coroutine.yield() end)() end"),
        Offender(
            "loop in a coroutine in a pcall", [.time],
            "while true do pcall(coroutine.wrap(function() while true do end end)) end"),
        Offender("wait loop", [.time], "while true do pause(1) for _ = 1, 20000 do end end"),
        Offender("string bomb by rep", [.runtime], "return ('x'):rep(1e9)"),
        Offender("string bomb by rep with separator", [.runtime], "return ('x'):rep(1e9, 'yy')"),
        Offender("string bomb by doubling", [.memory], "local s = 'x' while true do s = s .. s end"),
        Offender("string bomb in pcall", [.memory], "local s = 'x' while true do pcall(function() s = s .. s end) end"),
        Offender(
            "string bomb by format", [.memory, .runtime],
            """
            local s = ('x'):rep(1e6) return string.format(('%s'):rep(90), table.unpack((function() local t \
            = {} for i = 1, 90 do t[i] = s end return t end)()))
            """
        ),
        // A slow machine runs out of time before it runs out of room.
        Offender("string bomb by gsub", [.runtime, .time], "return ('x'):rep(1e6):gsub('x', ('y'):rep(100))"),
        Offender(
            "string bomb by concat", [.runtime],
            "local t, s = {}, ('x'):rep(1e5) for i = 1, 1000 do t[i] = s end return table.concat(t)"),
        Offender("table flood", [.memory, .time], "local t = {} while true do t[#t + 1] = {} end"),
        Offender(
            "table flood in pcall", [.memory, .time],
            "local t = {} while true do pcall(function() while true do t[#t + 1] = {} end end) end"),
        Offender("one huge table", [.memory, .time], "local t = {} for i = 1, 1e9 do t[i] = i end"),
        Offender(
            "coroutine flood", [.memory, .time],
            """
            local t = {} while true do t[#t + 1] = coroutine.create(next) end
            """),
        Offender("deep recursion", [.memory, .runtime, .time], "local function f() return 1 + f() end f()"),
        Offender(
            "deep recursion through C", [.runtime],
            "local function f() return tostring(setmetatable({}, {__tostring = f})) end f()"),
        Offender(
            "deep recursion by metamethod", [.runtime],
            "return setmetatable({}, {__index = function(t, k) return t[k + 1] end})[1]"),
        Offender("coroutines in each other", [.runtime], "local function f() return coroutine.wrap(f)() end f()"),
        Offender("pattern that backtracks: find", [.time], "return ('a'):rep(30):find(('a*'):rep(12) .. 'b')"),
        Offender("pattern that backtracks: match", [.time], "return ('a'):rep(30):match(('a-'):rep(12) .. 'b')"),
        Offender("pattern that backtracks: gsub", [.time], "return ('a'):rep(30):gsub(('a*'):rep(12) .. 'b', '')"),
        Offender(
            "pattern that backtracks: gmatch", [.time], "for _ in ('a'):rep(30):gmatch(('a*'):rep(12) .. 'b') do end"),
        Offender(
            "pattern below a C function", [.time],
            """
            return tostring(setmetatable({}, {__tostring = function() return \
            ('a'):rep(30):find(('a*'):rep(12) .. 'b') end}))
            """
        ),
        Offender("gsub whose callback loops", [.time], "return ('abc'):gsub('.', function() while true do end end)"),
        Offender("sort whose comparator loops", [.time], "table.sort({3, 2, 1}, function() while true do end end)"),
        Offender(
            "concat over a huge range", [.time, .runtime],
            "table.concat(setmetatable({}, {__index = tostring, __len = function() return 1e12 end}))"),
        Offender(
            "concat that never ends", [.time],
            "table.concat(setmetatable({}, {__index = function() return '' end, __len = function() return 1e15 end}))"),
        Offender(
            "move over a huge range", [.time],
            """
            table.move(setmetatable({}, {__index = rawequal}), 1, 1e12, 2, setmetatable({}, {__newindex = \
            rawequal, __index = rawequal, __len = rawlen}))
            """
        ),
        Offender(
            "insert into a huge table", [.time],
            """
            table.insert(setmetatable({}, {__index = rawequal, __newindex = rawequal, __len = function() \
            return 1e12 end}), 1, 1)
            """
        ),
        Offender(
            "remove from a huge table", [.time, .runtime],
            """
            table.remove(setmetatable({}, {__index = rawequal, __newindex = rawequal, __len = function() \
            return 1e12 end}), 1)
            """
        ),
        Offender("unpack of a huge range", [.runtime], "return table.unpack({}, 1, 1e8)"),
        Offender(
            "load of endless text", [.time, .runtime], "local f, e = load(function() return 'x = 1 ' end) error(e)"),
        Offender("load whose reader loops", [.time], "load(function() while true do end end)"),
        Offender("finalizer", [.runtime], "setmetatable({}, {__gc = function() while true do end end})"),
        Offender(
            "closer that loops after an error", [.time],
            "local x <close> = setmetatable({}, {__close = function() while true do end end}) error('boom')"),
        Offender(
            "closer that loops after the end", [.time],
            "local x <close> = setmetatable({}, {__close = function() while true do end end}) while true do end"),
        Offender(
            "error in the error handler", [.runtime],
            "local ok, e = xpcall(error, function(e) error(e) end, 'x') error('ended')"),
        Offender(
            "error handler that loops", [.time],
            "xpcall(error, function() while true do end end, 'x') while true do end"),
        Offender(
            "error whose __tostring loops", [.time, .runtime],
            "error(setmetatable({}, {__tostring = function() while true do end end}))"),
        Offender(
            "error whose __tostring fails", [.runtime],
            "error(setmetatable({}, {__tostring = function() error('again') end}))"),
        Offender(
            "error whose __tostring is no text", [.runtime],
            "error(setmetatable({}, {__tostring = function() return {} end}))"),
        Offender(
            "closing a coroutine that loops", [.time],
            """
            local co = coroutine.create(function() local x <close> = setmetatable({}, {__close = \
            function() while true do end end}) coroutine.yield() end) coroutine.resume(co) \
            coroutine.close(co) while true do end
            """
        ),
        Offender("huge result", [.tooLarge], "local t, s = {}, ('y'):rep(1e5) for i = 1, 100 do t[i] = s end return t"),
        Offender("yield outside a coroutine", [.runtime], "coroutine.yield(1)"),
    ]

    @Test("each ends with an error that names the script, and leaves the state usable", arguments: offenders)
    func offender(_ offender: Offender) async throws {
        let bench = try Bench {
            $0.memory = 12 << 20
            $0.runningTime = .milliseconds(60)
        }
        let error = await bench.failure(offender.script)
        #expect(offender.kinds.contains(error.kind), "\(error.kind): \(error.message)")
        #expect(!error.message.hasPrefix("no error"), "\(error.message)")
        #expect(
            error.script == "test.lua" || error.message.contains("(the error is a") || error.kind == .tooLarge,
            "\(error)")
        let sum = try await bench.run("local t = {} for i = 1, 1000 do t[i] = {i} end return #t")
        #expect(sum == [1000])
    }

    @Test("the same in a call that must answer at once", arguments: offenders)
    func offenderNow(_ offender: Offender) throws {
        let bench = try Bench {
            $0.memory = 12 << 20
            $0.runningTime = .milliseconds(60)
        }
        let kinds = offender.kinds.union(offender.name == "wait loop" ? [.cannotWait] : [.time])
        #expect(
            performing: { try bench.runNow(offender.script) },
            throws: {
                guard let error = $0 as? LuaError else { return false }
                return kinds.contains(error.kind)
            })
        #expect(try bench.runNow("return 1") == [1])
    }

    @Test("while a long script runs, others have their turn and it still finishes")
    func interleaves() async throws {
        let bench = try Bench { $0.runningTime = .seconds(60) }
        let before = LuaThread.turns
        let sum = try await bench.run("local s = 0 for i = 1, 3000000 do s = s + i end return s")
        #expect(sum == [4_500_001_500_000])
        #expect(LuaThread.turns > before)
    }

    @Test("a long sort and a long gsub are sliced, and right")
    func slicedLibraries() async throws {
        let bench = try Bench { $0.runningTime = .seconds(60) }
        let sorted = try await bench.run(
            """
            local t, x = {}, 42
            for i = 1, 40000 do x = (x * 1103515245 + 12345) % 2147483648 t[i] = x end
            table.sort(t, function(a, b) return a > b end)
            for i = 2, #t do if t[i - 1] < t[i] then return false end end
            local s, n = ("abc "):rep(200000):gsub("%w+", string.upper)
            return #t, n, s:sub(-4), (s:find("c"))
            """)
        #expect(sorted == [40000, 200_000, "ABC ", .nil])
    }

    @Test("a memory error frees what the script held")
    func memoryComesBack() async throws {
        let bench = try Bench {
            $0.memory = 8 << 20
            $0.runningTime = .seconds(60)
        }
        for _ in 0..<3 {
            #expect(await bench.failure("local t = {} while true do t[#t + 1] = {} end").kind == .memory)
        }
        bench.state.collect()
        #expect(bench.state.usedMemory < 1 << 20)
        #expect(bench.state.peakMemory <= 10 << 20)
    }

    @Test("garbage does not count: a script may allocate many times the limit, piece by piece")
    func garbage() async throws {
        let bench = try Bench {
            $0.memory = 4 << 20
            $0.runningTime = .seconds(60)
            $0.patience = .seconds(60)
        }
        #expect(
            try await bench.run(
                "local n = 0 for i = 1, 300 do local s = ('x'):rep(100000 + i) n = n + #s end return n > 1") == [true])
        #expect(try bench.runNow("for i = 1, 100 do local s = ('x'):rep(100000 + i) end return 1") == [1])
    }

    @Test("the running time of a call can be set for that call")
    func ownRunningTime() async throws {
        let bench = try Bench { $0.runningTime = .seconds(60) }
        let function = try bench.state.load("while true do end", script: "own.lua")
        await #expect(throws: LuaError.self) {
            try await bench.state.call(function, LuaCallOptions(runningTime: .milliseconds(20)), results: { _ in })
        }
    }
}
