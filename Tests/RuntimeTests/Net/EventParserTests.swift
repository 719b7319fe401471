import Runtime
import Testing

@Suite("event streams and lines")
struct EventParserTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let stream: String
        let events: [ServerEvent]
        var testDescription: String { name }
    }

    static func event(_ data: String, _ name: String = "message", id: String = "") -> ServerEvent {
        ServerEvent(name: name, data: Array(data.utf8), id: id)
    }

    static let cases = [
        Case(name: "one", stream: "data: hello\n\n", events: [event("hello")]),
        Case(name: "lines", stream: "data: a\ndata:b\ndata:  c\n\n", events: [event("a\nb\n c")]),
        Case(
            name: "every ending", stream: "data: a\r\rdata: b\n\ndata: c\r\n\r\n",
            events: [event("a"), event("b"), event("c")]),
        Case(name: "mixed endings", stream: "data: a\r\ndata: b\rdata: c\n\r\n", events: [event("a\nb\nc")]),
        Case(name: "mark", stream: "\u{feff}data: a\n\n", events: [event("a")]),
        Case(name: "two marks", stream: "\u{feff}\u{feff}data: a\n\n", events: []),
        Case(name: "comments", stream: ": ping\n\n:\ndata: a\n: more\n\n", events: [event("a")]),
        Case(name: "no data, no event", stream: "event: x\nid: 1\n\ndata: a\n\n", events: [event("a", id: "1")]),
        Case(
            name: "empty data", stream: "data\n\ndata:\n\ndata\ndata\n\n", events: [event(""), event(""), event("\n")]),
        Case(name: "name", stream: "event: add\ndata: 1\n\ndata: 2\n\n", events: [event("1", "add"), event("2")]),
        Case(
            name: "ids stay", stream: "id: 7\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
            events: [event("a", id: "7"), event("b", id: "7"), event("c")]),
        Case(
            name: "id with NUL", stream: "id: 1\ndata: a\n\nid: 2\u{0}3\ndata: b\n\n",
            events: [event("a", id: "1"), event("b", id: "1")]),
        Case(name: "unfinished", stream: "data: a\n\ndata: b\n", events: [event("a")]),
        Case(name: "unknown fields", stream: "dat: x\ndatas: y\n data: z\nData: q\ndata: a\n\n", events: [event("a")]),
        Case(name: "colons", stream: "data:a:b: c\n\n", events: [event("a:b: c")]),
        Case(name: "utf-8", stream: "data: é😀\n\n", events: [event("é😀")]),
        Case(name: "the WHATWG's", stream: "data: YHOO\ndata: +2\ndata: 10\n\n", events: [event("YHOO\n+2\n10")]),
        Case(name: "nothing", stream: "\n\n\r\r\n", events: []),
    ]

    @Test("the stream means the same wherever it is cut in two", arguments: cases)
    func twoPieces(_ example: Case) throws {
        let bytes = Array(example.stream.utf8)
        for cut in 0...bytes.count {
            let events = try parse([Array(bytes[..<cut]), Array(bytes[cut...])])
            #expect(events == example.events, "cut at \(cut)")
        }
    }

    @Test("and byte by byte, with empty pieces between", arguments: cases)
    func singleBytes(_ example: Case) throws {
        #expect(try parse(example.stream.utf8.flatMap { [[$0], []] }) == example.events)
    }

    @Test("the wait before the next connection takes digits only")
    func retry() throws {
        for (text, expected) in [("250", 250), ("0", 0), ("1a", nil), ("-1", nil), ("", nil), ("1.5", nil)]
            as [(String, Int?)]
        {
            var parser = EventParser()
            try Array("retry: \(text)\n".utf8).withUnsafeBytes { try parser.feed($0) { _ in } }
            #expect(parser.retry == expected.map { .milliseconds($0) }, "\(text)")
        }
    }

    @Test("an event or a line over the bound ends the reading")
    func bounds() {
        var parser = EventParser(limit: 100)
        let long = Array(("data: " + String(repeating: "x", count: 60) + "\n").utf8)
        #expect(throws: Fault.self) {
            for _ in 0..<3 { try long.withUnsafeBytes { try parser.feed($0) { _ in } } }
        }
        var lines = LineSplitter(limit: 10)
        let endless = [UInt8](repeating: 65, count: 6)
        let fault = #expect(throws: Fault.self) {
            for _ in 0..<2 { try endless.withUnsafeBytes { try lines.feed($0) { _ in } } }
        }
        #expect(fault?.kind == .tooLarge)
    }

    @Test("lines end at LF or CRLF, and the last one needs neither")
    func lines() throws {
        let text = "a\r\nb\n\nc\rd\n{\"x\":1}"
        let bytes = Array(text.utf8)
        for cut in 0...bytes.count {
            var splitter = LineSplitter()
            var found: [String] = []
            for piece in [bytes[..<cut], bytes[cut...]] {
                try Array(piece).withUnsafeBytes {
                    try splitter.feed($0) { found.append(String(decoding: $0, as: UTF8.self)) }
                }
            }
            try splitter.finish { found.append(String(decoding: $0, as: UTF8.self)) }
            #expect(found == ["a", "b", "", "c\rd", "{\"x\":1}"], "cut at \(cut)")
        }
    }

    private func parse(_ pieces: [[UInt8]]) throws -> [ServerEvent] {
        var parser = EventParser()
        var events: [ServerEvent] = []
        for piece in pieces { try piece.withUnsafeBytes { try parser.feed($0) { events.append($0) } } }
        return events
    }
}
