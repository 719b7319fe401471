/// What a handler answers.
public struct Response {
    public enum Body {
        case empty
        case bytes([UInt8])
        /// The answer ends when the closure returns; an error it throws breaks the connection, so that the client sees
        /// that the answer is not whole.
        case stream(@Loop (ResponseWriter) async throws -> Void)
        /// For the data plane: the closure only wires up callbacks, and the answer lasts until `end` or `fail`.
        case source(@Loop (ResponseWriter) -> Void)
        /// Answers 101 with these headers and hands the connection over.
        case upgrade(@Loop (any ByteTransport) -> Void)
    }

    public var status: Int
    public var headers: Headers
    public var body: Body
    /// The Content-Type, unless `headers` has one.
    public var mediaType: StaticString?

    public init(
        _ status: Int = 200, _ headers: Headers = Headers(), mediaType: StaticString? = nil, body: Body = .empty
    ) {
        self.status = status
        self.headers = headers
        self.mediaType = mediaType
        self.body = body
    }

    public static func text(_ text: String, status: Int = 200) -> Response {
        Response(status, mediaType: "text/plain; charset=utf-8", body: .bytes(Array(text.utf8)))
    }

    public static func json(_ bytes: [UInt8], status: Int = 200) -> Response {
        Response(status, mediaType: "application/json", body: .bytes(bytes))
    }

    public static func json(_ text: String, status: Int = 200) -> Response {
        json(Array(text.utf8), status: status)
    }

    public static func redirect(to location: String, status: Int = 303) -> Response {
        Response(status, ["Location": location])
    }

    public static func stream(
        _ status: Int = 200, _ headers: Headers = Headers(), mediaType: StaticString? = nil,
        _ body: @escaping @Loop (ResponseWriter) async throws -> Void
    ) -> Response {
        Response(status, headers, mediaType: mediaType, body: .stream(body))
    }

    /// The Content-Type that will be sent.
    public var contentType: String? { headers["content-type"] ?? mediaType.map { "\($0)" } }
}
