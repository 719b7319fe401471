/// What happens in one session and its subtasks, for one reader.
///
/// It keeps what the reader has not read, up to a bound; there it drops all of it and says `gap` instead.
@Loop
public final class OpencodeFeed {
    public enum Item: Sendable, Equatable {
        case event(OpencodeEvent)
        /// The stream is down since now; it is connected again by itself.
        case lost(Fault)
        /// Events may be missing up to here: read the session again.
        case gap
    }

    public let session: String
    private let limit: Int
    private var queue: [Item] = []
    private var head = 0
    private var reader: Waiter<Void>?
    /// Takes an event in the turn in which it comes; false leaves it to `next`. What waits already goes before.
    public var onEvent: ((OpencodeEvent) -> Bool)?
    private var isHolding = false
    private var isAwake = false
    private weak var stream: OpencodeStream?
    private(set) var isClosed = false

    init(_ session: String, limit: Int, _ stream: OpencodeStream) {
        self.session = session
        self.limit = limit
        self.stream = stream
    }

    /// The next one, or nil when there was none for so long or somebody called `wake`. While `holding`, what comes is
    /// left for later.
    public func next(within limit: Duration, holding: Bool = false) async throws -> Item? {
        if !holding, let item = take() { return item }
        if isAwake {
            isAwake = false
            return nil
        }
        if isClosed || Task.isCancelled { throw Fault.cancelled }
        let waiter = Waiter<Void>("an event of opencode")
        let timer = Timer { waiter.finish(.success(())) }
        timer.schedule(after: limit)
        reader = waiter
        defer {
            timer.cancel()
            reader = nil
        }
        isHolding = holding
        try await waiter.value()
        isAwake = false
        return holding ? nil : take()
    }

    /// Ends the wait of the reader, or its next one.
    public func wake() {
        isAwake = true
        reader?.finish(.success(()))
    }

    /// Says that another session belongs to this one, where the stream has missed that.
    public func adopt(_ child: String, of parent: String) { stream?.adopt(child, of: parent) }

    public func close() {
        guard !isClosed else { return }
        isClosed = true
        onEvent = nil
        queue = []
        head = 0
        stream?.leave(self)
        reader?.finish(.failure(Fault.cancelled))
    }

    func send(_ item: Item) {
        guard !isClosed else { return }
        if head == queue.count, !isHolding, case .event(let event) = item, onEvent?(event) == true { return }
        if queue.count - head >= limit {
            queue = []
            head = 0
            queue.append(.gap)
        } else {
            queue.append(item)
        }
        if !isHolding { reader?.finish(.success(())) }
    }

    private func take() -> Item? {
        guard head < queue.count else { return nil }
        let item = queue[head]
        head += 1
        if head == queue.count {
            queue.removeAll(keepingCapacity: true)
            head = 0
        }
        return item
    }
}
