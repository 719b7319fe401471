import Testing

@testable import Runtime

@Suite("the made-up world of specs")
@Loop
struct SpecWorldTests {
    /// Runs specs over all modules, and gives what failed.
    private func failures(_ text: String) async throws -> [String] {
        var set = SpecSet()
        set.specs = [SpecFile(name: "hooks/tried_spec.lua", origin: .owner, text: Array(text.utf8))]
        let report = try await SpecRunner(makeTable: HostTable.makeBelieve).run(set)
        #expect(!report.results.isEmpty)
        return report.failures.map { "\($0.name): \($0.failure?.message ?? "")" }
    }

    @Test("the clock stands at noon of 1 January 2026, and moves when it is told to, or slept on")
    func clock() async throws {
        let failures = try await failures(
            """
            local time = require "host.time"
            it("stands", function()
              expect(time.now()).equals(1767268800)
              fake.clock.advance "90m"
              expect(time.now()).equals(1767268800 + 5400)
            end)
            it("is new for each", function()
              expect(time.now()).equals(1767268800)
              host.sleep("2h")
              expect(time.now()).equals(1767268800 + 7200)
              fake.clock.set "2026-03-29T00:59:00Z"
              expect(time.now()).equals(1774745940)
              fake.clock.set(5)
              expect(time.now()).equals(5)
            end)
            """)
        #expect(failures == [])
    }

    @Test("values are new for each spec, even through a namespace that was opened at load, and end in time")
    func values() async throws {
        let failures = try await failures(
            """
            local cache = require("host.store").namespace("cache", { ttl = "10m" })
            it("keeps", function()
              cache:set("a", { n = 1 })
              expect(cache:get "a").equals { n = 1 }
              fake.clock.advance "11m"
              expect(cache:get "a").is_nil()
              cache:set("b", 1)
            end)
            it("forgets", function() expect(cache:get "b").is_nil() end)
            """)
        #expect(failures == [])
    }

    @Test("requests get the answers that were prepared, and are noted")
    func http() async throws {
        let failures = try await failures(
            """
            local http = require "host.http"
            it("answers", function()
              fake.http.reply("GET", "https://example.com/*", { json = { ok = true } })
              fake.http.reply("POST", "https://example.com/x", { { status = 503 }, { fails = "timeout" } })
              expect(http.get("https://example.com/a?b=c").json).equals { ok = true }
              expect(http.post("https://example.com/x", { body = "hello" })).has { status = 503 }
              local answer, err = http.post("https://example.com/x")
              expect(answer).is_nil()
              expect(err.kind).equals "timeout"
              expect(#fake.http.requests()).equals(3)
              expect(fake.http.requests()[2]).has { method = "POST", url = "https://example.com/x", body = "hello" }
            end)
            it("is new", function() expect(fake.http.requests()).equals {} end)
            it("minds its own", function() http.get("https://elsewhere.example/") end)
            """)
        #expect(failures == ["minds its own: nobody answers GET https://elsewhere.example/ in this spec"])
    }

    @Test("commands get the outcomes that were prepared, and processes are those that were made up")
    func processes() async throws {
        let failures = try await failures(
            """
            local process = require "host.process"
            it("runs", function()
              fake.process.reply({ "df" }, { stdout = "1 2\\n" })
              fake.process.reply({ "git", "fetch" }, { { code = 128, stderr = "no" }, { fails = "not_found" } })
              expect(process.run { argv = { "df", "-B1" } }.stdout).equals "1 2\\n"
              expect(process.run { argv = { "git", "fetch", "a" } }).has { ok = false, code = 128, stderr = "no" }
              local result, err = process.run { argv = { "git", "fetch", "b" }, input = "x" }
              expect(result, err).is_nil()
              expect(err.kind).equals "not_found"
              expect(fake.process.calls()[3]).has { argv = { "git", "fetch", "b" }, input = "x" }
            end)
            it("lists and ends", function()
              fake.process.running { { pid = 7, command = "node", argv = { "node", "x.js" }, memory = "10MB" } }
              local entry = process.list()[1]
              expect(entry).has { pid = 7, command = "node", argv = { "node", "x.js" }, memory = 10485760 }
              process.terminate(entry)
              expect(fake.process.terminated()).equals { 7 }
              expect(process.list()).equals {}
            end)
            it("minds its own", function() process.run { argv = { "rm", "-rf" } } end)
            """)
        #expect(failures == ["minds its own: nobody runs rm -rf in this spec"])
    }

    @Test("settings and files are those of the spec")
    func settings() async throws {
        let failures = try await failures(
            """
            local config = require "host.config"
            local fs = require "host.fs"
            it("has them", function()
              expect(config.all()).equals {}
              fake.config { PORT = "8000" }
              expect(config.get "PORT").equals "8000"
              assert(fs.write("work:a.txt", "hello"))
              expect(fs.read("work:a.txt")).equals "hello"
              assert(fs.mkdir("work:deep/er"))
            end)
            it("has none of another", function()
              expect(config.all()).equals {}
              expect(fs.list("work:")).equals {}
            end)
            """)
        #expect(failures == [])
    }

    @Test("what is asked of `fake` is checked like any call")
    func checks() async throws {
        let failures = try await failures(
            """
            it("a", function() fake.http.reply("GET", "https://x.example", { staus = 200 }) end)
            it("b", function() fake.clock.set "tomorrow" end)
            it("c", function() fake.process.reply("df", {}) end)
            """)
        #expect(failures.count == 3)
        #expect(failures.first?.contains("did you mean 'status'?") == true, "\(failures)")
        #expect(failures.last?.contains("bad argument #1 'argv' to 'fake.process.reply'") == true, "\(failures)")
    }
}
