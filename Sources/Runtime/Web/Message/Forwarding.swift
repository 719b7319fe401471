/// What a client is, as far as those that passed its request on may say.
struct Forwarding {
    var address: String
    var scheme = "http"
    var host: String

    /// From the peer backwards, each hop is believed while it is a listed one: the first that is not is the client.
    init(headers: Headers, peer: Peer, trusted: [AddressRange], trustsUnix: Bool = false, host: String) {
        self.host = host
        switch peer {
        case .unix:
            address = "unix"
            guard trustsUnix else { return }
        case .address(let peerAddress, _):
            address = peerAddress.description
            guard trusted.contains(where: { $0.contains(peerAddress) }) else { return }
        }
        let standard = headers.all("forwarded")
        if standard.isEmpty { readUsual(headers, trusted) } else { readStandard(standard, trusted) }
    }

    private mutating func readUsual(_ headers: Headers, _ trusted: [AddressRange]) {
        let hops = Forwarding.list(headers.all("x-forwarded-for")).map { Forwarding.address(of: $0) }
        walk(hops, trusted)
        if let scheme = Forwarding.list(headers.all("x-forwarded-proto")).last { take(scheme: scheme) }
        if let host = Forwarding.list(headers.all("x-forwarded-host")).last { take(host: host) }
    }

    /// RFC 7239. Proto and host are those of the hop that named the client.
    private mutating func readStandard(_ values: [String], _ trusted: [AddressRange]) {
        let elements = Forwarding.list(values).map(Forwarding.pairs)
        let used = walk(elements.map { $0["for"].flatMap { Forwarding.address(of: $0) } }, trusted)
        guard let used else { return }
        if let scheme = elements[used]["proto"] { take(scheme: scheme) }
        if let host = elements[used]["host"] { take(host: host) }
    }

    /// Which hop named the client; one that names no address ends the walk there.
    @discardableResult
    private mutating func walk(_ hops: [IPAddress?], _ trusted: [AddressRange]) -> Int? {
        var used: Int?
        for (index, hop) in hops.enumerated().reversed() {
            guard let hop else { break }
            address = hop.description
            used = index
            if !trusted.contains(where: { $0.contains(hop) }) { break }
        }
        return used ?? (hops.isEmpty ? nil : hops.count - 1)
    }

    private mutating func take(scheme: String) {
        let scheme = scheme.lowercased()
        if scheme == "http" || scheme == "https" { self.scheme = scheme }
    }

    private mutating func take(host: String) {
        let isValid = Array(host.utf8).withUnsafeBufferPointer { Authority.isValid($0) && !$0.isEmpty }
        if isValid { self.host = host }
    }

    private static func list(_ values: [String]) -> [String] {
        values.flatMap { $0.split(separator: ",") }.map { trim($0) }
    }

    private static func pairs(_ element: String) -> [String: String] {
        var result: [String: String] = [:]
        for pair in element.split(separator: ";") {
            let parts = pair.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { continue }
            var value = trim(parts[1])[...]
            if value.hasPrefix("\""), value.hasSuffix("\""), value.count >= 2 { value = value.dropFirst().dropLast() }
            result[trim(parts[0]).lowercased()] = String(value)
        }
        return result
    }

    /// `1.2.3.4`, `1.2.3.4:80`, `::1`, `[::1]` or `[::1]:80`.
    private static func address(of text: String) -> IPAddress? {
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else { return nil }
            return IPAddress(String(text[text.index(after: text.startIndex)..<close]))
        }
        if let address = IPAddress(text) { return address }
        guard let colon = text.firstIndex(of: ":") else { return nil }
        return IPAddress(String(text[..<colon]))
    }

    private static func trim(_ text: Substring) -> String {
        var text = text
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }
}
