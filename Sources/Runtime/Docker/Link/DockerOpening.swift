/// The handshake that turns a connection to the Engine into a plain stream: a request with `Upgrade: tcp`, and the head of
/// its answer.
@Loop
struct DockerOpening {
    let transport: any ByteTransport
    let call: DockerCall
    let address: DockerAddress

    /// Returns when the stream is open. What the stream says is not read: it is for giving input.
    func value(_ line: String, host: String) async throws {
        let (call, address, transport) = (call, address, transport)
        let opening = TransportOpening<Void>(transport, address.name) { head, rest in
            let status = DockerOpening.status(head)
            guard status == 101 || status == 200 else {
                throw DockerFaults.refused(call, status: status, Array(rest), address)
            }
            (transport.onBytes, transport.onClose) = ({ _ in }, nil)
        }
        let head = "\(line)\r\nHost: \(host)\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n"
        try await opening.value(Array(head.utf8))
    }

    private static func status(_ head: ArraySlice<UInt8>) -> Int {
        let parts = String(decoding: head.prefix { $0 != 13 }, as: UTF8.self).split(separator: " ")
        return parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    }
}
