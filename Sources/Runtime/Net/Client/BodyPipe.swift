/// What stands between a transfer and the reader of its body: a bounded buffer for a task, or straight through to a
/// callback.
@Loop
final class BodyPipe {
    static let highWater = 256 << 10

    private struct Sink {
        let onBytes: (UnsafeRawBufferPointer) -> Bool
        let onEnd: (Fault?) -> Void
    }

    private var buffer: [UInt8] = []
    private var ending: Result<Void, Fault>?
    private var reader: Waiter<Void>?
    private var sink: Sink?
    private var isStopped = false
    private(set) var isDelivering = false
    /// The reader has emptied a buffer that had stopped the flow.
    var onRoom: (() -> Void)?

    /// False stops the flow.
    func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if let sink {
            isStopped = !sink.onBytes(bytes)
            return !isStopped
        }
        buffer.append(contentsOf: bytes)
        reader?.finish(.success(()))
        isStopped = buffer.count >= BodyPipe.highWater
        return !isStopped
    }

    func finish(_ ending: Result<Void, Fault>) {
        guard self.ending == nil else { return }
        self.ending = ending
        reader?.finish(.success(()))
        endSink()
    }

    func discard() {
        buffer = []
        isStopped = false
    }

    // MARK: the reader

    func next() async throws -> [UInt8]? {
        precondition(!isDelivering, "a body is read by a task and by a callback")
        while buffer.isEmpty {
            if let ending {
                try ending.get()
                return nil
            }
            precondition(reader == nil, "two tasks read one body at once")
            let waiter = Waiter<Void>("the next piece of an answer's body")
            reader = waiter
            defer { reader = nil }
            try await waiter.value()
        }
        let piece = buffer
        buffer = []
        if isStopped {
            isStopped = false
            onRoom?()
        }
        return piece
    }

    /// True when the flow, stopped before, is wanted again.
    func deliver(
        _ onBytes: @escaping (UnsafeRawBufferPointer) -> Bool, _ onEnd: @escaping (Fault?) -> Void
    ) -> Bool {
        precondition(!isDelivering && reader == nil, "a body has two readers")
        isDelivering = true
        let wasStopped = isStopped
        isStopped = false
        sink = Sink(onBytes: onBytes, onEnd: onEnd)
        if !buffer.isEmpty {
            let bytes = buffer
            buffer = []
            isStopped = !bytes.withUnsafeBytes { onBytes($0) }
        }
        endSink()
        return wasStopped && !isStopped
    }

    func resume() -> Bool {
        guard isStopped else { return false }
        isStopped = false
        return true
    }

    func forgetSink() { sink = nil }

    private func endSink() {
        guard let ending, let sink else { return }
        self.sink = nil
        switch ending {
        case .success: sink.onEnd(nil)
        case .failure(let fault): sink.onEnd(fault)
        }
    }
}
