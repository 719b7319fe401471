import Testing

@testable import Host

@Suite("key reader")
struct KeyReaderTests {
    @Test(
        "what terminals send for each key",
        arguments: [
            ("a", [.text("a")]), ("é", [.text("é")]), ("漢🙂", [.text("漢"), .text("🙂")]), ("\r", [.enter]),
            ("\n", [.enter]),
            ("\t", [.tab]), ("\u{7f}", [.backspace]), ("\u{8}", [.backspace]), ("\u{1}", [.control("a")]),
            ("\u{12}", [.control("r")]), ("\u{1b}[A", [.up]), ("\u{1b}[B", [.down]), ("\u{1b}[C", [.right]),
            ("\u{1b}[D", [.left]), ("\u{1b}OA", [.up]), ("\u{1b}[H", [.home]), ("\u{1b}OF", [.end]),
            ("\u{1b}[1~", [.home]), ("\u{1b}[3~", [.delete]), ("\u{1b}[1;5C", [.wordRight]), ("\u{1b}b", [.wordLeft]),
            ("\u{1b}d", [.deleteWord]), ("\u{1b}\u{7f}", [.control("w")]), ("\u{1b}[99~x", [.unknown, .text("x")]),
            ("\u{1b}[200~a\r\nb\tc\u{1b}[201~d", [.paste("a\nb\tc"), .text("d")]),
            ("\u{1b}[200~\u{1b}[201~", [.paste("")]),
            ("\u{1b}[200~a\u{1b}[Ab\u{1b}[201~", [.paste("a\u{1b}[Ab")]),
        ] as [(String, [Key])])
    func keys(bytes: String, keys: [Key]) {
        var whole = KeyReader()
        #expect(whole.read(bytes.utf8) == keys)
        var split = KeyReader()
        #expect(bytes.utf8.flatMap { split.read([$0]) } == keys, "byte by byte")
    }

    @Test("an escape alone is a key only when nothing follows it")
    func escape() {
        var reader = KeyReader()
        #expect(reader.read([0x1b]) == [])
        #expect(reader.finishEscape() == .escape)
        #expect(reader.finishEscape() == nil)
        #expect(reader.read([0x1b, 0x5b]) == [])
        #expect(reader.finishEscape() == nil)
        #expect(reader.read([0x41]) == [.up])
    }

    @Test("bytes that are no UTF-8 are passed over, and what follows is read")
    func broken() {
        var reader = KeyReader()
        #expect(reader.read([0xff, 0x61, 0xc3, 0x28, 0xe2, 0x82]) == [.unknown, .text("a"), .unknown, .text("(")])
        #expect(reader.read([0xac]) == [.text("€")])
    }
}
