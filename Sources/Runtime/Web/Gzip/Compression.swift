/// Compresses answers where that helps: text of some length for a client that asks for gzip.
public enum Compression {
    /// Below this a packet is a packet.
    static let smallest = 1 << 10
    /// A body up to this size is compressed on the loop, in 1 ms; a larger one in the pool.
    static let largestAtOnce = 64 << 10
    /// More is sent as it is.
    static let largest = 32 << 20
    private static let level = 4

    /// The server calls it for each answer, before the head is written. Streams pass as they are: their events must not
    /// wait in a compressor.
    @Loop
    public static func apply(to response: inout Response, _ request: Request) {
        guard case .bytes(let bytes) = response.body, isWorthIt(response, bytes.count) else { return }
        addVary(to: &response.headers)
        let accepted = AcceptEncoding(request.headers["accept-encoding"])
        guard !accepted.choose(from: ["gzip"]).isEmpty else { return }
        response.headers["Content-Encoding"] = "gzip"
        // Another form of the content needs another strong tag; a weak one says: the same, differently packed.
        if let tag = response.headers["etag"], !tag.hasPrefix("W/") { response.headers["ETag"] = "W/" + tag }
        guard bytes.count > largestAtOnce else {
            response.body = .bytes(Gzip.compress(bytes, level: level))
            return
        }
        response.headers.remove("content-length")
        response.body = .stream { writer in
            let packed = try await BlockingPool.shared.run("compress an answer") {
                Gzip.compress(bytes, level: level)
            }
            try await writer.write(packed)
        }
    }

    private static func isWorthIt(_ response: Response, _ count: Int) -> Bool {
        let headers = response.headers
        guard count >= smallest, count <= largest, response.status >= 200, response.status != 206,
            !headers.contains("content-encoding"), !headers.contains("content-range"),
            headers["cache-control"]?.lowercased().contains("no-transform") != true,
            let type = response.contentType
        else { return false }
        return isCompressible(type)
    }

    static func addVary(to headers: inout Headers) {
        let known = Upgrade.tokens(headers.all("vary")).map { $0.lowercased() }
        if !known.contains("accept-encoding") && !known.contains("*") { headers.add("Vary", "Accept-Encoding") }
    }

    /// Text in any form. Pictures, archives and fonts are compressed already.
    static func isCompressible(_ mediaType: String) -> Bool {
        let type = mediaType.prefix { $0 != ";" }.trimmingSpace.lowercased()
        if type == "text/event-stream" { return false }
        if type.hasPrefix("text/") || type.hasSuffix("+json") || type.hasSuffix("+xml") { return true }
        return [
            "application/json", "application/javascript", "application/xml", "application/x-ndjson",
            "application/wasm", "application/openapi+yaml", "application/yaml", "image/svg+xml", "image/bmp",
        ].contains(type)
    }
}
