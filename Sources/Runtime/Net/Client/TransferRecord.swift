/// What an ended exchange was, redirects included, for logs and metrics.
public struct TransferRecord: Sendable {
    public let method: Method
    /// Host and port of the last hop; a name, so bound it before it becomes a label.
    public let host: String
    /// 0 when no answer came.
    public let status: Int
    public let bytesReceived: Int
    public let bytesSent: Int
    public let redirects: Int
    public let timings: TransferTimings
    /// Nil when it ended well.
    public let failure: Fault.Kind?
}

/// Since the start of the last hop.
public struct TransferTimings: Sendable, Equatable {
    public var lookup = Duration.zero
    public var connect = Duration.zero
    /// Zero without TLS.
    public var secure = Duration.zero
    public var firstByte = Duration.zero
    public var total = Duration.zero
    /// The connection was there already.
    public var isReused = false
}
