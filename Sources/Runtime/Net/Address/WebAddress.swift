/// An absolute `http`, `https`, `ws` or `wss` address, taken apart and normalised: lower-case host, no dot segments,
/// percent sequences in capitals and only where they are needed. Two that mean the same are equal.
///
/// Reading is strict, because an address often comes from outside: no user part, no blanks, no host that some reader
/// could take for another one (`2130706433`, `0x7f.1`).
public struct WebAddress: Sendable, Hashable {
    public enum Scheme: String, Sendable {
        case http, https, ws, wss

        public var isSecure: Bool { self == .https || self == .wss }
        public var defaultPort: Int { isSecure ? 443 : 80 }
    }

    /// Larger ones are refused.
    public static let limit = 32 << 10

    public let scheme: Scheme
    public let host: WebHost
    public let port: Int
    /// Encoded, and never empty.
    public private(set) var path: String
    /// Encoded, without its question mark.
    public private(set) var query: String?
    /// Encoded; never sent.
    public private(set) var fragment: String?
    /// Only where the reader allowed one (proxies); still encoded.
    public private(set) var userinfo: String?

    public init(_ text: String) throws { try self.init(text, allowsUserinfo: false) }

    public init(_ text: String, allowsUserinfo: Bool) throws {
        let parts = try AddressParts(text)
        guard let scheme = parts.scheme, let authority = parts.authority else {
            throw Fault(.invalidInput, "an address needs a scheme and a host", hint: "as in https://example.com/path")
        }
        try self.init(scheme: scheme, authority: authority, allowsUserinfo: allowsUserinfo)
        try take(path: parts.path, query: parts.query, fragment: parts.fragment)
    }

    public init(scheme: Scheme, host: WebHost, port: Int? = nil, path: String = "/") throws {
        self.scheme = scheme
        self.host = host
        self.port = port ?? scheme.defaultPort
        self.path = "/"
        try take(path: AddressParts(path).path, query: nil, fragment: nil)
    }

    private init(scheme name: String, authority: String, allowsUserinfo: Bool) throws {
        guard let scheme = Scheme(rawValue: name.lowercased()) else {
            throw Fault(.invalidInput, "the scheme of an address is not known here", hint: "http, https, ws or wss")
        }
        self.scheme = scheme
        var rest = Substring(authority)
        if let at = rest.lastIndex(of: "@") {
            guard allowsUserinfo else {
                throw Fault(
                    .invalidInput, "an address must not carry a user or password", hint: "send them in a header")
            }
            userinfo = try PercentText.normal(String(rest[..<at]), .userinfo)
            rest = rest[rest.index(after: at)...]
        }
        let (host, port) = try AddressParts.split(authority: rest)
        self.host = try WebHost(String(host))
        self.port = try port.map(WebAddress.port) ?? scheme.defaultPort
        path = "/"
    }

    /// Scheme, host and port: what cookies and credentials are bound to.
    public var origin: String { "\(scheme.rawValue)://\(authority)" }

    /// As the `Host` field says it: without the scheme's own port.
    public var authority: String { port == scheme.defaultPort ? "\(host)" : "\(host):\(port)" }

    /// What a request line bears.
    public var target: String { query.map { "\(path)?\($0)" } ?? path }

    /// Fit for messages: without the user part, the query and the fragment, which may hold secrets.
    public var redacted: String { origin + path }

    /// The same with further query parameters, encoded.
    public func adding(query items: [(name: String, value: String)]) -> WebAddress {
        var copy = self
        let added = items.map { "\(PercentText.encoded($0.name))=\(PercentText.encoded($0.value))" }
            .joined(separator: "&")
        copy.query = query.map { $0.isEmpty || added.isEmpty ? $0 + added : "\($0)&\(added)" } ?? added
        return copy
    }

    /// The same with one more path segment, encoded: a slash in it does not separate. Dot segments would climb, so they
    /// are refused.
    public func appending(segment: String) throws -> WebAddress {
        guard !segment.isEmpty, segment != ".", segment != ".." else {
            throw Fault(.invalidInput, "`\(segment)` cannot be a segment of an address")
        }
        var copy = self
        copy.path = (path.hasSuffix("/") ? path : path + "/") + PercentText.encoded(segment)
        return copy
    }

    /// The address that a reference (as in `Location`) means here, by RFC 3986 §5.
    public func resolving(_ reference: String) throws -> WebAddress {
        let parts = try AddressParts(reference)
        if parts.scheme != nil { return try WebAddress(reference) }
        if let authority = parts.authority {
            var made = try WebAddress(scheme: scheme.rawValue, authority: authority, allowsUserinfo: false)
            try made.take(path: parts.path, query: parts.query, fragment: parts.fragment)
            return made
        }
        var made = self
        if parts.path.isEmpty {
            try made.take(path: path, query: parts.query ?? query, fragment: parts.fragment)
        } else if parts.path.hasPrefix("/") {
            try made.take(path: parts.path, query: parts.query, fragment: parts.fragment)
        } else {
            let directory = path[...(path.lastIndex(of: "/") ?? path.startIndex)]
            try made.take(path: directory + parts.path, query: parts.query, fragment: parts.fragment)
        }
        return made
    }

    private mutating func take(path: String, query: String?, fragment: String?) throws {
        let normal = try PercentText.normal(path, .path)
        self.path = PercentText.withoutDots(normal.isEmpty ? "/" : normal)
        self.query = try query.map { try PercentText.normal($0, .query) }
        self.fragment = try fragment.map { try PercentText.normal($0, .query) }
    }

    private static func port(_ text: Substring) throws -> Int {
        guard text.utf8.count <= 5, text.utf8.allSatisfy({ 48...57 ~= $0 }), let port = Int(text), 1...65535 ~= port
        else { throw Fault(.invalidInput, "the port of an address is a number from 1 to 65535") }
        return port
    }
}

extension WebAddress: CustomStringConvertible {
    /// All but the user part.
    public var description: String { origin + target + (fragment.map { "#\($0)" } ?? "") }
}
