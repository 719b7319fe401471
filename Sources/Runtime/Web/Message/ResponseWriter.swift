/// Where the body of a streamed answer goes. Writes of one turn leave together, the head with the first of them or,
/// when there is none, at the end of the turn.
@Loop
public final class ResponseWriter {
    /// The client's stream is full above the first and has room again below the second.
    public nonisolated static let highWater = 256 << 10
    public nonisolated static let lowWater = 16 << 10

    private var sink: (any ResponseSink)?

    /// Called when what was unsent has fallen below the low-water mark, after a write that said false.
    public var onRoom: (() -> Void)?
    /// Called once, when the client leaves before the answer has ended.
    public var onGone: (() -> Void)?

    private var waiting: Waiter<Void>?

    init(_ sink: any ResponseSink) { self.sink = sink }

    public var isGone: Bool { sink == nil }
    /// Bytes that the kernel has not taken yet.
    public var unsentBytes: Int { sink?.unsentBytes ?? 0 }

    /// Queues bytes and returns false when the writer should stop until `onRoom`, or for good because the client is
    /// gone. The bytes are kept in the first case; a writer that never heeds it loses its client at 16 MB.
    @discardableResult
    public func writeNow(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let sink else { return false }
        return sink.write(bytes)
    }

    @discardableResult
    public func writeNow(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { writeNow($0) }
    }

    @discardableResult
    public func writeNow(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { writeNow(UnsafeRawBufferPointer($0)) }
    }

    /// Writes and waits for room. Throws when the client is gone, the task is cancelled or its deadline passes.
    public func write(_ bytes: [UInt8]) async throws {
        if !writeNow(bytes) { try await room() }
    }

    public func write(_ text: String) async throws {
        if !writeNow(text) { try await room() }
    }

    /// Waits until a write is welcome.
    public func room() async throws {
        guard let sink else { throw ResponseWriter.gone }
        if sink.unsentBytes < ResponseWriter.highWater { return }
        let waiter = Waiter<Void>("the client's reading")
        waiting = waiter
        defer { waiting = nil }
        try await waiter.value()
    }

    /// Ends a `.source` answer. A `.stream` answer ends by itself.
    public func end() { sink?.end(whole: true) }

    /// Breaks the connection, so that the client knows that the answer is not whole.
    public func fail() { sink?.end(whole: false) }

    func tellRoom() {
        waiting?.finish(.success(()))
        onRoom?()
    }

    func tellGone() {
        sink = nil
        let told = onGone
        forget()
        waiting?.finish(.failure(ResponseWriter.gone))
        told?()
    }

    func forget() {
        sink = nil
        onGone = nil
        onRoom = nil
    }

    static let gone = Fault(.cancelled, "the client has gone")
}

/// What a response writer writes to.
@Loop
protocol ResponseSink: AnyObject {
    var unsentBytes: Int { get }
    func write(_ bytes: UnsafeRawBufferPointer) -> Bool
    func end(whole: Bool)
}
