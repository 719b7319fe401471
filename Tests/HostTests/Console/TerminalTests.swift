import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("console on a terminal")
@Loop
struct TerminalTests {
    private struct Typed {
        let code: Int32
        let shown: String
    }

    /// Types on a pseudo-terminal; steps are as the fixture takes them.
    private func type(_ python: String, _ steps: [String], state: String) async throws -> Typed {
        let result = try await Subprocess.run(
            [python, TestEnvironment.fixture("console_pty.py"), Program.path, "console", "--local"]
                + ["STATE_DIR=\(state)", "PERIGEE_HOME=/nonexistent"],
            .init(
                environment: .only(Program.base), directory: "/",
                input: .bytes(Array((steps.joined(separator: "\n") + "\n").utf8))))
        #expect(result.errorText.isEmpty, "\(result.errorText)")
        return Typed(code: result.exitCode, shown: result.outputText)
    }

    @Test("a person edits, completes, recalls, interrupts and leaves, and the history lasts")
    func typing() async throws {
        guard let python = TestEnvironment.python(for: "the console on a terminal") else { return }
        let state = TemporaryDirectory()
        let first = try await type(
            python,
            [
                "wait 'lua> '", "send '1 + 2\\r'", "wait '3\\r\\n'", "wait 'lua> '",
                // The arrow goes back, Ctrl-A to the front.
                "send '\\x1b[A\\x0110 * '", "wait '10 * 1 + 2'", "send '\\r'", "wait '12\\r\\n'", "wait 'lua> '",
                "send 'string.revers\\t(\"abc\")\\r'", "wait '\"cba\"\\r\\n'", "wait 'lua> '",
                "send 'if true then\\r'", "wait '..   '", "send 'print(7 * 6)\\r'", "wait '..   '", "send 'end\\r'",
                "wait '42\\r\\n'", "wait 'lua> '", "send 'half\\x03'", "wait '^C'", "wait 'lua> '",
                "send 'print(\"run\" .. \"ning\") while true do end\\r'", "wait 'running\\r\\n'", "send '\\x03'",
                "wait 'error: ended\\r\\n'", "wait 'lua> '", "send '\\x1b[200~8 +\\n9\\x1b[201~\\r'",
                "wait '17\\r\\n'", "wait 'lua> '", "send '\\x04'",
            ], state: state.path)
        #expect(first.code == 0, "\(first.shown)")
        #expect(first.shown.contains("perigee \(Version.current), in this process"))
        #expect(first.shown.contains("\u{1b}[?2004h") && first.shown.contains("\u{1b}[?2004l"))

        var status = stat()
        #expect(stat("\(state.path)/console_history", &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        let history = HistoryFile(path: "\(state.path)/console_history").read()
        #expect(history.first == "1 + 2")
        #expect(history.contains("if true then\nprint(7 * 6)\nend"))
        #expect(history.last == "8 +\n9")

        let second = try await type(
            python, ["wait 'lua> '", "send '\\x12revers\\r'", "wait '\"cba\"\\r\\n'", "send '.exit\\r'"],
            state: state.path)
        #expect(second.code == 0, "\(second.shown)")
    }
}
