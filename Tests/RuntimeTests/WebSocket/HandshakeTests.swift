import Testing

@testable import Runtime

@Suite("WebSocket handshake")
@Loop
struct HandshakeTests {
    private static let sample: [(String, String)] = [
        ("Host", "server.example.com"), ("Upgrade", "websocket"), ("Connection", "keep-alive, Upgrade"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), ("Sec-WebSocket-Version", "13"),
    ]

    @Test("RFC 6455's own example is answered with its own answer")
    func sample() {
        let response = accept(request())
        #expect(response.status == 101)
        #expect(response.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        #expect(response.headers["upgrade"] == "websocket")
        #expect(!response.headers.contains("sec-websocket-protocol"))
    }

    @Test("no extension is agreed to, whatever is offered")
    func extensions() {
        let response = accept(request(["Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"]))
        #expect(response.status == 101)
        #expect(!response.headers.contains("sec-websocket-extensions"))
    }

    @Test("our first choice among the client's subprotocols is taken, and none when there is no common one")
    func subprotocols() {
        let offer = request(["Sec-WebSocket-Protocol": "chat, v2 ,v1"])
        #expect(accept(offer, protocols: ["v1", "v2"]).headers["sec-websocket-protocol"] == "v1")
        #expect(accept(offer, protocols: ["v3"]).headers["sec-websocket-protocol"] == nil)
    }

    @Test(
        "what is no proper handshake gets a clear answer",
        arguments: [
            ("Upgrade", "h2c", 426), ("Connection", "close", 426), ("Sec-WebSocket-Version", "8", 426),
            ("Sec-WebSocket-Version", "13, 8", 426), ("Sec-WebSocket-Key", "short", 400),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=*", 400), ("Sec-WebSocket-Key", "", 400),
            ("Origin", "https://evil.example", 403), ("Origin", "null", 403),
            ("Origin", "https://server.example.com.evil.example", 403),
        ])
    func refusals(_ name: String, _ value: String, _ status: Int) {
        let response = accept(request([name: value]))
        #expect(response.status == status)
        if name == "Sec-WebSocket-Version" { #expect(response.headers["sec-websocket-version"] == "13") }
    }

    @Test(
        "a missing field is as bad as a wrong one",
        arguments: ["Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version"])
    func missing(_ name: String) {
        let request = request()
        request.headers.remove(name)
        #expect(accept(request).status >= 400)
    }

    @Test("two keys are none")
    func twoKeys() {
        let request = request()
        request.headers.add("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")
        #expect(accept(request).status == 400)
    }

    @Test("only GET begins a WebSocket")
    func method() {
        let request = request()
        request.method = .post
        #expect(accept(request).status == 400)
    }

    @Test("the page's own host is no stranger, and the caller may know others")
    func origins() {
        #expect(accept(request(["Origin": "https://Server.Example.com"])).status == 101)
        let foreign = request(["Origin": "https://friend.example"])
        let response = WebSocket.accept(
            foreign, in: .forTest(), isAllowed: { origin, _ in origin == "https://friend.example" }, { _ in })
        #expect(response.status == 101)
    }

    private func request(_ changes: [String: String] = [:]) -> Request {
        let request = Request()
        request.headers = Headers(HandshakeTests.sample)
        for (name, value) in changes { request.headers[name] = value }
        return request
    }

    private func accept(_ request: Request, protocols: [String] = []) -> Response {
        WebSocket.accept(request, in: .forTest(), protocols: protocols) { _ in }
    }
}
