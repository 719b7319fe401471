import Testing

@testable import Host

@Suite("line editor")
struct LineEditorTests {
    /// Keys as words: what is no name of a key is typed.
    private static let named: [String: Key] = [
        "<left>": .left, "<right>": .right, "<home>": .home, "<end>": .end, "<up>": .up, "<down>": .down,
        "<back>": .backspace, "<del>": .delete, "<wleft>": .wordLeft, "<wright>": .wordRight, "<esc>": .escape,
        "<wdel>": .deleteWord, "<?>": .unknown,
    ]

    private static func press(_ editor: inout LineEditor, _ script: String) -> [LineEditor.Action] {
        script.split(separator: " ").flatMap { word -> [LineEditor.Action] in
            if let key = named[String(word)] { return [editor.press(key)] }
            if word.hasPrefix("^"), word.count == 2 { return [editor.press(.control(word.last!))] }
            return word.map { editor.press(.text($0 == "_" ? " " : $0)) }
        }
    }

    @Test(
        "keys to line and cursor (_ types a blank)",
        arguments: [
            ("abc", "abc|"), ("abc <left> <left> X", "aX|bc"), ("abc <home> X <end> Y", "XabcY|"),
            ("abc ^a X ^e Y", "XabcY|"), ("abc <back>", "ab|"), ("abc <home> <back>", "|abc"),
            ("abc <home> <del>", "|bc"), ("abc <del>", "abc|"), ("abc <left> ^d", "ab|"), ("abc <left> ^k", "ab|"),
            ("abc <left> ^u", "|c"), ("ab_cd ^w", "ab |"), ("ab_cd_ ^w", "ab |"), ("ab ^w ^y ^y", "abab|"),
            ("ab_cd.ef <wleft>", "ab cd.|ef"), ("ab_cd.ef <wleft> <wleft>", "ab |cd.ef"),
            ("ab_cd <home> <wright>", "ab| cd"), ("ab_cd <home> <wdel>", "| cd"), ("a ^b ^b ^f X", "aX|"),
            ("abc <left> <left> <left> <left>", "|abc"), ("abc <right> <?> <esc>", "abc|"),
            ("äöü <left> <back>", "ä|ü"), ("漢字 <left> X", "漢X|字"), ("🙂🙂 <back>", "🙂|"),
        ])
    func editing(script: String, line: String) {
        var editor = LineEditor()
        _ = Self.press(&editor, script)
        #expect(Self.shown(editor) == line)
    }

    @Test("an accent joins the letter before the cursor, and one backspace takes both")
    func joining() {
        var editor = LineEditor()
        _ = Self.press(&editor, "ex <left>")
        _ = editor.press(.text("\u{301}"))
        #expect(Self.shown(editor) == "e\u{301}|x")
        _ = editor.press(.backspace)
        #expect(Self.shown(editor) == "|x")
    }

    @Test(
        "what a key asks for",
        arguments: [
            ("ab ^c", .interrupt), ("^d", .endOfInput), ("ab ^l", .clearScreen), ("ab ^z", .suspend),
            ("<left>", .nothing), ("<up>", .nothing), ("a <left>", .redraw), ("^x", .nothing), ("^r", .redraw),
        ] as [(String, LineEditor.Action)])
    func actions(script: String, action: LineEditor.Action) {
        var editor = LineEditor()
        #expect(Self.press(&editor, script).last == action)
    }

    @Test("Enter gives the line, Tab what stands before the cursor")
    func giving() {
        var editor = LineEditor()
        _ = Self.press(&editor, "host.ht <left>")
        #expect(editor.press(.tab) == .complete("host.h"))
        editor.insert("XY")
        #expect(Self.shown(editor) == "host.hXY|t")
        #expect(editor.press(.enter) == .submit("host.hXYt"))
        editor.reset(remembering: "host.hXYt")
        #expect(Self.shown(editor) == "|")
        #expect(editor.entries == ["host.hXYt"])
    }

    @Test("a paste of several lines stays one line to edit until Enter")
    func paste() {
        var editor = LineEditor()
        #expect(editor.press(.paste("if x then\n  y()\nend")) == .redraw)
        #expect(editor.press(.enter) == .submit("if x then\n  y()\nend"))
    }

    @Test(
        "the arrows go through earlier lines and back to the draft",
        arguments: [
            ("<up>", "three|"), ("<up> <up>", "two\nlines|"), ("<up> <up> <up> <up>", "one|"),
            ("dr <up> <down>", "dr|"), ("dr <up> <up> <down>", "three|"), ("<down>", "|"), ("^p ^p ^n", "three|"),
            ("dr <up> X <up> <down> <down>", "dr|"),
        ])
    func history(script: String, line: String) {
        var editor = LineEditor(history: LineHistory(["one", "two\nlines", "three"]))
        _ = Self.press(&editor, script)
        #expect(Self.shown(editor) == line)
    }

    @Test(
        "Ctrl-R finds earlier lines by a part of them",
        arguments: [
            ("^r n", "two\nlines|", "n"), ("^r e", "three|", "e"), ("^r e ^r", "two\nlines|", "e"),
            ("^r e ^r ^r", "one|", "e"), ("^r e ^r ^r ^r", "one|", "e"), ("^r o n", "one|", "on"),
            ("^r q", "|", "q"), ("^r o n <back>", "two\nlines|", "o"), ("^r e ^g", "three|", nil),
            ("^r e <left>", "thre|e", nil), ("^r e ^a", "|three", nil),
        ] as [(String, String, String?)])
    func searching(script: String, line: String, query: String?) {
        var editor = LineEditor(history: LineHistory(["one", "two\nlines", "three"]))
        _ = Self.press(&editor, script)
        #expect(Self.shown(editor) == line)
        #expect(editor.search?.query == query)
    }

    @Test("Enter in a search takes what was found")
    func searchAndEnter() {
        var editor = LineEditor(history: LineHistory(["one", "two"]))
        _ = Self.press(&editor, "^r one")
        #expect(editor.press(.enter) == .submit("one"))
        #expect(editor.search == nil)
    }

    @Test("the history keeps a thousand lines, no blank ones and none twice in a row")
    func historyBounds() {
        var history = LineHistory((0..<1200).map(String.init))
        #expect(history.entries.count == 1000 && history.entries.first == "200")
        for entry in ["", "  \n", "1199"] { history.add(entry) }
        #expect(history.entries.count == 1000 && history.entries.last == "1199")
        history.add("new")
        #expect(history.entries.first == "201" && history.entries.last == "new")
    }

    private static func shown(_ editor: LineEditor) -> String {
        String(editor.buffer[..<editor.cursor]) + "|" + String(editor.buffer[editor.cursor...])
    }
}
