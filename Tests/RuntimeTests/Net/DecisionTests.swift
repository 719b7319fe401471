import Testing

@testable import Runtime

@Suite("decisions of the HTTP client")
struct DecisionTests {
    private let start = Instant(nanoseconds: 1_000_000_000)
    private func at(_ seconds: Int) -> Instant { start + .seconds(seconds) }

    @Test("each phase has its own deadline, and life in it starts the clock again")
    func patience() {
        let deadlines = HTTPDeadlines(connect: .seconds(5), head: .seconds(10), idle: .seconds(3), total: .seconds(60))
        var patience = Patience(deadlines, began: start, totalFrom: start)
        #expect(patience.passed(at: at(4)) == nil)
        #expect(patience.passed(at: at(5)) == .connect)
        patience.connected(at: at(4))
        #expect(patience.passed(at: at(13)) == nil)
        #expect(patience.passed(at: at(14)) == .head)
        patience.moved(at: at(12))
        #expect(patience.next?.moment == at(22))
        patience.headCame(at: at(20))
        #expect(patience.passed(at: at(23)) == .idle)
        patience.moved(at: at(22))
        #expect(patience.passed(at: at(24)) == nil)
        patience.hold()
        #expect(patience.passed(at: at(59)) == nil, "while the reader wants nothing, silence is no fault")
        #expect(patience.passed(at: at(60)) == .total)
        patience.release(at: at(30))
        #expect(patience.passed(at: at(33)) == .idle)
    }

    @Test("a wait without a bound is one, and messages say which bound passed")
    func patienceTexts() {
        let none = Patience(HTTPDeadlines(connect: nil, head: nil, idle: nil), began: start, totalFrom: start)
        #expect(none.next == nil)
        let some = Patience(HTTPDeadlines(head: .seconds(5), idle: .milliseconds(250)), began: start, totalFrom: start)
        #expect(some.fault(.head, "GET http://h/").message == "GET http://h/: no answer within 5 s of connecting")
        #expect(some.fault(.idle, "GET http://h/").message.contains("250 ms"))
        #expect(some.fault(.connect, "x").kind == .timeout)
    }

    struct Hop: Sendable {
        var method = Method.get
        var status: Int
        var from = "http://a.example/x"
        var to: String
        var body = HTTPRequest.Body.none
        var result: String
    }

    @Test(
        "redirects change the method as fetch does, and stay within their bounds",
        arguments: [
            Hop(status: 301, to: "/y", result: "GET http://a.example/y auth cookie"),
            Hop(status: 302, to: "https://a.example/", result: "GET https://a.example/"),
            Hop(status: 307, to: "http://b.example/", result: "GET http://b.example/"),
            Hop(status: 307, to: "http://a.example:81/", result: "GET http://a.example:81/"),
            Hop(method: .post, status: 301, to: "/y", body: .bytes([1]), result: "GET http://a.example/y auth cookie"),
            Hop(method: .post, status: 303, to: "/y", body: .bytes([1]), result: "GET http://a.example/y auth cookie"),
            Hop(
                method: .put, status: 302, to: "/y", body: .bytes([1]),
                result: "PUT http://a.example/y auth cookie content body"),
            Hop(method: .put, status: 303, to: "/y", body: .bytes([1]), result: "GET http://a.example/y auth cookie"),
            Hop(method: .head, status: 303, to: "/y", result: "HEAD http://a.example/y auth cookie content"),
            Hop(
                method: .post, status: 307, to: "/y", body: .bytes([1]),
                result: "POST http://a.example/y auth cookie content body"),
            Hop(
                method: .post, status: 308, to: "http://b.example/", body: .bytes([1]),
                result: "POST http://b.example/ content body"),
            Hop(method: .post, status: 307, to: "/y", body: .stream(length: nil) { nil }, result: "refused conflict"),
            Hop(status: 302, from: "https://a.example/", to: "http://a.example/", result: "refused denied"),
            Hop(status: 302, to: "file:///etc/passwd", result: "refused unavailable"),
            Hop(status: 302, to: "http://u:p@b.example/", result: "refused unavailable"),
            Hop(status: 304, to: "/y", result: "answer"), Hop(status: 300, to: "/y", result: "answer"),
        ])
    func redirects(_ hop: Hop) throws {
        let headers = Headers([("Authorization", "x"), ("Cookie", "y"), ("Content-Type", "z")])
        let request = HTTPRequest(hop.method, try WebAddress(hop.from), headers: headers, body: hop.body)
        let decision = RedirectRule.decide(request, status: hop.status, location: [hop.to], hops: 0, limit: 5)
        var result: String
        switch decision {
        case .answer: result = "answer"
        case .refuse(let fault): result = "refused \(fault.kind)"
        case .follow(let next):
            result = "\(next.method.rawValue) \(next.address)"
            if next.headers.contains("authorization") { result += " auth" }
            if next.headers.contains("cookie") { result += " cookie" }
            if next.headers.contains("content-type"), hop.method != .get { result += " content" }
            if case .bytes = next.body { result += " body" }
        }
        #expect(result == hop.result)
    }

    @Test("a head comes line by line; interim ones are passed over, trailers ignored, nonsense refused")
    func heads() {
        func read(_ lines: [String], limit: Int = 1000) -> (HeadReader, HeadReader.Step) {
            var reader = HeadReader(limit: limit)
            var step = HeadReader.Step.more
            for line in lines where step == .more {
                step = Array((line + "\r\n").utf8).withUnsafeBytes { reader.take($0) }
            }
            return (reader, step)
        }
        let (plain, step) = read(["HTTP/1.1 100 Continue", "X: 1", "", "HTTP/1.1 200 OK", "A: 1 ", "a:\t2", "B:", ""])
        #expect(step == .complete && plain.status == 200)
        #expect(plain.headers.all("A") == ["1", "2"] && plain.headers["b"] == "" && !plain.headers.contains("x"))
        #expect(read(["HTTP/1.1 200 OK", String(repeating: "x", count: 2000)]).1 == .tooLarge)
        for bad in [
            "HTTP/1.1 abc", "HTTP/1.1", "no colon", ": no name", "a b: c", " folded: x", "a\u{0}: b", "a: b\u{0}",
        ] {
            #expect(read(["HTTP/1.1 200 OK", bad]).1 == .malformed, "\(bad)")
        }
    }

    @Test("proxies come from settings, with exceptions by domain, address and range")
    func proxies() throws {
        let settings = try ProxySettings(environment: [
            "http_proxy": "proxy.example:3128", "HTTPS_PROXY": "http://u:p@secure.example:8080", "HTTP_PROXY": "evil:1",
            "no_proxy": "internal.example, .corp,10.0.0.0/8",
        ])
        func proxy(_ text: String) throws -> String? { settings.proxy(for: try WebAddress(text))?.origin }
        #expect(try proxy("http://a.example/") == "http://proxy.example:3128")
        #expect(try proxy("https://a.example/") == "http://secure.example:8080")
        for direct in ["http://internal.example/", "https://x.internal.example/", "http://a.corp/", "http://10.1.2.3/"]
        {
            #expect(try proxy(direct) == nil, "\(direct)")
        }
        #expect(try proxy("http://notinternal.example/") != nil)
        #expect(ProxySettings().proxy(for: try WebAddress("http://a/")) == nil)
        let fault = #expect(throws: Fault.self) { try ProxySettings(environment: ["http_proxy": "ftp://u:pw@x"]) }
        #expect(fault?.message.contains("http_proxy") == true && fault?.message.contains("pw") == false)
    }
}
