/// One HTTP request. It stays valid after its answer, for as long as somebody holds it.
@Loop
public final class Request {
    public internal(set) var method = Method.get
    public internal(set) var headers = Headers()
    /// From the path pattern of the route, decoded.
    public internal(set) var parameters = Parameters()
    /// The pattern of the route that answers, such as `/v1/models/{id}`; empty when there is none.
    public internal(set) var pattern = ""
    public internal(set) var peer = Peer.unix
    public internal(set) var body: RequestBody

    var target = RequestTarget()
    var minorVersion: UInt8 = 1
    var number: UInt64 = 0
    var began = Instant(nanoseconds: 0)
    var trust: Trust?
    var givenID: Headers.Field?
    var isGone = false
    private var decodedQuery: QueryFields?
    private var forwarding: Forwarding?

    init(body: RequestBody = RequestBody()) { self.body = body }

    /// What stood in the request line, for logs.
    public var rawTarget: String { target.text(target.whole, headers.bytes) }

    /// Decoded by segment; a `%2F` within a segment stays as it is, so that it never separates.
    public var path: String { target.decodedPath(headers.bytes) }

    public var query: QueryFields {
        if let decodedQuery { return decodedQuery }
        let query = QueryFields(target.text(target.query, headers.bytes))
        decodedQuery = query
        return query
    }

    /// The client's `X-Request-Id` when it is 1 to 128 harmless characters, else one that the server made.
    public var id: String { givenID.map { headers.text(value: $0) } ?? RequestID.text(number) }

    /// True once the client has gone: nobody will read the answer.
    public var isClientGone: Bool { isGone }

    /// The client's address: the peer's, or what listed peers say in `Forwarded` or `X-Forwarded-For`.
    public var clientAddress: String { forwarded.address }
    /// `http` or `https`, as the client sees it.
    public var scheme: String { forwarded.scheme }
    /// Host and port as the client sees them; empty when an HTTP/1.0 client named none.
    public var host: String { forwarded.host }

    private var forwarded: Forwarding {
        if let forwarding { return forwarding }
        let made = Forwarding(
            headers: headers, peer: peer, trusted: trust?.peers ?? [], trustsUnix: trust?.unix ?? false,
            host: target.authority(headers) ?? "")
        forwarding = made
        return made
    }

    func reset() {
        headers.removeAll()
        parameters = Parameters()
        pattern = ""
        target = RequestTarget()
        givenID = nil
        isGone = false
        decodedQuery = nil
        forwarding = nil
        body.reset()
    }
}

/// What the braces of a route's pattern matched.
public struct Parameters: Sendable {
    var names: [String] = []
    var values: [String] = []

    public init() {}

    public subscript(_ name: String) -> String? {
        names.firstIndex(of: name).map { values[$0] }
    }
}

/// Decoded query parameters in order; a name may come more than once.
public struct QueryFields: Sendable {
    public let items: [(name: String, value: String)]

    /// A broken percent sequence is taken as it stands.
    public init(_ text: String) {
        items = text.split(separator: "&").map { item in
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (PercentCoding.form(parts[0]), parts.count == 2 ? PercentCoding.form(parts[1]) : "")
        }
    }

    public subscript(_ name: String) -> String? { items.first { $0.name == name }?.value }

    public func all(_ name: String) -> [String] { items.filter { $0.name == name }.map(\.value) }
}
