import Glibc
import Runtime

/// Standard output and standard error of a command. `serve` logs instead.
enum Terminal {
    static func print(_ text: String) { put(text, to: STDOUT_FILENO) }

    static func warn(_ text: String) { put(text, to: STDERR_FILENO) }

    /// A failure, one line a problem, with the advice below it.
    static func complain(_ fault: Fault) {
        let lines = fault.message.split(separator: "\n").map { "perigee: \($0)\n" }.joined()
        put(lines + (fault.hint.map { "  \($0)\n" } ?? ""), to: STDERR_FILENO)
    }

    private static func put(_ text: String, to descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var sent = 0
            while sent < bytes.count {
                let count = write(descriptor, bytes.baseAddress! + sent, bytes.count - sent)
                if count < 0 && errno == EINTR { continue }
                // A reader that has left, such as `head`, is no failure.
                guard count > 0 else { return }
                sent += count
            }
        }
    }
}
