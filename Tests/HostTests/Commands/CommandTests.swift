import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("commands")
@Loop
struct CommandTests {
    @Test("help lists every command, and each has a page")
    func help() async throws {
        let overview = try await Program.run(["help"])
        #expect(overview.code == 0)
        #expect(overview.errors.isEmpty)
        for command in Command.all {
            #expect(overview.output.contains("  \(command.name) "))
            let page = try await Program.run(["help", command.name])
            #expect(page.code == 0)
            #expect(page.output.hasPrefix("usage: perigee \(command.name)"))
            let same = try await Program.run([command.name, "--help"])
            #expect(same.output == page.output)
        }
    }

    @Test("no command at all shows the help")
    func bare() async throws {
        let result = try await Program.run([])
        #expect(result.code == 0)
        #expect(result.output.contains("usage: perigee COMMAND"))
    }

    @Test("the version is one line")
    func version() async throws {
        for word in ["version", "--version", "-V"] {
            let result = try await Program.run([word])
            #expect(result.output == "perigee \(Version.current)\n")
        }
    }

    @Test(
        "slips are answered in one line with advice and code 64",
        arguments: [
            (["srve"], "there is no command \"srve\"", "`perigee serve`"),
            (["frobnicate"], "there is no command", "`perigee help`"),
            (["serve", "--prot"], "unknown option --prot", ""),
            (["config", "--markdwon"], "unknown option", "--markdown"),
            (["serve", "8080"], "unexpected \"8080\"", "PORT=8080"),
            (["serve", "PROT=8080"], "PROT: no such setting", "PORT"),
            (["serve", "PORT=eighty"], "PORT: \"eighty\" is not a port", ""),
            (["help", "srve"], "there is no command", "serve"),
        ])
    func slips(words: [String], message: String, advice: String) async throws {
        let result = try await Program.run(words)
        #expect(result.code == 64)
        #expect(result.output.isEmpty)
        #expect(result.errors.hasPrefix("perigee: "))
        #expect(result.errors.contains(message))
        #expect(result.errors.contains(advice))
    }

    @Test("config shows each value and its origin, with secrets masked")
    func config() async throws {
        let directory = TemporaryDirectory()
        directory.write("PORT=9001\nLOG_LEVEL=debug\n", to: ".env")
        let result = try await Program.run(
            ["config", "HOST=::1"],
            environment: ["PORT": "9002", "OTEL_EXPORTER_OTLP_HEADERS": "key=planted"], directory: directory.path)
        #expect(result.code == 0)
        let rows = result.output.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 1).map(String.init) }
        func row(_ name: String) -> String { rows.first { $0.first == name }?.last ?? "" }
        #expect(row("PORT").contains("9002") && row("PORT").contains("environment"))
        #expect(row("HOST").contains("::1") && row("HOST").contains("command line"))
        #expect(row("LOG_LEVEL").contains("debug") && row("LOG_LEVEL").contains(".env"))
        #expect(row("PERIGEE_DRAIN").contains("default"))
        #expect(!result.output.contains("planted"))
    }

    @Test("a broken .env file is named with its line")
    func brokenFile() async throws {
        let directory = TemporaryDirectory()
        directory.write("PORT=1\nnonsense\n", to: ".env")
        let result = try await Program.run(["config"], directory: directory.path)
        #expect(result.code == 64)
        #expect(result.errors == "perigee: .env:2: expected NAME=value\n")
    }

    @Test("an .env file that is asked for must be there")
    func missingFile() async throws {
        let result = try await Program.run(["config"], environment: ["PERIGEE_ENV_FILE": "/nonexistent/env"])
        #expect(result.code == 66)
        #expect(result.errors.contains("/nonexistent/env"))
    }
}
