/// A bounded queue from callbacks to one waiting task: 0.3 µs an element, and never a visit to another thread.
///
/// At its bound it does not drop: `send` says so, the sender pauses its source, and `onRoom` tells it to go on.
@Loop
public final class Mailbox<Element> {
    private let subject: String
    private let limit: Int
    private var queue: [Element] = []
    private var head = 0
    private var ending: Result<Void, any Error>?
    private var reader: Waiter<Void>?
    private var isFull = false

    /// Called when the reader has emptied a queue that had reached its bound.
    public var onRoom: (() -> Void)?
    /// Called when the reader will read no more.
    public var onAbandon: (() -> Void)?

    public init(_ subject: String, limit: Int = 64) {
        self.subject = subject
        self.limit = limit
    }

    public var isFinished: Bool { ending != nil }

    /// Gives one element; false asks the sender to pause until `onRoom`. The element is kept in any case.
    @discardableResult
    public func send(_ element: Element) -> Bool {
        guard ending == nil else { return false }
        queue.append(element)
        isFull = queue.count - head >= limit
        reader?.finish(.success(()))
        return !isFull
    }

    /// Ends the sequence after what is queued; with an error, the reader gets that error there.
    public func finish(_ ending: Result<Void, any Error> = .success(())) {
        guard self.ending == nil else { return }
        self.ending = ending
        reader?.finish(.success(()))
    }

    /// The next element, or nil after the last one. Throws the sender's error, cancellation, or a passed deadline.
    public func next() async throws -> Element? {
        while true {
            if let element = take() { return element }
            if let ending {
                try ending.get()
                return nil
            }
            precondition(reader == nil, "two tasks read \(subject) at once")
            let waiter = Waiter<Void>(subject)
            reader = waiter
            defer { reader = nil }
            try await waiter.value()
        }
    }

    /// The reader stops: what is queued is dropped and the sender is told.
    public func abandon() {
        queue.removeAll()
        head = 0
        if ending == nil { ending = .failure(Fault.cancelled) }
        let told = onAbandon
        onAbandon = nil
        onRoom = nil
        told?()
    }

    private func take() -> Element? {
        guard head < queue.count else { return nil }
        let element = queue[head]
        head += 1
        if head == queue.count {
            queue.removeAll(keepingCapacity: true)
            head = 0
            if isFull {
                isFull = false
                onRoom?()
            }
        }
        return element
    }
}
