/// The server's side of the opening handshake (RFC 6455 §4.2), without a connection. No extension is ever agreed to.
struct Upgrade: Equatable {
    let accept: String
    let subprotocol: String?

    enum Refusal: Error, Equatable {
        case notAnUpgrade(String)
        case badRequest(String)
        case otherVersion
        case foreignOrigin(String)
    }

    /// `protocols` is in the order of our preference; without a common one the connection has none.
    @Loop
    static func check(_ request: Request, protocols: [String], isAllowed: @Loop (String, Request) -> Bool)
        throws(Refusal)
        -> Upgrade
    {
        let headers = request.headers
        guard request.method == .get, request.minorVersion >= 1 else {
            throw .badRequest("a WebSocket begins with GET and HTTP/1.1")
        }
        guard hasToken("websocket", headers.all("upgrade")), hasToken("upgrade", headers.all("connection")) else {
            throw .notAnUpgrade("this address speaks WebSocket: send Upgrade: websocket and Connection: Upgrade")
        }
        guard headers.all("sec-websocket-version") == ["13"] else { throw .otherVersion }
        let keys = headers.all("sec-websocket-key")
        guard keys.count == 1, AcceptKey.isKey(keys[0]) else {
            throw .badRequest("Sec-WebSocket-Key must be sixteen bytes in base64, once")
        }
        guard request.body.isComplete, request.body.expectedCount == 0 else {
            throw .badRequest("a WebSocket's request has no body")
        }
        if let origin = headers["origin"] {
            let isOnlyOne = headers.all("origin").count == 1
            guard isOnlyOne, isAllowed(origin, request) else { throw .foreignOrigin(origin) }
        }
        let offered = tokens(headers.all("sec-websocket-protocol"))
        return Upgrade(accept: AcceptKey.answer(to: keys[0]), subprotocol: protocols.first { offered.contains($0) })
    }

    /// True when the page comes from the host that it talks to. Only browsers send an origin.
    @Loop
    static func isSameOrigin(_ origin: String, _ request: Request) -> Bool {
        guard let colon = origin.firstIndex(of: ":"), origin[colon...].hasPrefix("://") else { return false }
        return origin[colon...].dropFirst(3).lowercased() == request.host.lowercased() && !request.host.isEmpty
    }

    static func hasToken(_ token: String, _ values: [String]) -> Bool {
        tokens(values).contains { $0.lowercased() == token }
    }

    static func tokens(_ values: [String]) -> [String] {
        values.flatMap { value in
            value.split(separator: ",").map { String($0.trimmingSpace) }.filter { !$0.isEmpty }
        }
    }
}

extension Substring {
    /// Without the spaces and tabs that HTTP allows around a list's members.
    var trimmingSpace: Substring {
        var text = self
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
