import Testing

@testable import Host

/// Enough of a terminal to see what a person would: characters in cells, a cursor, and the wait at the last column.
private struct Screen {
    let width: Int
    var rows: [[Character]] = [[]]
    var row = 0
    var column = 0

    mutating func take(_ text: String) {
        var rest = Substring(text)
        while let character = rest.popFirst() {
            switch character {
            case "\r": column = 0
            case "\r\n": (row, column) = (row + 1, 0)
            case "\n": row += 1
            case "\u{1b}": escape(&rest)
            default: put(character)
            }
            while rows.count <= row { rows.append([]) }
        }
    }

    private mutating func put(_ character: Character) {
        let wide = CharacterWidth.of(character)
        if column + wide > width { (row, column) = (row + 1, 0) }
        while rows.count <= row { rows.append([]) }
        while rows[row].count < column + wide { rows[row].append(" ") }
        rows[row][column] = character
        if wide == 2 { rows[row][column + 1] = "~" }
        column += wide
    }

    private mutating func escape(_ rest: inout Substring) {
        rest.removeFirst()
        let number = rest.prefix { $0.isNumber }
        rest = rest.dropFirst(number.count)
        let count = Int(number) ?? 1
        switch rest.popFirst() {
        case "A": row -= count
        case "B": row += count
        case "C": column = min(min(column, width - 1) + count, width - 1)
        case "J" where count == 2: rows = [[]]
        case "J":
            rows = Array(rows.prefix(row + 1))
            rows[row] = Array(rows[row].prefix(column))
        case "H": (row, column) = (0, 0)
        default: break
        }
    }

    var lines: [String] { rows.map { String($0) } }
}

@Suite("line screen")
struct LineScreenTests {
    @Test(
        "the line, its wraps and the cursor, 20 columns wide",
        arguments: [
            ("", 0, ["lua> "], 0, 5), ("abc", 0, ["lua> abc"], 0, 8), ("abc", 2, ["lua> abc"], 0, 6),
            ("123456789012345", 0, ["lua> 123456789012345", ""], 1, 0),
            ("1234567890123456", 0, ["lua> 123456789012345", "6"], 1, 1),
            ("1234567890123456", 1, ["lua> 123456789012345", "6"], 1, 0),
            ("1234567890123456", 2, ["lua> 123456789012345", "6"], 0, 19),
            ("a\nb", 0, ["lua> a", "  .. b"], 1, 6), ("a\nb", 2, ["lua> a", "  .. b"], 0, 6),
            ("123456789012345\nb", 0, ["lua> 123456789012345", "  .. b"], 1, 6),
            ("漢字", 0, ["lua> 漢~字~"], 0, 9), ("漢字", 1, ["lua> 漢~字~"], 0, 7),
            ("12345678901234漢", 0, ["lua> 12345678901234", "漢~"], 1, 2),
            ("12345678901234漢", 1, ["lua> 12345678901234", "漢~"], 0, 19),
            ("e\u{301}x", 0, ["lua> e\u{301}x"], 0, 7), ("a\u{1b}[2Jb", 0, ["lua> a␛[2Jb"], 0, 11),
        ])
    func drawing(text: String, back: Int, lines: [String], row: Int, column: Int) {
        var editor = LineEditor()
        editor.insert(text)
        for _ in 0..<back { _ = editor.press(.left) }
        var screen = LineScreen()
        var terminal = Screen(width: 20)
        // Twice: the second has to find the place of the first.
        for _ in 0..<2 {
            terminal.take(screen.draw(editor, prompt: "lua> ", width: 20))
            #expect(terminal.lines == lines)
            let isWaiting = terminal.column == 20
            #expect((terminal.row, isWaiting ? 19 : terminal.column) == (row, column))
        }
    }

    @Test("every key of a long edit leaves on the screen what a fresh drawing would")
    func redraws() {
        var editor = LineEditor(history: LineHistory(["short", "a much longer line than the screen is wide\nand two"]))
        var screen = LineScreen()
        var terminal = Screen(width: 20)
        terminal.take("before\r\n")
        let keys: [Key] =
            "hello 漢字 world and more".map { .text($0) } + [
                .home, .delete, .wordRight, .text("\n"), .up, .left, .control("u"), .up, .up, .down, .down, .backspace,
                .control("r"), .text("s"), .text("h"), .control("g"), .control("w"), .paste("1\n2\n3"), .left, .home,
            ]
        for key in keys {
            _ = editor.press(key)
            terminal.take(screen.draw(editor, prompt: "> ", width: 20))
            var fresh = LineScreen()
            var blank = Screen(width: 20)
            blank.take("before\r\n" + fresh.draw(editor, prompt: "> ", width: 20))
            #expect(terminal.lines == blank.lines, "\(key)")
            #expect((terminal.row, terminal.column) == (blank.row, blank.column), "\(key)")
        }
    }

    @Test("leaving goes below the last row, wherever the cursor was")
    func leaving() {
        var editor = LineEditor()
        editor.insert("1234567890123456\nx")
        _ = editor.press(.home)
        var screen = LineScreen()
        var terminal = Screen(width: 20)
        terminal.take(screen.draw(editor, prompt: "lua> ", width: 20))
        #expect(terminal.row == 0)
        terminal.take(screen.leave(editor, prompt: "lua> ", width: 20) + "out")
        #expect(terminal.lines == ["lua> 123456789012345", "6", "  .. x", "out"])
    }

    @Test("clearing puts the line on top")
    func clearing() {
        var editor = LineEditor()
        editor.insert("abc")
        var screen = LineScreen()
        var terminal = Screen(width: 20)
        terminal.take("old\r\nold\r\n" + screen.draw(editor, prompt: "> ", width: 20))
        terminal.take(screen.clear() + screen.draw(editor, prompt: "> ", width: 20))
        #expect(terminal.lines == ["> abc"])
    }

    @Test(
        "columns that characters take",
        arguments: [
            ("a", 1), ("é", 1), ("e\u{301}", 1), ("漢", 2), ("ｱ", 1), ("Ａ", 2), ("🙂", 2), ("👩‍👧", 2), ("🇩🇪", 2), ("☺️", 2),
            ("한", 2), ("\u{200b}", 0), ("→", 1), ("", 0),
        ])
    func widths(text: String, width: Int) { #expect(CharacterWidth.of(text) == width) }
}
