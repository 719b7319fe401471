import Runtime
import TestSupport
import Testing

/// What stands beside Open WebUI: the seeder, the filter and the tools, in Python as Open WebUI runs them.
@Suite("deploy/openwebui")
@Loop
struct OpenWebUITests {
    private nonisolated static let beside = "\(Fixture.root)/Tests/Fixtures/openwebui"

    private func run(_ python: String, _ arguments: [String]) async throws -> (code: Int32, output: String) {
        let environment = Program.base.merging(["PYTHONDONTWRITEBYTECODE": "1"]) { $1 }
        let result = try await Subprocess.run(
            [python] + arguments, .init(environment: .only(environment), directory: OpenWebUITests.beside))
        return (result.exitCode, result.outputText + result.errorText)
    }

    @Test("the seeder makes what is missing once, and the filter says what it should", arguments: ["seed", "filter"])
    func python(_ subject: String) async throws {
        guard let python = TestEnvironment.python(for: "deploy/openwebui: the \(subject)") else { return }
        let result = try await run(python, ["-m", "unittest", "test_\(subject)"])
        #expect(result.code == 0, "\(result.output)")
        #expect(result.output.contains("\nOK"), "\(result.output)")
    }

    @Test("what the filter signs is what we take for signed, and its content can be read")
    func signature() async throws {
        guard let python = TestEnvironment.python(for: "deploy/openwebui: the signature") else { return }
        let program = """
            import json, test_filter
            print(json.dumps(test_filter.load("perigee_filter").signed("sécret", {"name": "Bób ✓", "at": 1})))
            """
        let result = try await run(python, ["-c", program])
        try #require(result.code == 0, "\(result.output)")
        let sent = try JSON.decode(JSONValue.self, from: Array(result.output.utf8))
        let text = try #require(sent["signed"]?.string)
        let code = try #require(sent["signature"]?.string.flatMap { Hex.decode($0) })

        #expect(HMACSHA256.isValid(code, for: Array(text.utf8), key: Secret("sécret")))
        #expect(!HMACSHA256.isValid(code, for: Array((text + " ").utf8), key: Secret("sécret")))
        #expect(try JSON.decode(JSONValue.self, from: Array(text.utf8))["name"]?.string == "Bób ✓")
    }
}
