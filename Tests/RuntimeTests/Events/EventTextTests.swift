import Testing

@testable import Runtime

@Suite("server-sent events as text")
struct EventTextTests {
    @Test(
        "each line of the data is a line of the event, whatever ends it",
        arguments: [
            ("a", "data: a\n\n"), ("", "data: \n\n"), ("a\nb", "data: a\ndata: b\n\n"),
            ("a\r\nb\rc\n", "data: a\ndata: b\ndata: c\ndata: \n\n"), ("\n\n", "data: \ndata: \ndata: \n\n"),
            ("a\r\r\nb", "data: a\ndata: \ndata: b\n\n"), (" x", "data:  x\n\n"),
            ("id: 7\n\nevent: no", "data: id: 7\ndata: \ndata: event: no\n\n"),
        ])
    func data(_ data: String, _ text: String) {
        #expect(event(data) == text)
    }

    @Test("name and id stand before the data")
    func fields() {
        #expect(event("x", name: "state", id: "17") == "event: state\nid: 17\ndata: x\n\n")
    }

    @Test("a name or id that would break the event apart is left out", arguments: ["a\nb", "a\rb", "\0", "\r\n"])
    func smuggling(_ text: String) {
        #expect(event("x", name: text, id: text) == "data: x\n\n")
    }

    @Test("comments and the time to wait before coming back")
    func others() {
        #expect(String(decoding: EventText.comment("two\nlines"), as: UTF8.self) == ": two\n: lines\n\n")
        #expect(String(decoding: EventText.retry(.seconds(3)), as: UTF8.self) == "retry: 3000\n\n")
        #expect(String(decoding: EventText.retry(.seconds(-3)), as: UTF8.self) == "retry: 0\n\n")
    }

    @Test("silence is broken soon once, and seldom later")
    func silence() {
        func at(_ tenths: UInt64) -> Instant { Instant(nanoseconds: tenths * 100_000_000) }
        func expect(_ wanted: Bool, _ pings: Bool) { #expect(wanted == pings) }
        var silence = Silence(first: .seconds(1), period: .seconds(10), now: at(0))
        #expect(silence.due == at(10))
        silence.speak(at: at(5))
        expect(false, silence.tick(at: at(10)))
        #expect(silence.due == at(15))
        expect(true, silence.tick(at: at(15)))
        #expect(silence.due == at(115))
        silence.speak(at: at(100))
        expect(false, silence.tick(at: at(115)))
        #expect(silence.due == at(200))
        expect(true, silence.tick(at: at(200)))
        #expect(silence.due == at(300))
    }

    private func event(_ data: String, name: String? = nil, id: String? = nil) -> String {
        var data = data
        return data.withUTF8 {
            String(decoding: EventText.event(name: name, id: id, data: UnsafeRawBufferPointer($0)), as: UTF8.self)
        }
    }
}
