import LuaBridge
import Testing

@testable import Runtime

@Suite("shapes")
struct ShapeTests {
    /// Nil where the value is right, else the whole complaint.
    private func complaint(_ shape: Shape, _ value: LuaValue, subject: String = "it") -> String? {
        do {
            try shape.check(value)
            return nil
        } catch let fault as ShapeFault {
            return fault.text(of: subject)
        } catch {
            return "\(error)"
        }
    }

    private func expect(_ shape: Shape, _ rows: [(LuaValue, String?)], _ place: SourceLocation = #_sourceLocation) {
        for (value, message) in rows { #expect(complaint(shape, value) == message, sourceLocation: place) }
    }

    @Test("plain values say what they must be and what they are")
    func plain() {
        expect(.any, [(.nil, nil), (["x": 1], nil)])
        expect(.boolean, [(true, nil), ("yes", "it must be true or false, not \"yes\"")])
        expect(
            .text(max: 3),
            [
                ("abc", nil), ("abcd", "it is 4 bytes long, at most 3 are taken"),
                (1, "it must be text, not the number 1"),
            ])
        expect(
            .integer(1...5),
            [
                (1, nil), (5.0, nil), (6, "it is 6; it must be from 1 to 5"),
                (1.5, "it must be a whole number, not the number 1.5"),
            ])
        expect(
            .number(0...1),
            [
                (0.5, nil), (1, nil), (2, "it is 2.0; it must be from 0.0 to 1.0"),
                (.nil, "it must be a number, not nothing"),
            ])
        expect(
            .text(),
            [
                (.bytes([0xff]), nil), (.null, "it must be text, not null"), ([1], "it must be text, not a list"),
                ([:], "it must be text, not a table"),
            ])
    }

    @Test("durations and sizes are taken as people write them, or as numbers")
    func units() {
        expect(
            .duration,
            [
                ("15m", nil), ("1h30m", nil), (90, nil), (0.5, nil),
                ("soon", "it must be a duration such as \"15m\", or a number of seconds, not \"soon\""),
                (-1, "it must be a duration such as \"15m\", or a number of seconds, not the number -1"),
            ])
        expect(
            .size,
            [
                ("2GB", nil), (1024, nil),
                ("big", "it must be a size such as \"10MB\", or a number of bytes, not \"big\""),
                (-1, "it must be a size such as \"10MB\", or a number of bytes, not the number -1"),
            ])
    }

    @Test("a choice names the nearest of its words")
    func choices() {
        expect(
            .choice(["skip", "queue", "replace"]),
            [
                ("queue", nil),
                ("quue", "it is \"quue\", not one of \"skip\", \"queue\", \"replace\"; did you mean \"queue\"?"),
                ("something", "it is \"something\", not one of \"skip\", \"queue\", \"replace\""),
                (true, "it must be one of \"skip\", \"queue\", \"replace\", not true"),
            ])
    }

    @Test("a fault deep inside is told with the way to it")
    func nested() {
        let inner = Record("host.Inner", "Inner.", [.required("size", .integer(), "Its size.")])
        let outer = Record(
            "host.Outer", "Outer.",
            [.optional("parts", .list(.record(inner)), "Parts."), .optional("by_name", .map(.record(inner)), "Named.")])
        expect(
            .record(outer),
            [
                ([:], nil), ([], nil), (["parts": [["size": 1]]], nil),
                (
                    ["parts": [["size": 1], ["size": "x"]]],
                    "it: field 'parts[2].size' must be a whole number, not \"x\""
                ),
                (["parts": [[:]]], "it: field 'parts[1].size' is missing"),
                (["by_name": ["a": ["sice": 1]]], "it: field 'by_name.a.sice' is unknown; did you mean 'size'?"),
                (["by_name": [["size": 1]]], "it: field 'by_name' must be a table, not a list"),
                (["whatever": 1], "it: field 'whatever' is unknown; known are parts, by_name"),
                (7, "it must be a table, not the number 7"),
            ])
    }

    @Test("an open record takes fields that it does not know, and still checks those that it does")
    func open() {
        let record = Record("host.Open", "Open.", isOpen: true, [.optional("model", .text(), "The model.")])
        expect(
            .record(record),
            [(["model": "x", "new": 1], nil), (["model": 1], "it: field 'model' must be text, not the number 1")])
    }

    @Test("of alternatives, the complaint is about the one that was meant")
    func either() {
        let record = Record("host.R", "R.", [.required("summary", .text(), "Summary.")])
        expect(
            .either([.text(), .record(record)]),
            [
                ("x", nil), (["summary": "x"], nil),
                (["summary": 1], "it: field 'summary' must be text, not the number 1"),
                (1, "it must be text or a table, not the number 1"),
            ])
    }

    @Test("a grammar says what is wrong with a text")
    func grammar() {
        expect(
            Contract.recurrence,
            [
                ("every 15m", nil), ("30 3 * * *", nil),
                (
                    "every now",
                    "it is wrong: \"every now\" is not a period of at least a second; "
                        + "write \"every 15m\" or \"every 1h30m\""
                ),
                (5, "it must be a schedule such as \"30 3 * * *\" or \"every 15m\", not the number 5"),
            ])
        expect(Contract.zone, [("Europe/Berlin", nil), ("UTC", nil)])
        #expect(complaint(Contract.zone, "Europe/Atlantis") != nil)
        expect(
            Contract.name,
            [
                ("worktrees", nil), ("a-b_2", nil), ("", "it is wrong: it is empty"),
                ("Trash", "it is wrong: \"Trash\" must begin with a small letter"),
                ("my job", "it is wrong: \"my job\" has other characters than small letters, digits, `_` and `-`"),
                (
                    .string(String(repeating: "a", count: 65)),
                    "it is wrong: \"\(String(repeating: "a", count: 65))\" is longer than 64 letters"
                ),
            ])
    }
}
