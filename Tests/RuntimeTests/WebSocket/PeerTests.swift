import Testing

@testable import Runtime

@Suite("WebSocket with foreign peers")
@Loop
struct WebSocketPeerTests {
    @Test("Python's websockets and aiohttp are content with our server")
    func clients() async throws {
        guard let python = TestEnvironment.python(for: "our WebSocket server with foreign clients") else { return }
        let scope = Scope("echo") { _, _ in }
        let harness = try WebHarness { router in
            router.plain(.get, "/ws") { request in
                WebSocket.accept(request, in: scope, protocols: ["echo"]) { socket in
                    while let message = try await socket.next() { try await socket.send(message) }
                }
            }
        }
        let peer = try PeerProcess([
            python, TestEnvironment.fixture("peers/websocket_clients.py"), "\(harness.port)",
        ])
        try await Deadline.within(.seconds(200)) { try await peer.untilLines { $0.last == "end" } }
        #expect(peer.lines.last == "end")
        #expect(peer.lines.filter { !$0.hasPrefix("ok ") } == ["end"])
        #expect(peer.lines.count > 20)
        try await peer.end()
        await scope.close()
        await harness.stop()
    }

    @Test("our client is content with Python's websockets and aiohttp")
    func servers() async throws {
        guard let python = TestEnvironment.python(for: "our WebSocket client with foreign servers") else { return }
        let peer = try PeerProcess([python, TestEnvironment.fixture("peers/websocket_servers.py")])
        try await Deadline.within(.seconds(60)) { try await peer.untilLines { !$0.isEmpty } }
        let ports = try #require(peer.lines.first).split(separator: " ").compactMap { Int($0) }
        try #require(ports.count == 2, "\(peer.lines)")
        for port in ports {
            try await Deadline.within(.seconds(60)) { try await echo(port) }
        }
        try await Deadline.within(.seconds(60)) { try await particular(ports[0]) }
        try await peer.end()
    }

    private func echo(_ port: Int) async throws {
        let socket = try await connect(port)
        #expect(socket.subprotocol == "echo")
        for size in [0, 1, 200, 65_536, 400_000] {
            let messages: [WebSocket.Message] = [
                .text(String(repeating: "ö", count: size)), .binary(Array(repeating: 0xfe, count: size)),
            ]
            for message in messages {
                try await socket.send(message)
                let answer = try await socket.next()
                #expect(answer == message, "\(size)")
            }
        }
        try await socket.send("close me")
        let end = try await socket.next()
        #expect(end == nil)
        #expect(socket.closeCode == 4002 && socket.closeReason == "as you wish")
        try await socket.closed()
        let polite = try await connect(port)
        polite.close(4003, "enough")
        try await polite.closed()
        #expect(polite.closeCode == 4003)
    }

    private func particular(_ port: Int) async throws {
        let socket = try await connect(port)
        try await socket.send("fragments")
        #expect(try await socket.next() == .text("in three parts"))
        try await socket.send("ping me")
        #expect(try await socket.next() == .text("pong came"))
        try await socket.send("drop me")
        #expect(try await socket.next() == nil)
        #expect(socket.closeCode == .abnormal)
    }

    private func connect(_ port: Int) async throws -> WebSocket {
        var settings = WebSocketSettings()
        settings.message = 4 << 20
        return try await WebSocketClient.connect(
            transport: try TCPTransport(port: port), host: "127.0.0.1:\(port)", path: "/ws", protocols: ["echo"],
            settings: settings)
    }
}
