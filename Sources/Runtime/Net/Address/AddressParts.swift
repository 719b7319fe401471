/// The five parts of a reference, split at their delimiters and not yet judged (RFC 3986, appendix B).
struct AddressParts {
    private(set) var scheme: String?
    private(set) var authority: String?
    private(set) var path = ""
    private(set) var query: String?
    private(set) var fragment: String?

    init(_ text: String) throws {
        guard text.utf8.count <= WebAddress.limit else {
            throw Fault(.tooLarge, "an address is longer than \(WebAddress.limit) bytes")
        }
        // A backslash is a slash to some readers and not to others, so it is nothing here.
        guard text.utf8.allSatisfy({ $0 > 32 && $0 != 127 && $0 != 92 }) else {
            throw Fault(
                .invalidInput, "an address has a blank, control character or backslash in it",
                hint: "encode it, as in %20")
        }
        var rest = Substring(text)
        if let mark = rest.firstIndex(of: "#") {
            fragment = String(rest[rest.index(after: mark)...])
            rest = rest[..<mark]
        }
        if let mark = rest.firstIndex(of: "?") {
            query = String(rest[rest.index(after: mark)...])
            rest = rest[..<mark]
        }
        if let colon = rest.firstIndex(of: ":"), AddressParts.isScheme(rest[..<colon]) {
            scheme = String(rest[..<colon])
            rest = rest[rest.index(after: colon)...]
        }
        if rest.hasPrefix("//") {
            rest = rest.dropFirst(2)
            let end = rest.firstIndex(of: "/") ?? rest.endIndex
            authority = String(rest[..<end])
            rest = rest[end...]
        }
        path = String(rest)
    }

    /// Host and port text of an authority without its user part.
    static func split(authority: Substring) throws -> (host: Substring, port: Substring?) {
        var hostEnd = authority.endIndex
        if authority.hasPrefix("[") {
            guard let close = authority.firstIndex(of: "]") else { throw WebHost.unusable }
            hostEnd = authority.index(after: close)
        } else if let colon = authority.firstIndex(of: ":") {
            hostEnd = colon
        }
        let rest = authority[hostEnd...]
        guard !rest.isEmpty else { return (authority, nil) }
        guard rest.hasPrefix(":") else { throw WebHost.unusable }
        let port = rest.dropFirst()
        return (authority[..<hostEnd], port.isEmpty ? nil : port)
    }

    private static func isScheme(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, 97...122 ~= first | 32 else { return false }
        return text.utf8.allSatisfy { 97...122 ~= $0 | 32 || 48...57 ~= $0 || $0 == 43 || $0 == 45 || $0 == 46 }
    }
}
