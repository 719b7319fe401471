public import Runtime

/// A model provider on a port of this machine that says what a test tells it to: both protocols, and every misbehaviour.
@Loop
public final class FakeProvider {
    public struct Received: Sendable {
        public let path: String
        public let headers: Headers
        public let body: JSONValue
    }

    public enum Answer: Sendable {
        /// A whole answer, with any status.
        case whole(Int, String, headers: [(String, String)] = [])
        /// A stream of events in pieces; what is written together may come together.
        case stream([String])
        /// The same, but it never ends by itself.
        case held([String])
        /// The same, but the connection breaks at the end.
        case broken([String])
        /// Not even a head.
        case silent
    }

    public private(set) var port = 0
    public private(set) var requests: [Received] = []
    /// An element for each client that left before its answer's end.
    public let departures = Mailbox<String>("clients that left a fake provider", limit: .max)
    private var answers: [Answer] = []
    private let scope = Scope("fake provider") { _, _ in }
    private var server: Server!

    public init() throws {
        let router = Router()
        for path in ["/v1/chat/completions", "/v1/messages", "/v1/embeddings"] {
            router.on(.post, path) { [unowned self] request in try await answer(request) }
        }
        server = Server(router, scope: scope)
        port = try server.listen(host: "127.0.0.1", port: 0)
    }

    /// Where its API is, as settings name it.
    public var base: String { "http://127.0.0.1:\(port)/v1" }

    /// Answers the next requests, one after the other.
    public func reply(_ answers: Answer...) { self.answers += answers }

    public func provider(_ form: ModelProvider.Form = .openAI, name: String = "fake", key: String? = "key-1") throws
        -> ModelProvider
    {
        ModelProvider(name, form, base: try WebAddress(base), key: key.map { Secret($0) }, model: "model-1")
    }

    public func close() async {
        await server.drain(grace: .zero)
        await scope.close()
        server = nil
    }

    private func answer(_ request: Request) async throws -> Response {
        let body = try JSON.parse(try await request.body.collect()).value ?? .null
        requests.append(Received(path: request.path, headers: request.headers, body: body))
        guard !answers.isEmpty else { throw Fault(.internal, "the test told the fake provider no answer") }
        switch answers.removeFirst() {
        case .whole(let status, let text, let headers):
            var response = Response.json(text, status: status)
            for (name, value) in headers { response.headers.add(name, value) }
            return response
        case .stream(let pieces): return stream(pieces) { _ in }
        case .held(let pieces): return stream(pieces) { [self] in try await hold($0) }
        case .broken(let pieces): return stream(pieces) { _ in throw Fault(.unavailable, "as the test wants it") }
        case .silent:
            let waiter = Waiter<Void>("nothing")
            do {
                try await waiter.value()
            } catch {
                departures.send(request.path)
                throw error
            }
            return Response()
        }
    }

    private func stream(
        _ pieces: [String], then end: @escaping @Loop (ResponseWriter) async throws -> Void
    ) -> Response {
        .stream(200, mediaType: "text/event-stream") { writer in
            for piece in pieces {
                try await writer.write(piece)
                // Lets it leave before the next.
                await Loop.yield()
            }
            try await end(writer)
        }
    }

    private func hold(_ writer: ResponseWriter) async throws {
        let gone = Waiter<Void>("the client's leaving")
        writer.onGone = { gone.finish(.success(())) }
        do {
            try await gone.value()
        } catch {
            departures.send("held")
            throw error
        }
        departures.send("held")
    }
}

extension FakeProvider {
    /// Chunks of `chat/completions` that say these texts.
    public nonisolated static func chat(_ texts: String..., usage: Bool = true) -> [String] {
        var pieces = texts.map { text in
            "data: \(json(["choices": [["index": 0, "delta": ["content": .string(text)]]]]))\n\n"
        }
        pieces.append("data: \(json(["choices": [["index": 0, "delta": [:], "finish_reason": "stop"]]]))\n\n")
        if usage {
            let counts: JSONValue = [
                "prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": ["cached_tokens": 4],
                "completion_tokens_details": ["reasoning_tokens": 2],
            ]
            pieces.append("data: \(json(["choices": [], "usage": counts]))\n\n")
        }
        return pieces + ["data: [DONE]\n\n"]
    }

    /// Events of `messages` that say these texts.
    public nonisolated static func messages(_ texts: String...) -> [String] {
        let start: JSONValue = [
            "type": "message_start",
            "message": [
                "usage": [
                    "input_tokens": 7, "cache_read_input_tokens": 2, "cache_creation_input_tokens": 1,
                    "output_tokens": 1,
                ]
            ],
        ]
        let block: JSONValue = [
            "type": "content_block_start", "index": 0, "content_block": ["type": "text", "text": ""],
        ]
        let deltas: [JSONValue] = texts.map { text in
            [
                "type": "content_block_delta", "index": 0,
                "delta": ["type": "text_delta", "text": .string(text)],
            ]
        }
        let end: [JSONValue] = [
            ["type": "content_block_stop", "index": 0],
            ["type": "message_delta", "delta": ["stop_reason": "end_turn"], "usage": ["output_tokens": 5]],
            ["type": "message_stop"],
        ]
        return ([start, block, ["type": "ping"]] + deltas + end).map { event in
            "event: \(event["type"]?.string ?? "")\ndata: \(json(event))\n\n"
        }
    }

    private nonisolated static func json(_ value: JSONValue) -> String {
        // A tree of plain values always has a form.
        (try? JSON.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
