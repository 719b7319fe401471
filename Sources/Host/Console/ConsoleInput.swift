import Glibc
import Runtime

/// Where a console's lines come from.
@Loop
protocol ConsoleInput: AnyObject {
    /// Whether a person types, who wants prompts and colours of speech.
    var isInteractive: Bool { get }
    /// Called for Ctrl-C while no line is asked for.
    var onInterrupt: (() -> Void)? { get set }
    func line(prompt: String, complete: @escaping Completer) async throws -> ConsoleLine
    /// What can be recalled later; several lines that belong together are one entry.
    func remember(_ entry: String)
    func close()
}

typealias Completer = @Loop (String) async -> [ConsoleCandidate]

enum ConsoleLine: Equatable {
    case text(String)
    case interrupted
    case end
}

/// Lines of a file or a pipe.
@Loop
final class PlainInput: ConsoleInput {
    let isInteractive = false
    var onInterrupt: (() -> Void)?
    private var bytes: [UInt8] = []
    private var isEnded = false

    func line(prompt: String, complete: @escaping Completer) async throws -> ConsoleLine {
        while true {
            if let end = bytes.firstIndex(of: 10) {
                defer { bytes.removeFirst(end + 1) }
                return .text(String(decoding: bytes[..<end], as: UTF8.self))
            }
            if isEnded {
                guard !bytes.isEmpty else { return .end }
                defer { bytes = [] }
                return .text(String(decoding: bytes, as: UTF8.self))
            }
            let piece = try await BlockingPool.shared.run("reading standard input") {
                var piece = [UInt8](repeating: 0, count: 65_536)
                let count = read(STDIN_FILENO, &piece, piece.count)
                return Array(piece.prefix(max(0, count)))
            }
            bytes += piece
            isEnded = piece.isEmpty
        }
    }

    func remember(_ entry: String) {}
    func close() {}
}

/// Lines typed at a terminal, with the line editor between.
@Loop
final class TerminalInput: ConsoleInput {
    let isInteractive = true
    var onInterrupt: (() -> Void)?
    private let terminal: RawTerminal
    private let file: HistoryFile
    private var editor: LineEditor
    private var screen = LineScreen()
    private let keys = Mailbox<Key>("a key", limit: 4096)
    private var isAsking = false
    private var entry: String?

    init(_ terminal: RawTerminal, history file: HistoryFile) {
        self.terminal = terminal
        self.file = file
        editor = LineEditor(history: LineHistory(file.read()))
        terminal.onKey = { [unowned self] key in
            if !isAsking, key == .control("c") { onInterrupt?() } else { keys.send(key) }
        }
        terminal.onEnd = { [unowned self] in keys.finish() }
        terminal.enter()
    }

    func close() {
        terminal.leave()
        keys.finish()
    }

    func remember(_ entry: String) {
        self.entry = entry
        do {
            try file.write(editor.entries + [entry])
        } catch {
            // A history that cannot be kept is no reason to disturb: it lasts as long as this console.
            return
        }
    }

    func line(prompt: String, complete: @escaping Completer) async throws -> ConsoleLine {
        isAsking = true
        defer { isAsking = false }
        editor.reset(remembering: entry)
        entry = nil
        draw(prompt)
        while let key = try await keys.next() {
            switch editor.press(key) {
            case .nothing: break
            case .redraw: draw(prompt)
            case .submit(let text):
                leave(prompt)
                return .text(text)
            case .interrupt:
                Terminal.print("^C")
                leave(prompt)
                return .interrupted
            case .endOfInput:
                leave(prompt)
                return .end
            case .clearScreen:
                Terminal.print(screen.clear())
                draw(prompt)
            case .suspend:
                leave(prompt)
                terminal.suspend()
                draw(prompt)
            case .complete(let text):
                offer(await complete(text), after: text, prompt)
            }
        }
        return .end
    }

    private func draw(_ prompt: String) {
        Terminal.print(screen.draw(editor, prompt: prompt, width: terminal.width))
    }

    private func leave(_ prompt: String) {
        Terminal.print(screen.leave(editor, prompt: prompt, width: terminal.width))
    }

    /// One candidate, or the beginning that all share, is put in; a choice is shown below the line.
    private func offer(_ candidates: [ConsoleCandidate], after text: String, _ prompt: String) {
        let offer = CompletionOffer(candidates, after: text)
        if !offer.insertion.isEmpty {
            editor.insert(offer.insertion)
        } else if let listing = offer.listing(width: terminal.width) {
            leave(prompt)
            Terminal.print(listing)
        }
        draw(prompt)
    }
}
