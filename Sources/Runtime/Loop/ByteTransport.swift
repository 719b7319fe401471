/// A connected, ordered byte stream on the loop, whatever carries it: a server's socket after an upgrade, or a client's
/// with or without TLS.
@Loop
public protocol ByteTransport: AnyObject {
    /// Bytes that have come; valid during the call only.
    var onBytes: ((UnsafeRawBufferPointer) -> Void)? { get set }
    /// Called once when the other side is gone or the stream broke, never after our own `close`.
    var onClose: (() -> Void)? { get set }
    /// Called when what was unsent has fallen below the low-water mark.
    var onDrain: (() -> Void)? { get set }

    /// Queues bytes; they leave at the end of the turn.
    func send(_ bytes: UnsafeRawBufferPointer)
    /// Bytes queued and not yet taken by the kernel.
    var unsentBytes: Int { get }
    /// Stops and starts the flow of `onBytes`.
    var isReadingPaused: Bool { get set }
    /// Sends what is queued, then closes.
    func close()
}
