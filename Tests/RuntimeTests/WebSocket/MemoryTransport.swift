@testable import Runtime

/// A byte stream without a socket. As with a real one, what is sent arrives after the turn in which it was sent.
@Loop
final class MemoryTransport: ByteTransport, TurnEnding {
    var onBytes: ((UnsafeRawBufferPointer) -> Void)?
    var onClose: (() -> Void)?
    var onDrain: (() -> Void)?
    /// What the subject sent, when there is no other end.
    private(set) var taken: [UInt8] = []
    private(set) var isClosed = false
    /// The other side takes nothing while this is set.
    var isStuck = false {
        didSet { if !isStuck { flush() } }
    }
    var isReadingPaused = false {
        didSet { if !isReadingPaused { deliver() } }
    }
    /// The other end. Gone when it has closed.
    var other: MemoryTransport?
    private var unsent: [UInt8] = []
    private var unread: [UInt8] = []
    private var isGathering = false

    static func pair() -> (MemoryTransport, MemoryTransport) {
        let (a, b) = (MemoryTransport(), MemoryTransport())
        (a.other, b.other) = (b, a)
        return (a, b)
    }

    var unsentBytes: Int { unsent.count }

    func send(_ bytes: UnsafeRawBufferPointer) {
        guard !isClosed else { return }
        unsent.append(contentsOf: bytes)
        gather()
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        gather()
    }

    /// The subject's view of a peer that vanishes.
    func breakOff() {
        isClosed = true
        other = nil
        onClose?()
    }

    func feed(_ bytes: [UInt8]) {
        unread += bytes
        deliver()
    }

    func turnEnds() {
        isGathering = false
        flush()
    }

    private func gather() {
        guard !isGathering else { return }
        isGathering = true
        Loop.atTurnEnd(self)
    }

    private func flush() {
        guard !isStuck else { return }
        let bytes = unsent
        unsent = []
        if let other { other.feed(bytes) } else { taken += bytes }
        if !bytes.isEmpty { onDrain?() }
        if isClosed, let other {
            self.other = nil
            other.other = nil
            let told = other.onClose
            other.onClose = nil
            told?()
        }
    }

    private func deliver() {
        guard !isReadingPaused, !unread.isEmpty else { return }
        let bytes = unread
        unread = []
        bytes.withUnsafeBytes { onBytes?($0) }
    }
}
