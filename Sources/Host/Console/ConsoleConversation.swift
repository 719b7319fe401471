import Runtime

/// A console from its banner to its end: reads lines, has them evaluated, prints what comes back.
@Loop
final class ConsoleConversation {
    private let input: any ConsoleInput
    private let target: any ConsoleTarget
    private let print: (String) -> Void
    private let complain: (String) -> Void
    /// Lines that are not complete yet.
    private var begun = ""
    private var hasFailed = false

    nonisolated static let help = """
        Type Lua: expressions are shown, variables last, `local` or not. `_` is the last value.
          .scripts   the scripts of this generation
          .reload    load the scripts anew, and begin a new session with them
          .help      this
          .exit      leave, as does Ctrl-D
        Tab completes, Ctrl-R searches earlier lines, Ctrl-C ends what runs.

        """

    init(
        _ input: any ConsoleInput, _ target: any ConsoleTarget, print: @escaping (String) -> Void,
        complain: @escaping (String) -> Void
    ) {
        self.input = input
        self.target = target
        self.print = print
        self.complain = complain
        input.onInterrupt = { [unowned target] in target.interrupt() }
    }

    /// Returns the exit code: 1 when a line of a file or pipe failed.
    func run() async throws -> Int32 {
        if input.isInteractive { print("\(target.title)\n.help says what else there is.\n") }
        while true {
            switch try await input.line(prompt: prompt, complete: { [target] in await target.complete($0) }) {
            case .text(let line):
                if try await !take(line) { return exitCode }
            case .interrupted:
                begun = ""
            case .end:
                if !begun.isEmpty { try await evaluate(begun, isLast: true) }
                return exitCode
            }
        }
    }

    private var prompt: String { begun.isEmpty ? "lua> " : "..   " }
    private var exitCode: Int32 { hasFailed && !input.isInteractive ? 1 : 0 }

    /// False at the end.
    private func take(_ line: String) async throws -> Bool {
        if begun.isEmpty {
            let word = line.filter { $0 != " " && $0 != "\t" }
            if word.isEmpty { return true }
            if word.first == "." {
                input.remember(word)
                return try await obey(word)
            }
        }
        try await evaluate(begun.isEmpty ? line : "\(begun)\n\(line)", isLast: false)
        return true
    }

    private func obey(_ word: String) async throws -> Bool {
        switch word {
        case ".exit", ".quit": return false
        case ".help": print(ConsoleConversation.help)
        case ".scripts": await report { try await target.scripts() }
        case ".reload": await report { try await target.reload() }
        default:
            let known = [".help", ".scripts", ".reload", ".exit"]
            let advice = NearestName.of(word, among: known).map { "did you mean \($0)?" } ?? ".help lists them"
            fail("there is no command \(word); \(advice)")
        }
        return true
    }

    private func report(_ body: () async throws -> String) async {
        do {
            print(try await body())
        } catch {
            fail(Fault(error).description)
        }
    }

    private func evaluate(_ code: String, isLast: Bool) async throws {
        switch try await target.evaluate(code, onOutput: { [print] in print($0 + "\n") }) {
        case .incomplete where !isLast:
            begun = code
            return
        case .incomplete: fail("the text ends before its last statement does")
        case .values(let values): for value in values { print(value + "\n") }
        case .failed(let failure):
            fail(failure.message)
            if !failure.traceback.isEmpty { complain(failure.traceback + "\n") }
        }
        begun = ""
        input.remember(code)
    }

    private func fail(_ message: String) {
        hasFailed = true
        complain("error: \(message)\n")
    }
}
