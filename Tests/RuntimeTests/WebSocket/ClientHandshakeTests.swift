import Testing

@testable import Runtime

@Suite("WebSocket client handshake")
@Loop
struct ClientHandshakeTests {
    @Test("a frame in the same packet as the handshake's answer is not lost")
    func earlyFrame() async throws {
        let socket = try await open { Self.answer($0) + Frame.text("early").bytes() }
        #expect(try await socket.next() == .text("early"))
        socket.close()
    }

    @Test("an answer that comes byte by byte is an answer")
    func slowly() async throws {
        let socket = try await open(bytewise: true) { Self.answer($0) + Frame.text("early").bytes() }
        #expect(try await socket.next() == .text("early"))
        socket.close()
    }

    @Test("the request says what the RFC demands, and what the caller adds")
    func request() async throws {
        var seen = ""
        let socket = try await open(
            headers: ["Authorization": "Bearer x", "Upgrade": "nonsense"], protocols: ["b", "a"]
        ) {
            seen = $0
            return Self.answer($0, "Sec-WebSocket-Protocol: a\r\n")
        }
        #expect(socket.subprotocol == "a")
        #expect(seen.hasPrefix("GET /live?x=1 HTTP/1.1\r\nHost: example.org\r\n"))
        for line in [
            "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Authorization: Bearer x",
            "Sec-WebSocket-Protocol: b, a",
        ] { #expect(seen.contains("\r\n\(line)\r\n"), "\(line)") }
        #expect(!seen.contains("nonsense"))
        socket.close()
    }

    @Test(
        "a refusal keeps its meaning",
        arguments: [
            (401, Fault.Kind.unauthenticated), (403, .denied), (404, .notFound), (429, .overBudget),
            (503, .unavailable), (200, .unavailable), (302, .unavailable),
        ])
    func refused(_ status: Int, _ kind: Fault.Kind) async throws {
        let fault = await #expect(throws: Fault.self) {
            _ = try await open { _ in Array("HTTP/1.1 \(status) No\r\nContent-Length: 0\r\n\r\n".utf8) }
        }
        #expect(fault?.kind == kind)
        #expect(fault?.message.contains("example.org answered \(status)") == true)
    }

    @Test(
        "an answer that breaks a rule is refused",
        arguments: [
            "HTTP/1.0 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: KEY\r\n\r\n",
            "HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: KEY\r\n\r\n",
            "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: close\r\nSec-WebSocket-Accept: KEY\r\n\r\n",
            "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
            "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
            "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: KEY\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
            "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: KEY\r\nSec-WebSocket-Protocol: c\r\n\r\n",
            "HTTP/1.1 101 X\r\nUpgrade: websocket\nConnection: Upgrade\r\nSec-WebSocket-Accept: KEY\r\n\r\n",
            "HTTP/1.1 101 X\r\nUpgrade: websocket\r\n folded\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: KEY\r\n\r\n",
            "SSH-2.0-OpenSSH_9.2\r\n\r\n", "\r\n\r\n", "HTTP/1.1 99 X\r\n\r\n",
        ])
    func broken(_ template: String) async throws {
        let fault = await #expect(throws: Fault.self) {
            _ = try await open { request in
                Array(template.replacing("KEY", with: AcceptKey.answer(to: Self.key(in: request))).utf8)
            }
        }
        #expect(fault?.message.contains("example.org") == true)
    }

    @Test("an answer without end is given up")
    func endless() async throws {
        let fault = await #expect(throws: Fault.self) {
            _ = try await open { _ in Array(repeating: 65, count: 20_000) }
        }
        #expect(fault?.message.contains("does not end") == true)
    }

    @Test("a server that hangs up, or says nothing before the deadline, is a failure that names it")
    func silence() async throws {
        let transport = MemoryTransport()
        let scope = Scope.forTest()
        scope.spawn("hang up") {
            await Loop.yield()
            transport.breakOff()
        }
        let gone = await #expect(throws: Fault.self) {
            _ = try await WebSocketClient.connect(transport: transport, host: "example.org", path: "/")
        }
        #expect(gone?.kind == .unavailable)
        let deaf = MemoryTransport()
        let late = await #expect(throws: Fault.self) {
            try await Deadline.within(.milliseconds(5)) {
                _ = try await WebSocketClient.connect(transport: deaf, host: "example.org", path: "/")
            }
        }
        #expect(late?.kind == .timeout)
        #expect(deaf.isClosed)
        await scope.close()
    }

    @Test(
        "nothing can be smuggled into the request",
        arguments: [
            ("a b", "/"), ("", "/"), ("a\r\nX: y", "/"), ("a", "x"), ("a", "/ HTTP/1.1\r\nX: y"), ("a", "/#f"),
            ("a", ""),
        ])
    func smuggling(_ host: String, _ path: String) {
        #expect(throws: Fault.self) { try ClientRequest(host: host, path: path, headers: [:], protocols: []) }
        #expect(throws: Fault.self) {
            try ClientRequest(host: "a", path: "/", headers: ["X": "1\r\nY: 2"], protocols: [])
        }
        #expect(throws: Fault.self) { try ClientRequest(host: "a", path: "/", headers: [:], protocols: ["a,b"]) }
    }

    private func open(
        bytewise: Bool = false, headers: Headers = [:], protocols: [String] = [],
        _ answer: @escaping @Loop (String) -> [UInt8]
    ) async throws -> WebSocket {
        let (near, far) = MemoryTransport.pair()
        far.onBytes = { bytes in
            let request = String(decoding: bytes, as: UTF8.self)
            guard request.hasSuffix("\r\n\r\n") else { return }
            let bytes = answer(request)
            if bytewise { for byte in bytes { near.feed([byte]) } } else { near.feed(bytes) }
        }
        return try await Deadline.within(.seconds(20)) {
            try await WebSocketClient.connect(
                transport: near, host: "example.org", path: "/live?x=1", headers: headers, protocols: protocols)
        }
    }

    private static func answer(_ request: String, _ more: String = "") -> [UInt8] {
        Array(
            ("HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nconnection: upgrade\r\n\(more)"
                + "Sec-WebSocket-Accept: \(AcceptKey.answer(to: key(in: request)))\r\n\r\n").utf8)
    }

    private static func key(in request: String) -> String {
        let line = request.split(separator: "\r\n").first { $0.hasPrefix("Sec-WebSocket-Key: ") }
        return String(line?.dropFirst(19) ?? "")
    }
}
