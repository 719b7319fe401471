/// Opens WebSockets over transports that are already connected, with TLS or without.
public enum WebSocketClient {
    /// Does the opening handshake. The transport is closed when it fails, and belongs to the socket afterwards.
    ///
    /// A failure bears the server's status as the fault's kind; `headers` may carry authorisation. Without a deadline of
    /// the caller's it ends after 30 seconds.
    @Loop
    public static func connect(
        transport: any ByteTransport, host: String, path: String, headers: Headers = Headers(),
        protocols: [String] = [], settings: WebSocketSettings = WebSocketSettings()
    ) async throws -> WebSocket {
        let request = try ClientRequest(host: host, path: path, headers: headers, protocols: protocols)
        let opening = TransportOpening<WebSocket>(transport, "the WebSocket at \(host)") { head, rest in
            let subprotocol = try ClientAnswer.check(head, request)
            let socket = WebSocket(over: transport, as: .client, subprotocol: subprotocol, settings: settings)
            // Frames may come in the same packet as the head.
            if !rest.isEmpty { rest.withUnsafeBytes { socket.receive($0) } }
            return socket
        }
        return try await Deadline.within(.seconds(30)) { try await opening.value(request.bytes) }
    }
}

/// What a client sends to open a WebSocket.
struct ClientRequest {
    let key = AcceptKey.random()
    let host: String
    let protocols: [String]
    let bytes: [UInt8]

    /// Fails when a part would break the request apart.
    init(host: String, path: String, headers: Headers, protocols: [String]) throws {
        self.host = host
        self.protocols = protocols
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            throw Fault(.invalidInput, "open a WebSocket: the host '\(host)' cannot stand in a header")
        }
        guard path.utf8.first == 47, path.utf8.allSatisfy({ $0 > 32 && $0 < 127 && $0 != 35 }) else {
            throw Fault(.invalidInput, "open a WebSocket on \(host): the path '\(path)' needs percent encoding")
        }
        var text = "GET \(path) HTTP/1.1\r\nHost: \(host)\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        text += "Sec-WebSocket-Key: \(key)\r\nSec-WebSocket-Version: 13\r\n"
        if !protocols.isEmpty {
            guard protocols.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(\.isTokenByte) }) else {
                throw Fault(.invalidInput, "open a WebSocket on \(host): a subprotocol is no token")
            }
            text += "Sec-WebSocket-Protocol: \(protocols.joined(separator: ", "))\r\n"
        }
        if let refusal = headers.refusal {
            throw Fault(.invalidInput, "open a WebSocket on \(host): the header \(refusal) cannot be sent")
        }
        for (name, value) in headers where !ClientRequest.isOurs(name) { text += "\(name): \(value)\r\n" }
        bytes = Array((text + "\r\n").utf8)
    }

    private static func isOurs(_ name: String) -> Bool {
        let name = name.lowercased()
        return name == "host" || name == "upgrade" || name == "connection" || name.hasPrefix("sec-websocket-")
    }
}
