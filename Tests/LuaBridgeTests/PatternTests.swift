import Testing

@testable import LuaBridge

@Suite("patterns")
@LuaThread
struct PatternTests {
    /// Both libraries on the same random input: results, or the message of the error, must be the same.
    private static let compare = """
        local stock, count, seed = stock, ...
        local x = seed
        local function random(n) x = (x * 6364136223846793005 + 1442695040888963407) return (x >> 33) % n + 1 end
        local pieces = {"a", "b", "c", ".", "%a", "%d", "%s", "%w", "%W", "%D", "%p", "%x", "[ab]", "[^a]", "[a-c]", "[%a_]",
          "[^%s]", "[]]", "[^]]", "[a-]", "(", ")", "()", "(a)", "(.-)", "%1", "%2", "*", "+", "-", "?", "^", "$", "%b()",
          "%bab", "%f[%w]", "%f[^a]", "%%", "%.", "\\0", "x", "%z", "[", "%", "%f", "%b", "[%", "[^", "%g", "%u", "%c"}
        local letters = {"a", "b", "c", "1", " ", "(", ")", "x", "A", ".", "_", "\\0", "%", "\\200", "]", "-"}
        local function text(from, most)
          local t = {}
          for i = 1, random(most + 1) - 1 do t[i] = from[random(#from)] end
          return table.concat(t)
        end
        local function pack(...) return {n = select("#", ...), ...} end
        local function collect(f, ...)
          local t = {}
          for a, b, c in f(...) do t[#t + 1] = tostring(a) .. "," .. tostring(b) .. "," .. tostring(c) if #t > 50 then break end end
          return table.concat(t, ";")
        end
        local repls = {"<%0>", "%1", "%2", "%%", "%", "x", "%9", function(a, b) return b or a end, {a = "1", b = true, ab = 3},
          function() end, function() return {} end}
        local function same(what, subject, pattern, ours, theirs)
          for i = 1, math.max(ours.n, theirs.n) do
            local a, b = ours[i], theirs[i]
            if type(a) == "string" and not ours[1] then a = a:gsub("^[^:]*:%d+: ", "") end
            if type(b) == "string" and not theirs[1] then b = b:gsub("^[^:]*:%d+: ", "") end
            if a ~= b then
              error(string.format("%s(%q, %q): ours %s, stock %s", what, subject, pattern, tostring(a), tostring(b)), 0)
            end
          end
        end
        for _ = 1, count do
          local s, p = text(letters, 14), text(pieces, 6)
          local init = random(20) - 8
          same("find", s, p, pack(pcall(string.find, s, p, init)), pack(pcall(stock.find, s, p, init)))
          same("match", s, p, pack(pcall(string.match, s, p, init)), pack(pcall(stock.match, s, p, init)))
          same("plain", s, p, pack(pcall(string.find, s, p, init, true)), pack(pcall(stock.find, s, p, init, true)))
          same("gmatch", s, p, pack(pcall(collect, string.gmatch, s, p, init)), pack(pcall(collect, stock.gmatch, s, p, init)))
          local r, n = repls[random(#repls)], random(5) > 1 and 100 or random(3) - 1
          same("gsub", s, p, pack(pcall(string.gsub, s, p, r, n)), pack(pcall(stock.gsub, s, p, r, n)))
        end
        return "same"
        """

    @Test("answer as Lua's own do, over thousands of random patterns and texts", arguments: [1, 2, 3, 4])
    func differential(_ seed: Int64) async throws {
        let bench = try Bench { $0.runningTime = .seconds(120) }
        try bench.state.addStockStrings()
        #expect(try await bench.run(Self.compare, 4000, .integer(seed)) == ["same"])
    }

    @Test(
        "long texts, many captures and deep nesting end as Lua's own do",
        arguments: [
            "('a'):rep(2000):find('.-b')", "('a'):rep(100000):match('^(a*)$')", "('x'):rep(1000):gsub('x', 'yy')",
            "('a'):rep(50):find(('(a)'):rep(33))", "('a'):rep(300):find(('a?'):rep(250) .. ('a'):rep(250))",
            "('ab'):rep(1000):gsub('(a)(b)', '%2%1')", "(' x '):rep(500):gsub('%s+', ' ')",
            "('a,b,,c'):gsub('[^,]*', '<%0>')",
            "('hello world'):gsub('o', {o = '0'})", "('abc'):gsub('', '-')", "('abc'):find('', 10)",
            "('abc'):gsub('%w', '%0%0', 2)",
            "('THE (quick) fox'):find('%((%a+)%)')", "('key = value'):match('^(%w+)%s*=%s*(%w+)$')",
            "('[[x]]'):find('[[]', 1)",
        ])
    func examples(_ expression: String) async throws {
        let bench = try Bench()
        try bench.state.addStockStrings()
        let text = """
            local ours = table.pack(pcall(function() return \(expression) end))
            local source = [==[\(expression)]==]
            local subject, method, rest
            for _, name in ipairs {"find", "match", "gsub"} do
              local from, to = source:find(":" .. name .. "(", 1, true)
              if from then subject, method, rest = source:sub(1, from - 1), name, source:sub(to + 1, -2) end
            end
            local theirs = table.pack(pcall(load("local stock = ... return stock." .. method .. "(" .. subject .. ", " .. rest .. ")"), stock))
            if ours.n ~= theirs.n then return ours.n, theirs.n end
            for i = 1, ours.n do
              local a, b = ours[i], theirs[i]
              if type(a) == "string" then a = a:gsub("^.-:%d+: ", "") end
              if type(b) == "string" then b = b:gsub("^.-:%d+: ", "") end
              if a ~= b then return a, b end
            end
            return "same"
            """
        #expect(try await bench.run(text) == ["same"])
    }

    @Test("a pattern that was paused in the middle goes on where it was")
    func paused() async throws {
        let bench = try Bench {
            $0.slice = .microseconds(1)
            $0.runningTime = .seconds(60)
        }
        let seen = try await bench.run(
            """
            local s = ("a"):rep(300000) .. "b"
            local first, last, cap = s:find("(a-)b")
            local n = select(2, s:gsub("a", "xy"))
            local m = 0
            for _ in s:gmatch("a") do m = m + 1 end
            return first, last, #cap, n, m
            """)
        #expect(seen == [1, 300_001, 300_000, 300_000, 300_000])
    }
}
