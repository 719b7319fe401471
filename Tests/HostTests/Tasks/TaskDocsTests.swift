import Runtime
import TestSupport
import Testing

@testable import Host

/// What docs/tasks.md tells people to type is typed here.
@Suite("docs/tasks.md")
@Loop
struct TaskDocsTests {
    @Test("every command of it does what it should, one after the other")
    func commands() async throws {
        guard TestEnvironment.program("curl", for: "docs/tasks.md") != nil else { return }
        let state = TemporaryDirectory()
        let program = try await RunningProgram.start(state: state.path, settings: ["RUNNER_MODE=rehearsal"])
        let blocks = try Fixture.read("docs/tasks.md").split(separator: "```sh\n").dropFirst()
        #expect(blocks.count == 2)
        for block in blocks {
            let script = block.prefix { $0 != "`" }.replacing("127.0.0.1:8000", with: "127.0.0.1:\(program.port)")
            let result = try await Subprocess.run(["bash", "-euxo", "pipefail", "-c", String(script)])
            #expect(result.exitCode == 0, "\(result.outputText) \(result.errorText)")
            #expect(result.outputText.contains("\"completed\""), "\(result.outputText)")
        }
        try await program.end()
    }
}
