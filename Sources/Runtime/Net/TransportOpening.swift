/// Opens a protocol on a connection that is there: a request out, the head of its answer in. From then on the connection
/// is whoever's who read that head.
@Loop
final class TransportOpening<Value: Sendable> {
    private let transport: any ByteTransport
    private let subject: String
    private let answered: (_ head: ArraySlice<UInt8>, _ rest: ArraySlice<UInt8>) throws -> Value
    private let outcome: Waiter<Value>
    private var received: [UInt8] = []
    private let limit = 16 << 10

    /// `subject` says who is opened, as in "the WebSocket at box:80". `answered` is given the head with its empty line, and
    /// what came in the same packet behind it.
    init(
        _ transport: any ByteTransport, _ subject: String,
        answered: @escaping (_ head: ArraySlice<UInt8>, _ rest: ArraySlice<UInt8>) throws -> Value
    ) {
        self.transport = transport
        self.subject = subject
        self.answered = answered
        outcome = Waiter<Value>("opening \(subject)")
    }

    /// The transport is closed when it fails.
    func value(_ request: [UInt8]) async throws -> Value {
        transport.onBytes = { [weak self] in self?.receive($0) }
        transport.onClose = { [weak self] in self?.fail("hung up before it was open") }
        request.withUnsafeBytes { transport.send($0) }
        do {
            return try await outcome.value()
        } catch {
            transport.onBytes = nil
            transport.onClose = nil
            transport.close()
            throw error
        }
    }

    private func fail(_ why: String) { outcome.finish(.failure(Fault(.unavailable, "\(subject) \(why)"))) }

    private func receive(_ bytes: UnsafeRawBufferPointer) {
        guard !outcome.isFinished else { return }
        let searched = max(0, received.count - 3)
        received.append(contentsOf: bytes)
        guard let end = endOfHead(from: searched) else {
            if received.count > limit { fail("answers with a head that does not end") }
            return
        }
        do {
            outcome.finish(.success(try answered(received[..<end], received[end...])))
        } catch {
            outcome.finish(.failure(error))
        }
    }

    private func endOfHead(from start: Int) -> Int? {
        var index = start
        while index + 4 <= received.count {
            if received[index] == 13, received[index + 1] == 10, received[index + 2] == 13, received[index + 3] == 10 {
                return index + 4
            }
            index += 1
        }
        return nil
    }
}
