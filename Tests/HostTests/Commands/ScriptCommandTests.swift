import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("perigee test, check and types")
struct ScriptCommandTests {
    private let directory = TemporaryDirectory()

    private func write(_ files: [String: String]) {
        for (name, text) in files {
            let parts = name.split(separator: "/").dropLast()
            for count in 0..<parts.count { mkdir("\(directory.path)/\(parts[...count].joined(separator: "/"))", 0o755) }
            directory.write(text, to: name)
        }
    }

    private func run(_ words: String...) async throws -> Program.Result {
        try await Program.run(
            Array(words.prefix(1)) + ["STATE_DIR=\(directory.path)/state"] + Array(words.dropFirst()),
            environment: ["PERIGEE_HOME": "\(directory.path)/home"],
            directory: directory.path)
    }

    private static let spec = """
        local policy = require "hooks.policy"
        describe("policy", function()
          it("holds", function() expect(policy.recover()).has { action = "ask" } end)
          it("does not hold", function()
            expect(policy.recover()).equals { action = "retry", after = 5 }
          end)
        end)
        """
    private static let policy = "return { recover = function() return { action = \"ask\", reason = \"x\" } end }"

    @Test("test shows each failure with its line and difference, and counts")
    func test() async throws {
        write(["own/hooks/policy.lua": Self.policy, "own/hooks/policy_spec.lua": Self.spec])
        let result = try await run("test", "own")
        #expect(result.code == 1)
        let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(
            lines.dropLast(2) == [
                "failed policy: does not hold",
                "  hooks/policy_spec.lua:5: expected { action = \"retry\", after = 5 }, "
                    + "got { action = \"ask\", reason = \"x\" }",
                "      {", "    -   action = \"retry\",", "    -   after = 5,", "    +   action = \"ask\",",
                "    +   reason = \"x\",", "      }", "",
            ])
        #expect(lines[9].wholeMatch(of: /2 specs, 1 failed \(\d+ ms\)/) != nil, "\(lines)")
        #expect(result.errors.isEmpty)
    }

    @Test("test takes a filter, one file, and JSON for programs")
    func choices() async throws {
        write(["own/hooks/policy.lua": Self.policy, "own/hooks/policy_spec.lua": Self.spec])
        let good = try await run("test", "own/hooks/policy.lua", "--filter", "HOLDS")
        #expect(good.code == 0)
        #expect(good.output.hasPrefix("1 spec, none failed ("))
        let json = try await run("test", "own", "--json")
        #expect(json.code == 1)
        let answer = try JSON.parse(json.output)
        #expect(answer["specs"].integer == 2 && answer["failed"].integer == 1)
        let failure = answer["results"][1]["failure"]
        #expect(failure["line"].integer == 5)
        #expect(failure["expected"].string == "{ action = \"retry\", after = 5 }")
        #expect(answer["results"][0]["ok"].bool == true)
        let unknown = try await run("test", "hooks/none.lua")
        #expect(unknown.code == 66)
        #expect(unknown.errors.contains("there are no specs at \"hooks/none.lua\""))
        let lone = try await run("test", "--filter")
        #expect(lone.code == 64 && lone.errors.contains("--filter needs a word after it"))
    }

    @Test("check names what is wrong by file and line, what is replaced, and what is never loaded")
    func check() async throws {
        write([
            "home/scripts/hooks/policy.lua": Self.policy,
            "state/scripts/hooks/policy.lua": "return {\n  recovr = function() end,\n}",
            "state/scripts/jobs/bad.lua": "return {\n  x = = 1\n}",
            "state/scripts/hook/lost.lua": "return {}",
        ])
        let result = try await run("check")
        #expect(result.code == 1)
        let lines = result.output.split(separator: "\n").map(String.init)
        #expect(lines[0].hasPrefix("state/scripts/hooks/policy.lua:2: "), "\(lines)")
        #expect(lines.contains { $0.contains("did you mean 'recover'?") })
        #expect(lines.contains { $0.hasPrefix("state/scripts/jobs/bad.lua:2: unexpected symbol near '='") })
        #expect(lines.contains("state/scripts/hook/lost.lua: is never loaded: hook/ is no directory of scripts"))
        #expect(lines.contains("    did you mean hooks/?"))
        #expect(lines.contains("hooks/policy.lua: in the place of the shipped one"))
        #expect(lines.last == "2 scripts, 2 of them yours: 2 problems")
    }

    @Test("check of a directory that is well ends with 0, and has a form for programs")
    func well() async throws {
        write(["mine/hooks/policy.lua": Self.policy])
        let result = try await run("check", "mine")
        #expect(result.code == 0)
        #expect(result.output == "1 script, 1 of them yours: nothing is wrong\n")
        write(["mine/gc/bad.lua": "return {}"])
        let json = try await run("check", "mine", "--json")
        #expect(json.code == 1)
        let answer = try JSON.parse(json.output)
        #expect(answer["ok"].bool == false && answer["scripts"].integer == 2)
        #expect(answer["problems"][0]["script"].string == "gc/bad.lua")
        #expect(answer["problems"][0]["path"].string == "mine/gc/bad.lua")
        let none = try await run("check", "nowhere")
        #expect(none.code == 66)
    }

    @Test("types writes stubs into a directory, and sees when they are stale")
    func types() async throws {
        write(["mine/hooks/policy.lua": Self.policy])
        #expect(try await run("types", "mine", "--check").code == 1)
        let first = try await run("types", "mine", "--docs")
        #expect(first.code == 0)
        #expect(first.output.contains("mine/types/host/http.lua\n") && first.output.contains("docs/lua.md\n"))
        #expect(try await run("types", "mine", "--check", "--docs").code == 0)
        #expect(try await run("types", "mine").output.isEmpty)
        write(["mine/types/host/http.lua": "old"])
        let stale = try await run("types", "mine", "--check")
        #expect(stale.code == 1)
        #expect(stale.output == "mine/types/host/http.lua is not what `perigee types` would write\n")
    }
}

@Suite("what is shipped")
struct ShippedScriptTests {
    @Test("the committed stubs and docs/lua.md are what the host's tables say")
    func generated() async throws {
        let result = try await Program.run(["types", "\(Fixture.root)/scripts", "--docs", "--check"])
        #expect(result.code == 0, "run `make docs` and commit what changes: \(result.output)")
    }

    @Test("the shipped scripts load, and none lies where it is never loaded")
    func check() async throws {
        let result = try await Program.run([
            "check", "--json", "PERIGEE_HOME=\(Fixture.root)", "STATE_DIR=/nonexistent",
        ])
        #expect(result.code == 0, "\(result.output)")
        #expect(StrayScripts.find(in: "\(Fixture.root)/scripts") == [])
    }

    @Test("the shipped specs hold, whatever the owner has")
    func specs() async throws {
        let result = try await Program.run(["test", "PERIGEE_HOME=\(Fixture.root)", "STATE_DIR=/nonexistent"])
        #expect(result.code == 0, "\(result.output)")
        #expect(result.output.contains("none failed"))
    }
}

@Suite("colours")
struct PaintTests {
    @Test("are there when they are on, and never around nothing")
    func paint() {
        #expect(Paint(isOn: true).bad("x") == "\u{1b}[31mx\u{1b}[0m")
        #expect(Paint(isOn: true).bad("") == "")
        #expect(Paint(isOn: false).bad("x") == "x")
    }

    @Test("failures and summaries use them")
    func listing() {
        var report = SpecReport()
        let mismatch = SpecMismatch(expected: "1", got: "2", difference: [.missing("1"), .surplus("2")])
        report.results = [
            SpecResult(
                file: "a_spec.lua", path: ["a"],
                failure: SpecFailure(script: "a_spec.lua", line: 3, message: mismatch.message, mismatch: mismatch))
        ]
        let text = SpecListing(report: report).text(Paint(isOn: true))
        #expect(text.contains("\u{1b}[31m- 1\u{1b}[0m") && text.contains("\u{1b}[32m+ 2\u{1b}[0m"))
        #expect(text.contains("\u{1b}[31m1 failed\u{1b}[0m"))
    }
}
