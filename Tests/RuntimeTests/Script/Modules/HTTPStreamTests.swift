import LuaBridge
import Testing

@testable import Runtime

@Suite("host.http: streams")
@Loop
struct HTTPStreamTests {
    private let fake = FakeHTTP()

    private func harness() throws -> ModuleHarness { try ModuleHarness(.http(bareWorld(http: fake))) }

    private func run(_ text: String) async throws -> LuaResults {
        try await harness().run("local http = require 'host.http' " + text)
    }

    private func answer(_ pieces: [String], ending: FakeAnswer.Ending = .whole) {
        fake.reply("*", "*", [FakeAnswer(pieces: pieces.map { Array($0.utf8) }, ending: ending)])
    }

    @Test("lines come whole, however the answer was cut")
    func lines() async throws {
        answer(["one\ntw", "o\r\n", "\nlast"])
        let seen = try await run(
            "local all = {} for line in http.stream 'http://x/' do all[#all + 1] = line end return table.unpack(all)")
        #expect(seen == ["one", "two", "", "last"])
        #expect(fake.open == 0)
    }

    @Test("events come as tables with their name, text and id")
    func events() async throws {
        answer(["event: a\ndata: 1\ndata: 2\nid: 7\n\nda", "ta: 3\n\n", "data: never sent"])
        let seen = try await run(
            """
            local all = {}
            for e in http.stream({ url = "http://x/", method = "POST" }, { as = "sse" }) do
              all[#all + 1] = e.event .. " " .. e.data .. " " .. tostring(e.id)
            end
            return table.unpack(all)
            """)
        #expect(seen == ["a 1\n2 7", "message 3 7"])
        #expect(fake.requests[0].method == "POST")
    }

    @Test("raw pieces come as they are, without empty ones")
    func raw() async throws {
        fake.reply("*", "*", [FakeAnswer(pieces: [[0xff], [], [1, 2]])])
        let seen = try await run(
            """
            local next <close> = http.stream("http://x/", { as = "raw" })
            return next() == "\\xff", next() == "\\1\\2", next(), next()
            """)
        #expect(seen == [true, true, .nil, .nil])
    }

    @Test("a stream tells status and headers, whatever the status is")
    func head() async throws {
        fake.reply("*", "*", [FakeAnswer(404, headers: ["X-A": "b"])])
        #expect(
            try await run("local s = http.stream 'http://x/' return s:status(), s:headers()['x-a'], tostring(s)")
                == [404, "b", "host.http.Stream"])
    }

    @Test(
        "leaving the loop early, closing, leaving the scope and an error each end the transfer at once",
        arguments: [
            "for line in http.stream(url) do break end",
            "for line in http.stream(url) do goto out end ::out::",
            "local function f() for line in http.stream(url) do return line end end f()",
            "local s = http.stream(url) s() s:close() kept = s",
            "do local s <close> = http.stream(url) s() kept = s end",
            "pcall(function() for line in http.stream(url) do error 'x' end end)",
        ])
    func early(_ text: String) async throws {
        answer(["a\nb\n"], ending: .silent)
        let harness = try harness()
        try await harness.run("local http, url = require 'host.http', 'http://x/' " + text)
        #expect(fake.requests.count == 1 && fake.open == 0)
    }

    @Test("a stream that nobody has any more ends with the next collection, at the latest with the state")
    func collected() async throws {
        for close in [false, true] {
            answer(["a\n"], ending: .silent)
            let harness = try harness()
            try await harness.run("kept = require('host.http').stream 'http://x/' kept()")
            harness.state.collect()
            #expect(fake.open == 1, "it is kept")
            if close {
                harness.state.close()
            } else {
                try await harness.run("kept = nil")
                harness.state.collect()
            }
            #expect(fake.open == 0)
        }
    }

    @Test("a cancelled call ends its stream, also one that waits for the next line")
    func cancelled() async throws {
        answer(["a\n"], ending: .silent)
        let harness = try harness()
        let got = Waiter<Void>("the first line")
        try harness.state.function("got") { _ in Loop.assumeIsolated { got.finish(.success(())) } }
        let scope = Scope("test") { _, _ in }
        let task = scope.spawn("call") {
            try await harness.run("for line in require('host.http').stream 'http://x/' do got() end")
        }
        try await Deadline.within(.seconds(20)) { try await got.value() }
        await Loop.yield()
        task.cancel()
        await scope.close()
        #expect(fake.open == 0 && harness.state.liveCalls == 0)
    }

    @Test("two calls that read one stream at once are a mistake, and the first goes on")
    func twoReaders() async throws {
        answer(["a\n"], ending: .silent)
        let harness = try harness()
        try await harness.run("s = require('host.http').stream 'http://x/' s()")
        let scope = Scope("test") { _, _ in }
        scope.spawn("first") { try await harness.run("s()") }
        while harness.state.liveCalls == 0 { await Loop.yield() }
        #expect(await harness.mistake("s()") == "two calls read one stream of host.http at once")
        #expect(fake.open == 1)
        await scope.close()
        #expect(fake.open == 0)
    }

    @Test("an answer that breaks off ends the loop, and close says so; calling it says so too")
    func broken() async throws {
        let fault = Fault(.unavailable, "the connection broke")
        answer(["a\n"], ending: .broken(fault))
        answer(["a\n"], ending: .broken(fault))
        let seen = try await run(
            """
            local s, count = http.stream "http://x/", 0
            for line in s do count = count + 1 end
            local ok, err = s:close()
            local t = http.stream "http://x/"
            t()
            local line, why = t()
            return count, ok, err.message, line, why.kind, select(2, t()).kind
            """)
        #expect(seen == [1, .nil, "the connection broke", .nil, "unavailable", "unavailable"])
        #expect(fake.open == 0)
    }

    @Test("an answer that ended well closes well, and then gives nothing more")
    func whole() async throws {
        answer(["a"])
        #expect(
            try await run("local s = http.stream 'http://x/' local a = s() return a, s(), s:close(), s()")
                == ["a", .nil, true, .nil])
    }

    @Test("no answer is nil and an error, not a broken loop")
    func failure() async throws {
        fake.reply("*", "*", [.failure(Fault(.denied, "no"))])
        let seen = try await run("local s, err = http.stream 'http://x/' return s, err")
        #expect(seen.all.count == 2 && seen.kind == "denied")
    }

    @Test("max_size bounds all of it, and a line has a bound of its own")
    func sizes() async throws {
        answer(["aaa\n", "bbb\n"], ending: .silent)
        let seen = try await run(
            "local s = http.stream('http://x/', { max_size = 7 }) local a = s() local b, err = s() return b, err, a")
        #expect(seen[2] == "aaa" && seen[1]["kind"] == "too_large" && fake.open == 0)
        #expect(seen[1]["message"] == "GET http://x/: the answer is larger than 7")
        fake.reply("*", "*", [FakeAnswer(pieces: [[UInt8](repeating: 65, count: 1 << 20), [65]], ending: .silent)])
        let long = try await run("local s = http.stream 'http://x/' return s()")
        #expect(long.kind == "too_large" && long.message == "a line of the stream is longer than 1048576 bytes")
        #expect(fake.open == 0)
    }

    @Test("a stream's deadline counts from its start, for every part of it")
    func deadline() async throws {
        answer(["a\n"], ending: .silent)
        let seen = try await run(
            "local s = http.stream('http://x/', { deadline = '1ms' }) local a = s() local b, err = s() return b, err")
        // Either the first line or the second was too late for it.
        #expect(seen.kind == "timeout")
        #expect(fake.open == 0)
    }
}
