import Glibc
import Runtime

/// The terminal that a person types at, giving every key at once while it is in use.
@Loop
final class RawTerminal: Pollable {
    /// Told of every key.
    var onKey: ((Key) -> Void)?
    /// Told when nobody types any more.
    var onEnd: (() -> Void)?

    private var reader = KeyReader()
    private var usual = termios()
    private var isRaw = false
    private var isWatched = false

    /// Nil when standard input or output is no terminal.
    init?() {
        guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1, tcgetattr(STDIN_FILENO, &usual) == 0 else {
            return nil
        }
    }

    var width: Int {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// Every key at once, none of them a signal; what is printed keeps its line ends.
    func enter() {
        guard !isRaw else { return }
        var raw = usual
        raw.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG | IEXTEN)
        raw.c_iflag &= ~tcflag_t(IXON | ICRNL | INLCR | ISTRIP | BRKINT)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &raw)
        isRaw = true
        if !isWatched {
            Loop.watch(STDIN_FILENO, .readable, self)
            isWatched = true
        }
        // Bracketed paste: what is put in at once comes between two marks.
        Terminal.print("\u{1b}[?2004h")
    }

    /// As it was. Safe to call twice, and at any moment.
    func leave() {
        if isWatched {
            Loop.unwatch(STDIN_FILENO)
            isWatched = false
        }
        guard isRaw else { return }
        isRaw = false
        Terminal.print("\u{1b}[?2004l")
        tcsetattr(STDIN_FILENO, TCSADRAIN, &usual)
    }

    /// Gives the terminal back to the shell until somebody says `fg`.
    func suspend() {
        leave()
        raise(SIGTSTP)
        enter()
    }

    func ready(_ readiness: Runtime.Readiness) {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = read(STDIN_FILENO, &bytes, bytes.count)
        if count < 0, errno == EINTR || errno == EAGAIN { return }
        guard count > 0 else {
            leave()
            onEnd?()
            return
        }
        for key in reader.read(bytes[..<count]) { onKey?(key) }
        if let key = reader.finishEscape() { onKey?(key) }
    }
}
