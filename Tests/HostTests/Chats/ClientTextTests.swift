import Testing

@testable import Host

@Suite("a user's message as a client with documents sends it")
struct ClientTextTests {
    private static let rules = "### Task:\nRespond to the user query using the provided context, with citations.\n"
    private static let context = "<context>\n<source id=\"1\" name=\"a.txt\">red</source>\n</context>"
    private static let files = """
        <attached_files>
        <file type="file" id="7" url="7" content_type="text/plain" name="a.txt"/>
        <file type="image" url="8" name="b c.png"/>
        </attached_files>
        """

    @Test("words alone are words")
    func plain() {
        for text in ["", "say hi", "### Task:\nfor you", "see <context>this</context>", "a\n\nb "] {
            #expect(ClientText(text).words == text)
            #expect(ClientText(text).context == nil && ClientText(text).files.isEmpty)
        }
    }

    @Test("context and files are taken from around them", arguments: ["what is it?", "", "two\nlines"])
    func wrapped(_ words: String) {
        let all = ClientText("\(Self.rules)\(Self.context)\n\n\(Self.files)\n\n\(words)")
        #expect(all.words == words && all.context == Self.rules + Self.context)
        #expect(all.files == ["a.txt", "b c.png"])
        let named = ClientText("\(Self.files)\n\n\(words)")
        #expect(named.words == words && named.context == nil && named.files == all.files)
        let found = ClientText("\(Self.rules)\(Self.context)\n\n\(words)")
        #expect(found.words == words && found.context == all.context && found.files.isEmpty)
    }

    @Test("what only looks like it stays as it is")
    func torn() {
        for text in [Self.rules + "and no end", "<attached_files>\n<file name=\"x", "x " + Self.context] {
            #expect(ClientText(text).words == text)
        }
    }
}
