import Runtime
import Testing

@Suite("WebSockets of the client")
@Loop
struct WebSocketOverNetTests {
    @Test("our client and our server talk over TCP, and both know how it ended")
    func ends() async throws {
        let scope = Scope.forTest()
        let router = Router()
        let serverSaw = Waiter<Int?>("the server's end")
        router.on(.get, "/echo") { request in
            WebSocket.accept(request, in: scope, protocols: ["echo"]) { socket in
                while let message = try await socket.next() { try await socket.send(message) }
                serverSaw.finish(.success(socket.closeCode.map { Int($0.rawValue) }))
            }
        }
        let server = Server(router, scope: scope)
        let port = try server.listen(host: "127.0.0.1", port: 0)
        let client = HTTPClient()
        let socket = try await client.webSocket(
            to: WebAddress("ws://127.0.0.1:\(port)/echo?x=1"), protocols: ["echo"], guarding: .open)
        #expect(socket.subprotocol == "echo")
        let long = String(repeating: "long ", count: 50_000)
        for text in ["", "one", long] {
            try await socket.send(.text(text))
            #expect(try await socket.next() == .text(text))
        }
        try await socket.send(.binary([0, 255]))
        #expect(try await socket.next() == .binary([0, 255]))
        socket.close()
        #expect(try await serverSaw.value() == 1000)
        await client.close()
        await server.drain(grace: .seconds(1))
        await scope.close()
    }

    @Test("the guard holds for WebSockets too")
    func guarded() async throws {
        let client = HTTPClient()
        let fault = await #expect(throws: Fault.self) {
            try await client.webSocket(to: WebAddress("ws://127.0.0.1:1/"))
        }
        #expect(fault?.kind == .denied)
        await client.close()
    }
}
