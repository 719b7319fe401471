import Testing

@testable import Runtime

@Suite("WebSocket over the server")
@Loop
struct WebSocketServerTests {
    @Test("both sides of the house speak with each other over TCP")
    func endToEnd() async throws {
        let harness = try WebHarness { router in echo(router) }
        let socket = try await connect(harness, protocols: ["nonsense", "echo"])
        #expect(socket.subprotocol == "echo")
        for size in [0, 5, 200, 70_000, 900_000] {
            let message = WebSocket.Message.binary((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) })
            try await socket.send(message)
            #expect(try await socket.next() == message)
        }
        socket.close(.normal, "bye")
        try await socket.closed()
        #expect(socket.closeCode == .normal)
        try await harness.untilNoConnections()
        await harness.stop()
    }

    @Test("a refused handshake is an ordinary answer, and the connection serves on")
    func refused() async throws {
        let harness = try WebHarness { router in echo(router) }
        let client = try harness.client()
        client.send("GET /ws HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        try await client.untilEnd()
        #expect(client.statuses == [426, 404])
        await harness.stop()
    }

    @Test("frames behind the handshake in one packet are read")
    func earlyFrames() async throws {
        let harness = try WebHarness { router in echo(router) }
        let client = try harness.client()
        let head =
            "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        let mask: [UInt8] = [9, 8, 7, 6]
        client.send(Array(head.utf8) + Frame.text("early").bytes(mask: mask))
        try await client.until { $0.text.hasSuffix("early") }
        client.send(Frame.close(1000).bytes(mask: mask))
        try await client.untilEnd()
        let wanted = Frame.text("early").bytes() + Frame.close(1000).bytes()
        #expect(client.text.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
        #expect(client.received.suffix(wanted.count).elementsEqual(wanted))
        await harness.stop()
    }

    @Test("a client that vanishes ends its handler")
    func vanishes() async throws {
        let ended = Waiter<CloseCode?>("the handler's end")
        let harness = try WebHarness { router in
            let scope = Scope.forTest()
            router.plain(.get, "/ws") { request in
                WebSocket.accept(request, in: scope) { socket in
                    while try await socket.next() != nil {}
                    ended.finish(.success(socket.closeCode))
                }
            }
        }
        let transport = try TCPTransport(port: harness.port)
        _ = try await WebSocketClient.connect(transport: transport, host: "x", path: "/ws")
        transport.close()
        let code = try await Deadline.within(.seconds(20)) { try await ended.value() }
        #expect(code == .abnormal)
        await harness.stop()
    }

    @Test("the close frame that says what was wrong arrives, though more input was under way")
    func tooBig() async throws {
        let harness = try WebHarness { router in echo(router) }
        let socket = try await connect(harness)
        await #expect(throws: Fault.self, "the server speaks up before it has all of it") {
            try await Deadline.within(.seconds(20)) {
                while true { try await socket.send(.binary(Array(repeating: 1, count: 3 << 20))) }
            }
        }
        #expect(socket.closeCode == .tooBig)
        await harness.stop()
    }

    @Test("a sender that may have little unsent at a time gets all of it through")
    func smallBound() async throws {
        let scope = Scope.forTest()
        let harness = try WebHarness { router in
            router.plain(.get, "/ws") { request in
                var settings = WebSocketSettings()
                (settings.unsent, settings.fragment) = (16 << 10, 5 << 10)
                return WebSocket.accept(request, in: scope, settings: settings) { socket in
                    try await socket.send(.binary(Array(repeating: 5, count: 900_000)))
                }
            }
        }
        let socket = try await connect(harness)
        try await Deadline.within(.seconds(20)) {
            let message = try await socket.next()
            #expect(message == .binary(Array(repeating: 5, count: 900_000)))
            let end = try await socket.next()
            #expect(end == nil)
        }
        #expect(socket.closeCode == .normal)
        await harness.stop()
    }

    @Test("a server that stops says goodbye to its sockets")
    func stop() async throws {
        let scope = Scope("sockets") { _, _ in }
        let harness = try WebHarness { router in
            router.plain(.get, "/ws") { request in
                WebSocket.accept(request, in: scope) { while try await $0.next() != nil {} }
            }
        }
        let socket = try await connect(harness)
        await Loop.yield()
        await scope.close()
        try await Deadline.within(.seconds(20)) { try await socket.closed() }
        #expect(socket.closeCode == .goingAway)
        await harness.stop()
    }

    private func echo(_ router: Router) {
        let scope = Scope("echo") { _, _ in }
        router.plain(.get, "/ws") { request in
            WebSocket.accept(request, in: scope, protocols: ["echo"]) { socket in
                while let message = try await socket.next() { try await socket.send(message) }
            }
        }
    }

    private func connect(_ harness: WebHarness, protocols: [String] = []) async throws -> WebSocket {
        try await Deadline.within(.seconds(20)) {
            try await WebSocketClient.connect(
                transport: try TCPTransport(port: harness.port), host: "127.0.0.1", path: "/ws", protocols: protocols)
        }
    }
}
