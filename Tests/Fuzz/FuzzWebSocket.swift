import Glibc
import Runtime

/// Hostile bytes for both sides of a WebSocket. The first two bytes choose settings and where the rest is split.
func fuzzWebSocket(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard bytes.count >= 2 else { return }
    let input = Array(bytes)
    let done = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    sem_init(done, 0, 0)
    nonisolated(unsafe) let signal = done
    Loop.post {
        for role in [WebSocket.Role.server, .client] { feed(input, to: role) }
        Scope("fuzz") { _, _ in }.spawn("handshake") {
            await feedHandshake(input)
            sem_post(signal)
        }
    }
    while sem_wait(done) != 0 && errno == EINTR {}
    sem_destroy(done)
    done.deallocate()
}

@Loop
private func feed(_ input: [UInt8], to role: WebSocket.Role) {
    let transport = FuzzTransport()
    var settings = WebSocketSettings()
    settings.pingPeriod = nil
    settings.message = input[0] & 1 == 0 ? 1 << 20 : 64
    settings.fragments = input[0] & 2 == 0 ? 1 << 16 : 3
    settings.unreadMessages = input[0] & 4 == 0 ? 256 : 2
    let socket = WebSocket(over: transport, as: role, settings: settings)
    deliver(input, to: transport)
    precondition(transport.sent <= input.count * 3 + 256, "a peer can make us send more than it sends")
    if input[0] & 8 == 0 { socket.close() }
    transport.breakOff()
    precondition(socket.closeCode != nil, "a socket whose stream is gone is not open")
}

/// The answer to a client's handshake, as bytes of a stranger who then hangs up.
@Loop
private func feedHandshake(_ input: [UInt8]) async {
    let transport = FuzzTransport()
    transport.onSend = {
        transport.onSend = nil
        deliver(input, to: transport)
        transport.breakOff()
    }
    do {
        let socket = try await WebSocketClient.connect(transport: transport, host: "fuzz", path: "/")
        precondition(socket.closeCode != nil, "a socket whose stream is gone is not open")
    } catch {
        // A refused answer is the right one to most inputs.
    }
}

@Loop
private func deliver(_ input: [UInt8], to transport: FuzzTransport) {
    let step = max(1, Int(input[1]))
    var start = 2
    while start < input.count {
        let end = min(input.count, start + step)
        input.withUnsafeBytes { transport.onBytes?(UnsafeRawBufferPointer(rebasing: $0[start..<end])) }
        start = end
    }
}

@Loop
private final class FuzzTransport: ByteTransport {
    var onBytes: ((UnsafeRawBufferPointer) -> Void)?
    var onClose: (() -> Void)?
    var onDrain: (() -> Void)?
    private(set) var sent = 0
    let unsentBytes = 0
    var isReadingPaused = false

    var onSend: (() -> Void)?

    func send(_ bytes: UnsafeRawBufferPointer) {
        sent += bytes.count
        onSend?()
    }
    func close() {}
    func breakOff() { onClose?() }
}
