/// The handshake that turns a connection to the Engine into a plain stream: a request with `Upgrade: tcp`, and the head of
/// its answer.
@Loop
final class DockerOpening {
    private static let headLimit = 16 << 10

    private let transport: any ByteTransport
    private let call: DockerCall
    private let address: DockerAddress
    private let outcome: Waiter<Void>
    private var received: [UInt8] = []

    init(_ transport: any ByteTransport, _ call: DockerCall, _ address: DockerAddress) {
        self.transport = transport
        self.call = call
        self.address = address
        outcome = Waiter("\(address.name): the answer")
    }

    /// Returns when the stream is open. What the stream says is not read: it is for giving input.
    func value(_ line: String, host: String) async throws {
        transport.onBytes = { [weak self] in self?.receive($0) }
        transport.onClose = { [weak self] in
            self?.outcome.finish(.failure(Fault(.unavailable, "the connection closed before it was opened")))
        }
        let head = "\(line)\r\nHost: \(host)\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n"
        Array(head.utf8).withUnsafeBytes { transport.send($0) }
        try await outcome.value()
        (transport.onBytes, transport.onClose) = ({ _ in }, nil)
    }

    private func receive(_ bytes: UnsafeRawBufferPointer) {
        guard !outcome.isFinished else { return }
        received.append(contentsOf: bytes)
        guard let end = endOfHead else {
            if received.count > DockerOpening.headLimit {
                outcome.finish(.failure(Fault(.unavailable, "the head of its answer does not end")))
            }
            return
        }
        let line = String(decoding: received.prefix { $0 != 13 }, as: UTF8.self)
        let parts = line.split(separator: " ")
        let status = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        if status == 101 || status == 200 { return outcome.finish(.success(())) }
        outcome.finish(.failure(DockerFaults.refused(call, status: status, Array(received[end...]), address)))
    }

    private var endOfHead: Int? {
        guard received.count >= 4 else { return nil }
        for start in 0...(received.count - 4) where received[start..<(start + 4)].elementsEqual([13, 10, 13, 10]) {
            return start + 4
        }
        return nil
    }
}
