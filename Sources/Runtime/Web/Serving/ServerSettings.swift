/// The bounds of a server. Each says what happens when it is met.
public struct ServerSettings: Sendable {
    /// Longer request lines get 414.
    public var requestLine = 8 << 10
    /// Larger heads get 431, and so do more fields.
    public var head = 32 << 10
    public var fields = 100
    /// Larger bodies get 413, unless their route has a limit of its own.
    public var body = 32 << 20
    /// From a request's first byte to the end of its head; then 408.
    public var headDeadline = Duration.seconds(10)
    /// A connection without a request is closed after this.
    public var idle = Duration.seconds(75)
    /// While a body is awaited, at least `bodyRate` bytes a second must come on average over this time; else 408.
    public var bodyWindow = Duration.seconds(20)
    public var bodyRate = 128
    /// A client that reads nothing of what waits for it loses its connection after this.
    public var writeStall = Duration.seconds(60)
    /// How long a closing connection waits for the client to take the last answer.
    public var linger = Duration.seconds(3)
    /// An unread body of at most this many bytes is thrown away to keep the connection; above it the connection closes.
    public var discard = 256 << 10
    /// At this many connections (or at the descriptor limit less `descriptorReserve`) no more are accepted until one
    /// ends: they wait in the kernel's queue.
    public var connections = 10_000
    public var descriptorReserve = 256
    /// Further connections from one address are closed at once; nil is no bound.
    public var connectionsPerPeer: Int?
    /// The last of this many requests is answered with `Connection: close`.
    public var requestsPerConnection = 100_000
    /// Whose word about the client (`Forwarded`, `X-Forwarded-For`, `-Proto`, `-Host`) is believed. A Unix socket's
    /// peer is believed when `trustsUnixPeers` is set.
    public var trustedPeers: [AddressRange] = []
    public var trustsUnixPeers = false

    public init() {}
}

/// What an ended request was, for logs and metrics.
public struct RequestRecord: Sendable {
    public let method: Method?
    /// The route's pattern, a bounded set fit for labels; empty when no route matched.
    public let pattern: String
    /// As it came; only for logs.
    public let target: String
    public let status: Int
    /// Of the body, as handed to the kernel's queue.
    public let bytes: Int
    public let duration: Duration
    public let id: String
    public let peer: Peer
    /// The client left before the answer had ended.
    public let isCancelled: Bool
}
