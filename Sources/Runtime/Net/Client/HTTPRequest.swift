/// One request to another server.
public struct HTTPRequest: Sendable {
    public var method: Method
    public var address: WebAddress
    /// `Content-Length` and `Transfer-Encoding` are the client's own; what could end a line is refused.
    public var headers: Headers
    public var body: Body
    /// Connects to this socket in the file system instead of the address's host, which is still named in `Host`.
    public var unixPath: String?
    /// What is nil here is taken from the client's settings.
    public var deadlines: HTTPDeadlines?
    public var guarding: AddressGuard?
    /// The most redirects that are followed; 0 gives a 3xx answer to the caller.
    public var redirects: Int?
    /// The most that the body may have, after decompression; more fails with `.tooLarge`. Nil is no bound.
    public var bodyLimit: Int?
    /// Asks for gzip or brotli and undoes it. Off for relays, which pass bytes on as they are.
    public var decompresses = true
    /// Speaks HTTP/2 where TLS offers it.
    public var allowsHTTP2 = false

    public init(
        _ method: Method = .get, _ address: WebAddress, headers: Headers = Headers(), body: Body = .none
    ) {
        self.method = method
        self.address = address
        self.headers = headers
        self.body = body
    }

    public enum Body: Sendable {
        case none
        case bytes([UInt8])
        /// Pieces as they come, nil after the last. Asked for the next one only when the last is nearly sent. Such a
        /// request is never repeated. Without a length it goes chunked.
        case stream(length: Int?, @Loop @Sendable () async throws -> [UInt8]?)

        var isStream: Bool { if case .stream = self { true } else { false } }
    }

    /// What messages call it; without query or anything else that may be secret.
    var subject: String { "\(method.rawValue) \(unixPath.map { "unix:\($0) " } ?? "")\(address.redacted)" }
}

/// How long each part may take. Nil is no bound.
public struct HTTPDeadlines: Sendable, Hashable {
    /// Name lookup, connection and TLS.
    public var connect: Duration? = .seconds(10)
    /// From the request sent to the whole head.
    public var head: Duration? = .seconds(60)
    /// Between two pieces of the body, while the reader wants any.
    public var idle: Duration? = .seconds(120)
    public var total: Duration?

    public init() {}

    public init(connect: Duration? = .seconds(10), head: Duration?, idle: Duration?, total: Duration? = nil) {
        self.connect = connect
        self.head = head
        self.idle = idle
        self.total = total
    }
}

public struct HTTPClientSettings: Sendable {
    public var userAgent = "perigee"
    public var deadlines = HTTPDeadlines()
    public var guarding = AddressGuard.publicOnly()
    public var redirects = 5
    public var bodyLimit: Int?
    /// Larger heads end the transfer with `.tooLarge`.
    public var headLimit = 64 << 10
    /// Connections kept open for the next request; above it the oldest closes.
    public var idleConnections = 64
    public var idleAge = Duration.seconds(60)
    /// Requests above these wait for a connection, within their connect deadline; 0 is no bound.
    public var connectionsPerHost = 0
    public var connections = 4096
    /// A file of certificates to trust instead of the system's.
    public var certificates: String?
    /// Whom the client says it is, to servers that ask for a certificate.
    public var identity: Identity?
    public var proxies = ProxySettings()
    /// Read from a socket at once; it is held as long as the transfer lives.
    public var receiveBuffer = 8 << 10

    public init() {}

    /// Files in PEM form.
    public struct Identity: Sendable, Hashable {
        public let certificate: String
        public let key: String

        public init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }
}
