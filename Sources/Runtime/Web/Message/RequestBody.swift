/// The body of a request as it comes in. What is not read in time holds the client back; it is never piled up.
@Loop
public final class RequestBody {
    /// Reading from the client pauses above this.
    nonisolated static let highWater = 64 << 10

    private var buffer: [UInt8] = []
    private var ending: Result<Void, any Error>? = .success(())
    private var waiting: Waiter<Void>?
    private var received = 0
    /// The most that may come in all; more is refused with 413.
    public internal(set) var limit = 0
    /// What `Content-Length` says; nil for a chunked body.
    public internal(set) var expectedCount: Int? = 0
    /// Fields after a chunked body. They are never mixed into the request's headers.
    public internal(set) var trailers = Headers()
    /// Called when the reader takes what was there, or asks for the first time.
    var onDemand: (() -> Void)?

    init() {}

    public var isComplete: Bool { if case .success = ending { true } else { false } }
    /// True when nothing more will come, also because the client has gone.
    var isEnded: Bool { ending != nil }
    var buffered: Int { buffer.count }

    /// The whole body of a route that asked for it with `body: .collected`.
    public var bytes: [UInt8] { buffer }

    /// The next piece, or nil after the last. Throws when the client goes away, sends too much or sends nonsense.
    public func next() async throws -> [UInt8]? {
        while buffer.isEmpty {
            if let ending {
                try ending.get()
                return nil
            }
            precondition(waiting == nil, "two tasks read one request's body at once")
            let waiter = Waiter<Void>("the request's body")
            waiting = waiter
            defer { waiting = nil }
            onDemand?()
            try await waiter.value()
        }
        let piece = buffer
        buffer = []
        onDemand?()
        return piece
    }

    /// All of it; a body over `limit` (or the route's, when that is less) throws `.tooLarge`.
    public func collect(limit: Int? = nil) async throws -> [UInt8] {
        let bound = min(limit ?? self.limit, self.limit)
        if let expectedCount, expectedCount > bound { throw RequestBody.tooLarge(bound) }
        var all: [UInt8] = []
        while let piece = try await next() {
            if all.count + piece.count > bound { throw RequestBody.tooLarge(bound) }
            if all.isEmpty { all = piece } else { all += piece }
        }
        return all
    }

    static func tooLarge(_ bound: Int) -> Fault {
        Fault(.tooLarge, "the request's body is larger than \(bound) bytes", hint: "send less, or in several requests")
    }

    // MARK: the connection's side

    func begin(expecting count: Int?, limit: Int) {
        ending = nil
        expectedCount = count
        self.limit = limit
    }

    /// False when the body has grown over its limit.
    func append(_ bytes: inout [UInt8]) -> Bool {
        received += bytes.count
        guard received <= limit else { return false }
        if buffer.isEmpty {
            swap(&buffer, &bytes)
        } else {
            buffer.append(contentsOf: bytes)
        }
        bytes.removeAll(keepingCapacity: bytes.capacity <= 4096)
        return true
    }

    func wake() { waiting?.finish(.success(())) }

    func finish(_ ending: Result<Void, any Error> = .success(())) {
        guard self.ending == nil else { return }
        self.ending = ending
        onDemand = nil
        if case .failure = ending { buffer = [] }
        waiting?.finish(.success(()))
    }

    func reset() {
        if !buffer.isEmpty { buffer = [] }
        ending = .success(())
        received = 0
        limit = 0
        expectedCount = 0
        if !trailers.isEmpty { trailers = Headers() }
        onDemand = nil
    }
}
