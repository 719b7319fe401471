/// Puts a line editor's line on a terminal: every redraw is one text of characters and escape sequences.
///
/// It remembers only in which row of its own the cursor stands, so what is above it on the screen does not matter.
struct LineScreen: Equatable {
    private var cursorRow = 0

    private static let clearBelow = "\u{1b}[J"
    private static let clearAll = "\u{1b}[H\u{1b}[2J"

    /// The line anew, in the place of what was drawn before.
    mutating func draw(_ editor: LineEditor, prompt: String, width: Int) -> String {
        let head = back + LineScreen.clearBelow
        let prompt = LineScreen.prompt(editor, prompt)
        let body = layout(editor.buffer, prompt, width)
        let end = body.end
        let at = layout(editor.buffer[..<editor.cursor], prompt, width).end
        cursorRow = at.row
        var text = head + body.text
        // A terminal waits with the wrap until the next character, and the cursor belongs in the next row.
        if body.isFull { text += "\r\n" }
        if end.row > at.row { text += "\u{1b}[\(end.row - at.row)A" }
        text += "\r"
        if at.column > 0 { text += "\u{1b}[\(at.column)C" }
        return text
    }

    /// Leaves the line as it stands and goes below it.
    mutating func leave(_ editor: LineEditor, prompt: String, width: Int) -> String {
        let prompt = LineScreen.prompt(editor, prompt)
        let end = layout(editor.buffer, prompt, width).end
        let down = end.row - cursorRow
        cursorRow = 0
        return (down > 0 ? "\u{1b}[\(down)B" : "") + "\r\n"
    }

    mutating func clear() -> String {
        cursorRow = 0
        return LineScreen.clearAll
    }

    /// The rest of a line, and lines of an earlier multi-line entry, stand under this.
    static func continuation(of prompt: String) -> String {
        String(repeating: " ", count: max(0, CharacterWidth.of(prompt) - 3)) + ".. "
    }

    private static func prompt(_ editor: LineEditor, _ prompt: String) -> String {
        guard let search = editor.search else { return prompt }
        return search.match == nil && !search.query.isEmpty
            ? "(nothing with '\(search.query)') " : "(search '\(search.query)') "
    }

    private var back: String { (cursorRow > 0 ? "\u{1b}[\(cursorRow)A" : "") + "\r" }

    private struct Layout {
        var text: String
        var end: (row: Int, column: Int)
        /// The last row is filled to its last column.
        var isFull: Bool
    }

    private func layout(_ characters: some Sequence<Character>, _ prompt: String, _ width: Int) -> Layout {
        let width = max(width, 20)
        let continuation = LineScreen.continuation(of: prompt)
        var text = ""
        var row = 0
        var column = 0
        func put(_ character: Character) {
            let shown = LineScreen.shown(character)
            let wide = CharacterWidth.of(shown)
            // A wide character is not cut in two: it begins the next row.
            if column + wide > width { (row, column) = (row + 1, 0) }
            text += shown
            column += wide
        }
        prompt.forEach(put)
        for character in characters {
            guard character == "\n" else {
                put(character)
                continue
            }
            text += "\r\n"
            (row, column) = (row + 1, 0)
            continuation.forEach(put)
        }
        let isFull = column == width
        return Layout(text: text, end: isFull ? (row + 1, 0) : (row, column), isFull: isFull)
    }

    /// Control characters, which a paste may bring, as pictures, so that they cannot steer the terminal.
    private static func shown(_ character: Character) -> String {
        guard let scalar = character.unicodeScalars.first else { return "" }
        if character == "\t" { return "  " }
        if scalar.value < 32 { return String(Character(Unicode.Scalar(0x2400 + scalar.value)!)) }
        if scalar.value == 127 || 0x80...0x9f ~= scalar.value { return "\u{fffd}" }
        return String(character)
    }
}
