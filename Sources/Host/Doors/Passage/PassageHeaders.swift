import Runtime

/// Which header fields go through, in both directions. What is not named here stays behind, keys before all.
enum PassageHeaders {
    private static let asked: Set<String> = [
        "accept", "accept-encoding", "accept-language", "baggage", "cache-control", "content-encoding",
        "content-language", "content-type", "if-match", "if-modified-since", "if-none-match", "if-range",
        "if-unmodified-since", "last-event-id", "pragma", "prefer", "range", "traceparent", "tracestate", "user-agent",
        "x-request-id",
    ]
    /// The client's word on where it works is replaced.
    private static let replaced: Set<String> = ["x-opencode-directory", "x-opencode-workspace"]

    /// `isRead`: the answer will be looked into, so that it must come plain.
    static func copy(_ given: Headers, to outgoing: inout Headers, isRead: Bool) {
        for (name, value) in given {
            let name = name.lowercased()
            let isOpencode = name.hasPrefix("x-opencode-") && !Redactor.isSensitive(name: name)
            guard asked.contains(name) || isOpencode, !replaced.contains(name) else { continue }
            if isRead, name == "accept-encoding" || name == "range" { continue }
            outgoing.add(name, value)
        }
    }

    /// Of one hop only, of that server alone, or a word about pages that only this server may say.
    private static let dropped: Set<String> = [
        "connection", "keep-alive", "proxy-authenticate", "proxy-authentication-info", "proxy-connection", "te",
        "trailer", "transfer-encoding", "upgrade", "date", "server", "set-cookie", "set-cookie2", "location",
        "www-authenticate", "x-request-id", "content-security-policy", "x-content-type-options", "alt-svc",
        "strict-transport-security", "clear-site-data", "service-worker-allowed",
    ]

    static func answer(_ given: Headers, isRead: Bool) -> Headers {
        let listed = Set(
            given.all("connection").flatMap { $0.split(separator: ",").map { $0.trimmed.lowercased() } })
        var kept = Headers()
        for (name, value) in given {
            let lower = name.lowercased()
            if dropped.contains(lower) || listed.contains(lower) || lower.hasPrefix("access-control-") { continue }
            if isRead, ["content-length", "etag", "content-encoding", "accept-ranges"].contains(lower) { continue }
            kept.add(name, value)
        }
        // Pages from there are no pages of this server.
        kept.set("Content-Security-Policy", "sandbox")
        kept.set("X-Content-Type-Options", "nosniff")
        return kept
    }
}
