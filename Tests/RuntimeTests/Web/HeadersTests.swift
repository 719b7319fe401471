import Testing

@testable import Runtime

@Suite("header fields")
struct HeadersTests {
    @Test("names are found without case, and order is kept")
    func lookup() {
        var headers: Headers = ["Content-Type": "text/plain", "Set-Cookie": "a=1", "set-cookie": "b=2"]
        #expect(headers["content-TYPE"] == "text/plain")
        #expect(headers.all("SET-COOKIE") == ["a=1", "b=2"])
        #expect(headers["missing"] == nil)
        headers["Set-Cookie"] = "c=3"
        #expect(headers.all("set-cookie") == ["c=3"])
        headers["content-type"] = nil
        #expect(headers.map(\.name) == ["Set-Cookie"])
        #expect(headers.count == 1 && !headers.contains("content-type"))
    }

    @Test(
        "a field that would break the head is refused until it is removed",
        arguments: [
            ("X", "a\r\nSet-Cookie: b"), ("X", "a\nb"), ("X", "a\rb"), ("X", "a\u{0}"), ("X", "\u{7f}"), ("X Y", "a"),
            ("X\r\n", "a"), ("", "a"), ("X:", "a"), ("X\u{e4}", "a"),
        ])
    func refusal(_ name: String, _ value: String) {
        var headers: Headers = ["Good": "tab\tand \u{e4} are fine"]
        #expect(headers.refusal == nil)
        headers.add(name, value)
        #expect(headers.refusal == name)
        headers.remove(name)
        #expect(headers.refusal == nil)
    }
}

@Suite("percent sequences, queries and ids")
struct CodingTests {
    @Test("a query is decoded, and what is broken in it stands for itself")
    func query() {
        let query = QueryFields("a=1&b=x+y&a=%C3%A4&c&=d&&e=%zz&f=%4")
        #expect(query["a"] == "1")
        #expect(query.all("a") == ["1", "\u{e4}"])
        #expect(query["b"] == "x y")
        #expect(query["c"] == "")
        #expect(query[""] == "d")
        #expect(query["e"] == "%zz" && query["f"] == "%4")
        #expect(query["missing"] == nil)
    }

    @Test(
        "an id that is harmless is kept",
        arguments: [
            ("abc-123", true), ("", false), ("a b", false), ("a\"b", false), ("a{b", false), ("\u{e4}", false),
            (String(repeating: "a", count: 128), true), (String(repeating: "a", count: 129), false),
        ])
    func requestID(_ text: String, _ isSafe: Bool) {
        #expect(RequestID.isSafe(Array(text.utf8)) == isSafe)
    }

    @Test("the date has the form that HTTP wants")
    @Loop func date() {
        #expect(ClockLine.text(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(ClockLine.text(0) == "Thu, 01 Jan 1970 00:00:00 GMT")
    }
}
