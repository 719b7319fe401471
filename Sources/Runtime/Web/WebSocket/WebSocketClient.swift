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
        let opening = try ClientOpening(
            transport, ClientRequest(host: host, path: path, headers: headers, protocols: protocols), settings)
        return try await Deadline.within(.seconds(30)) { try await opening.value() }
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

/// One opening handshake of a client: the request out, the head of the answer in.
@Loop
private final class ClientOpening {
    private static let headLimit = 16 << 10

    private let transport: any ByteTransport
    private let request: ClientRequest
    private let settings: WebSocketSettings
    private let outcome: Waiter<WebSocket>
    private var head: [UInt8] = []

    init(_ transport: any ByteTransport, _ request: ClientRequest, _ settings: WebSocketSettings) {
        self.transport = transport
        self.request = request
        self.settings = settings
        outcome = Waiter<WebSocket>("the WebSocket handshake with \(request.host)")
    }

    func value() async throws -> WebSocket {
        transport.onBytes = { [weak self] in self?.receive($0) }
        transport.onClose = { [weak self] in
            guard let self else { return }
            outcome.finish(.failure(Fault(.unavailable, "\(request.host) hung up during the WebSocket handshake")))
        }
        request.bytes.withUnsafeBytes { transport.send($0) }
        do {
            return try await outcome.value()
        } catch {
            transport.onBytes = nil
            transport.onClose = nil
            transport.close()
            throw error
        }
    }

    private func receive(_ bytes: UnsafeRawBufferPointer) {
        guard !outcome.isFinished else { return }
        let searched = max(0, head.count - 3)
        head.append(contentsOf: bytes)
        guard let end = endOfHead(from: searched) else {
            if head.count > ClientOpening.headLimit { refuse("the head of its answer is too long") }
            return
        }
        do {
            let subprotocol = try ClientAnswer.check(head[..<end], request)
            let socket = WebSocket(over: transport, as: .client, subprotocol: subprotocol, settings: settings)
            outcome.finish(.success(socket))
            // Frames may come in the same packet as the head.
            if end < head.count { head[end...].withUnsafeBytes { socket.receive($0) } }
        } catch {
            outcome.finish(.failure(error))
        }
    }

    private func refuse(_ why: String) {
        outcome.finish(.failure(Fault(.unavailable, "\(request.host) is no WebSocket server: \(why)")))
    }

    private func endOfHead(from start: Int) -> Int? {
        var index = start
        while index + 4 <= head.count {
            if head[index] == 13, head[index + 1] == 10, head[index + 2] == 13, head[index + 3] == 10 {
                return index + 4
            }
            index += 1
        }
        return nil
    }
}
