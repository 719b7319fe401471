public import LuaBridge

// Endpoints of the owner's own, under /x.

extension Contract {
    static let routeRequest = Record(
        "host.RouteRequest", "A request to a route of a script.",
        [
            .required("method", word, "Its method, such as `GET`."),
            .required("path", .text(), "Its path below /x, without the query."),
            .required("params", .map(.text()), "What stood for the names in the pattern."),
            .required("query", .map(.text()), "The query, by name; the last where a name comes twice."),
            .required("headers", .map(.text()), "Headers by their names in small letters."),
            .required("body", .text(), "The body, whole."),
            .required(
                "json",
                .function(
                    Signature(
                        [],
                        results: [
                            .optional("value", .any, "What the body says."),
                            .optional("err", .record(error), "What is wrong with it, and where."),
                        ])), "Reads the body as JSON."),
            .optional("user", .record(user), "Who asks, where they said so."),
            .required("peer", .record(peer), "The other end of the connection."),
            .required("id", word, "The id of this request, as in the log."),
        ])

    static let write = Signature(
        [.required("bytes", .text(), "The next piece. Waits while the client is slower.")],
        results: [.required("open", .boolean, "False when the client has gone.")])

    static let routeResponse = Record(
        "host.RouteResponse", "The answer of a route: one of body, json, text and stream, or none of them.",
        [
            .optional("status", .integer(200...599), "The status; 200 with a body and 204 without, if left out."),
            .optional("headers", .map(.text(max: 8192)), "Headers besides the server's own."),
            .optional("body", .text(), "The body as it is; `headers` say what it is."),
            .optional("json", .any, "A value that becomes JSON."),
            .optional("text", .text(), "Plain text."),
            .optional(
                "stream", .function(Signature([.required("write", .function(write), "Sends the next piece.")])),
                "Writes the body piece by piece."),
        ])

    /// Throws the first `ShapeFault` of what a route returned.
    public static func check(response: LuaValue) throws {
        try Shape.record(routeResponse).check(response)
        let bodies = ["body", "json", "text", "stream"].filter { response[.string($0)] != nil }
        if bodies.count > 1 { throw ShapeFault(bodies[1], "is given besides '\(bodies[0])'", hint: "give one of them") }
    }

    static let handler = Shape.function(
        Signature(
            [.required("request", .record(routeRequest), "What is asked.")],
            results: [
                .optional("response", .record(routeResponse), "The answer."),
                .optional("err", .record(error), "Why there is none; it becomes a problem document."),
            ]))

    public static let route = Record(
        "host.Route", "A route with more to say about it than its function.",
        [
            .optional("summary", .text(max: 500), "What it is for, in a line; shown in /openapi.json."),
            .required("handler", handler, "Answers it."),
            .optional("max_body", .size, "The longest body that it takes. 1 MB, if left out."),
        ])

    /// By "METHOD /path/{name}".
    public static let routes = Shape.map(.either([handler, .record(route)]))

    /// What is wrong with the key of a route, or the method and the pattern in it.
    public static func endpoint(_ key: String) throws(ShapeFault) -> (method: Method, pattern: String) {
        let words = key.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 2 else {
            throw ShapeFault("routes", "has the key \"\(key)\"", hint: "write it as \"GET /path/{name}\"")
        }
        guard let method = Method(rawValue: String(words[0])), method != .connect, method != .trace else {
            let near = NearestName.of(String(words[0]), among: Method.allCases.map(\.rawValue))
            throw ShapeFault(
                "routes", "has the key \"\(key)\" with an unknown method",
                hint: near.map { "did you mean \($0)?" } ?? "GET, POST, PUT, PATCH and DELETE are known")
        }
        let pattern = String(words[1])
        if let complaint = complaint(pattern: pattern) {
            throw ShapeFault("routes", "has the key \"\(key)\", whose path \(complaint)")
        }
        return (method, pattern)
    }

    private static func complaint(pattern: String) -> String? {
        guard pattern.first == "/" else { return "does not begin with /" }
        var names: Set<Substring> = []
        let segments = pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        for (index, segment) in segments.enumerated() {
            if segment.isEmpty && segments.count > 1 { return "has an empty segment" }
            if segment.first == "{", segment.last == "}" {
                var name = segment.dropFirst().dropLast()
                if name.hasSuffix("...") {
                    guard index == segments.count - 1 else { return "has {\(name)} before its end" }
                    name = name.dropLast(3)
                }
                guard isIdentifier(name) else { return "has a name that is not letters, digits and _: {\(name)}" }
                guard names.insert(name).inserted else { return "has {\(name)} twice" }
            } else if segment.contains(where: { "{}?#%".contains($0) }) {
                return "has a segment that is neither literal nor one {name}: \(segment)"
            }
        }
        return nil
    }

    private static func isIdentifier(_ name: Substring) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                default: $0 == UInt8(ascii: "_") || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0
                }
            }
    }
}
