import Glibc
import Runtime
import TestSupport
import Testing

/// docs/scripts.md is a promise as well: what it has an owner write and type is done here, with the shipped scripts.
@Suite("the guide to scripts")
@Loop
struct ScriptsGuideTests {
    private let state = TemporaryDirectory()
    private let guide: String

    init() throws { guide = try Fixture.read("docs/scripts.md") }

    private var words: [String] { ["STATE_DIR=\(state.path)", "PERIGEE_HOME=\(Fixture.root)"] }

    /// The fenced Lua of the page, in its order.
    private var blocks: [String] {
        guide.components(between: "```lua\n", and: "```")
    }

    private func block(with text: String) throws -> String {
        try #require(blocks.first { $0.contains(text) }, "no Lua of the guide has \(text)")
    }

    @Test("the first script goes live, is refused when it is broken, and its spec holds")
    func firstScript() async throws {
        let hello = try block(with: "routes[\"GET /hello/{name}\"]")
        state.write(hello, to: "scripts/hooks/hello.lua")
        let program = try await RunningProgram.start(state: state.path, settings: ["PERIGEE_HOME=\(Fixture.root)"])
        #expect(try await Exchange.get("/x/hello/Ann", port: program.port).body == "Hello, Ann!\n")

        state.write(hello.replacing("return { routes", with: "retrun { routes"), to: "scripts/hooks/hello.lua")
        #expect(try await Program.run(["reload"] + words).code == 1)
        #expect(try await Exchange.get("/x/hello/Ann", port: program.port).body == "Hello, Ann!\n")
        #expect(try await Program.run(["status"] + words).output.contains("hooks/hello.lua:9: "))
        #expect(try await Program.run(["check"] + words).code == 1)

        state.write(hello.replacing("text =", with: "txt ="), to: "scripts/hooks/hello.lua")
        #expect(try await Program.run(["reload"] + words).code == 0)
        #expect(try await Exchange.get("/x/hello/Ann", port: program.port).status == 500)
        let (_, log) = try await program.end()
        #expect(log.contains("did you mean 'text'?"))

        state.write(hello, to: "scripts/hooks/hello.lua")
        state.write(try block(with: "describe(\"hello\""), to: "scripts/hooks/hello_spec.lua")
        let specs = try await Program.run(["test", "hooks/hello"] + words)
        #expect(specs.code == 0, "\(specs.output)")
        #expect(specs.output.hasPrefix("1 spec, none failed"))
    }

    @Test("every whole script of the guide loads, and its stream arrives")
    func others() async throws {
        state.write(try block(with: "function hooks.recover"), to: "scripts/hooks/z_recover.lua")
        state.write(try block(with: "name = \"disk_report\""), to: "scripts/jobs/disk_report.lua")
        let count = try block(with: "routes[\"GET /count\"]")
        state.write("local routes = {}\n\(count)\nreturn { routes = routes }\n", to: "scripts/hooks/count.lua")
        let check = try await Program.run(["check"] + words)
        #expect(check.code == 0, "\(check.output)")

        let program = try await RunningProgram.start(state: state.path, settings: ["PERIGEE_HOME=\(Fixture.root)"])
        let stream = try await Exchange.get("/x/count", port: program.port)
        #expect(stream.head.contains("text/event-stream"))
        for number in 1...3 { #expect(stream.body.contains("data: \(number)\n\n")) }
        let jobs = try await Program.run(["jobs"] + words)
        #expect(jobs.output.contains("disk_report") && jobs.output.contains("trash"))
        let plan = try await Program.run(["run-job", "trash", "--plan"] + words)
        #expect(plan.code == 0, "\(plan.output)\(plan.errors)")
        try await program.end()
    }

    @Test("the table of hooks is complete, and every command of the guide is one of the program's")
    func complete() async throws {
        for hook in Contract.hooks { #expect(guide.contains("| `\(hook.name)` | "), "\(hook.name)") }
        let help = try await Program.run(["help"]).output
        let commands = Set(guide.matches(of: /perigee ([a-z][a-z-]+)/).map { String($0.1) })
        #expect(commands.count >= 6)
        for command in commands { #expect(help.contains("  \(command) "), "perigee \(command)") }
    }
}

extension String {
    fileprivate func components(between start: String, and end: String) -> [String] {
        var found: [String] = []
        var rest = self[...]
        while let begin = rest.firstRange(of: start) {
            let body = rest[begin.upperBound...]
            let close = body.firstRange(of: end)?.lowerBound ?? body.endIndex
            found.append(String(body[..<close]))
            rest = body[close...].dropFirst(end.count)
        }
        return found
    }
}
