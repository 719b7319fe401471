import Runtime

/// Who sits at this machine: its loopback addresses and the Unix socket.
///
/// A proxy on this machine looks like loopback too, and so does a browser that a foreign page has sent here; both give
/// themselves away by their headers.
enum PeerTrust {
    @Loop
    static func refusal(_ request: Request) -> String? {
        refusal(peer: request.peer, host: request.host, request.headers)
    }

    /// Why not, or nil. `host` is what the request was sent to, as its own target or `Host` says it.
    static func refusal(peer: Peer, host: String, _ headers: Headers) -> String? {
        guard peer.isLoopback else { return "without a key only this machine may" }
        if let name = headers.lazy.map({ $0.name }).first(where: isProxyHeader) {
            return "it came through a proxy, as its \(name) header says, so that nobody knows who asks"
        }
        // A page whose name was rebound to 127.0.0.1 gets here with its own name.
        if peer != .unix, !namesLoopback(host) { return "its Host is \"\(host)\", not this machine" }
        for origin in headers.all("origin") where !isOwn(origin, host) {
            return "a page of \(origin) sent it"
        }
        for site in headers.all("sec-fetch-site") where site != "same-origin" && site != "none" {
            return "a page of another site sent it"
        }
        return nil
    }

    private static func isProxyHeader(_ name: String) -> Bool {
        let name = name.lowercased()
        return name.hasPrefix("x-forwarded") || proxyHeaders.contains(name)
    }

    private static let proxyHeaders: Set<String> = [
        "forwarded", "via", "x-real-ip", "x-client-ip", "client-ip", "true-client-ip", "x-cluster-client-ip",
        "x-original-forwarded-for", "x-envoy-external-address", "cf-connecting-ip", "fastly-client-ip",
    ]

    private static func isOwn(_ origin: String, _ host: String) -> Bool {
        let origin = origin.lowercased()
        let host = host.lowercased()
        return !host.isEmpty && (origin == "http://\(host)" || origin == "https://\(host)")
    }

    /// `localhost`, an address of 127.0.0.0/8 or `[::1]`, each with any port or none.
    private static func namesLoopback(_ host: String) -> Bool {
        if host.hasPrefix("[") {
            guard let close = host.firstIndex(of: "]"), isPort(host[host.index(after: close)...]) else { return false }
            return IPAddress(String(host[host.index(after: host.startIndex)..<close]))?.isLoopback == true
        }
        let colon = host.firstIndex(of: ":") ?? host.endIndex
        guard isPort(host[colon...]) else { return false }
        let name = host[..<colon]
        return name.lowercased() == "localhost" || IPAddress(String(name))?.isLoopback == true
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.isEmpty || text.first == ":" && text.dropFirst().utf8.allSatisfy { 48...57 ~= $0 }
    }
}
