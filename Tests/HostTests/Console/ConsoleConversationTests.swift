import Runtime
import TestSupport
import Testing

@testable import Host

/// Gives lines, and keeps the prompts they were asked with.
@Loop
private final class ScriptedInput: ConsoleInput {
    let isInteractive: Bool
    var onInterrupt: (() -> Void)?
    private var lines: [ConsoleLine]
    private(set) var prompts: [String] = []
    private(set) var remembered: [String] = []

    init(_ lines: [ConsoleLine], isInteractive: Bool) {
        self.lines = lines
        self.isInteractive = isInteractive
    }

    func line(prompt: String, complete: @escaping Completer) async throws -> ConsoleLine {
        prompts.append(prompt)
        return lines.isEmpty ? .end : lines.removeFirst()
    }

    func remember(_ entry: String) { remembered.append(entry) }
    func close() {}
}

@Loop
private final class ScriptedTarget: ConsoleTarget {
    let title = "a target"
    private(set) var codes: [String] = []
    var answers: [String: ConsoleAnswer] = [:]
    var reloading: Result<String, Fault> = .success("loaded\n")

    func evaluate(_ code: String, onOutput: @escaping (String) -> Void) async throws -> ConsoleAnswer {
        codes.append(code)
        if code.hasPrefix("print") { onOutput("printed") }
        return answers[code] ?? .values(["= \(code)"])
    }

    func interrupt() {}
    func complete(_ text: String) async -> [ConsoleCandidate] { [] }
    func scripts() async throws -> String { "a.lua\n" }
    func reload() async throws -> String { try reloading.get() }
    func close() async {}
}

@Suite("console conversation")
@Loop
struct ConsoleConversationTests {
    private struct Outcome {
        let code: Int32
        let output: String
        let errors: String
        let input: ScriptedInput
        let target: ScriptedTarget
    }

    private func talk(
        _ lines: [ConsoleLine], isInteractive: Bool = false, _ prepare: (ScriptedTarget) -> Void = { _ in }
    ) async throws -> Outcome {
        let input = ScriptedInput(lines, isInteractive: isInteractive)
        let target = ScriptedTarget()
        prepare(target)
        var output = ""
        var errors = ""
        let conversation = ConsoleConversation(
            input, target, print: { output += $0 }, complain: { errors += $0 })
        let code = try await conversation.run()
        return Outcome(code: code, output: output, errors: errors, input: input, target: target)
    }

    @Test("lines are run in order, blank ones are not, and what is printed comes before the value")
    func plain() async throws {
        let outcome = try await talk([.text("a"), .text("  "), .text("print(1)"), .end])
        #expect(outcome.output == "= a\nprinted\n= print(1)\n")
        #expect(outcome.target.codes == ["a", "print(1)"])
        #expect(outcome.code == 0)
    }

    @Test("a person gets a banner and a prompt, and another prompt for the rest of a statement")
    func continued() async throws {
        let outcome = try await talk([.text("if x then"), .text(""), .text("end")], isInteractive: true) {
            $0.answers = ["if x then": .incomplete, "if x then\n": .incomplete, "if x then\n\nend": .values([])]
        }
        #expect(outcome.input.prompts == ["lua> ", "..   ", "..   ", "lua> "])
        #expect(outcome.input.remembered == ["if x then\n\nend"])
        #expect(outcome.output == "a target\n.help says what else there is.\n")
    }

    @Test("Ctrl-C drops what was begun")
    func interrupted() async throws {
        let outcome = try await talk([.text("if x"), .interrupted, .text("b")], isInteractive: true) {
            $0.answers = ["if x": .incomplete]
        }
        #expect(outcome.target.codes == ["if x", "b"])
    }

    @Test("a failure is told with its traceback; a person goes on, a pipe ends with code 1 after all lines")
    func failures() async throws {
        for isInteractive in [true, false] {
            let outcome = try await talk([.text("bad"), .text("good")], isInteractive: isInteractive) {
                $0.answers = ["bad": .failed(ConsoleFailure(message: "it broke", traceback: "stack traceback:\n\tx:1"))]
            }
            #expect(outcome.errors == "error: it broke\nstack traceback:\n\tx:1\n")
            #expect(outcome.output.hasSuffix("= good\n"))
            #expect(outcome.code == (isInteractive ? 0 : 1))
        }
    }

    @Test("a text that ends in the middle of a statement is a failure")
    func unfinished() async throws {
        let outcome = try await talk([.text("f("), .end]) { $0.answers = ["f(": .incomplete] }
        #expect(outcome.errors == "error: the text ends before its last statement does\n")
        #expect(outcome.code == 1)
    }

    @Test(
        "the commands with a dot",
        arguments: [
            (".help", ConsoleConversation.help, ""), (".scripts", "a.lua\n", ""), (" .reload ", "loaded\n", ""),
            (".exit", "", ""), (".scritps", "", "error: there is no command .scritps; did you mean .scripts?\n"),
        ])
    func commands(word: String, output: String, errors: String) async throws {
        let outcome = try await talk([.text(word), .text("after")])
        #expect(outcome.output == output + (word == ".exit" ? "" : "= after\n"))
        #expect(outcome.errors == errors)
    }

    @Test("scripts that do not load leave the session as it is")
    func failedReload() async throws {
        let outcome = try await talk([.text(".reload"), .text("a")]) {
            $0.reloading = .failure(Fault(.script, "x.lua:1: no", hint: "mend it"))
        }
        #expect(outcome.errors == "error: x.lua:1: no (mend it)\n")
        #expect(outcome.output == "= a\n")
    }

    @Test("the history comes back as it was, line breaks included, for its owner alone")
    func historyFile() throws {
        let directory = TemporaryDirectory()
        let file = HistoryFile(path: "\(directory.path)/history")
        #expect(file.read() == [])
        try file.write(["one", "two\nlines \"quoted\" ä"])
        #expect(file.read() == ["one", "two\nlines \"quoted\" ä"])
        directory.write("\"kept\"\nnonsense\n7\n\"half", to: "history")
        #expect(file.read() == ["kept"])
        try file.write((0..<1500).map(String.init))
        #expect(file.read().count == 1000 && file.read().first == "500")
        #expect(throws: Fault.self) { try HistoryFile(path: "/nonexistent/history").write(["x"]) }
    }
}
