import Glibc

/// Colours for people: on a terminal, unless NO_COLOR says otherwise (https://no-color.org).
struct Paint: Sendable {
    let isOn: Bool

    static var ofOutput: Paint {
        Paint(isOn: isatty(STDOUT_FILENO) == 1 && (getenv("NO_COLOR").map { $0.pointee == 0 } ?? true))
    }

    func bold(_ text: String) -> String { paint(text, "1") }
    func faint(_ text: String) -> String { paint(text, "2") }
    func bad(_ text: String) -> String { paint(text, "31") }
    func good(_ text: String) -> String { paint(text, "32") }
    func worth(_ text: String) -> String { paint(text, "33") }

    private func paint(_ text: String, _ code: String) -> String {
        isOn && !text.isEmpty ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
    }
}
