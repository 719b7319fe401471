/// What a child writes, as it comes. Up to a megabyte waits here; then the child waits.
@Loop
public final class ByteStream {
    private let chunks: Mailbox<[UInt8]>
    var onRoom: (() -> Void)? {
        get { chunks.onRoom }
        set { chunks.onRoom = newValue }
    }
    var onAbandon: (() -> Void)? {
        get { chunks.onAbandon }
        set { chunks.onAbandon = newValue }
    }

    init(_ subject: String) { chunks = Mailbox(subject, limit: 16) }

    /// The next bytes, or nil when the last holder of the other end has closed it.
    public func next() async throws -> [UInt8]? { try await chunks.next() }

    /// Reads no more; the child gets an error when it writes.
    public func close() { chunks.abandon() }

    func take(_ bytes: UnsafeRawBufferPointer) -> Bool { chunks.send([UInt8](bytes)) }

    func end() { chunks.finish() }
}
