/// Asks models, whatever their providers speak. Nothing is repeated here: who asked decides what a failure leads to.
@Loop
public final class ProviderClient {
    private let client: HTTPClient
    private let wallClock: () -> Double
    private let scope = Scope("model providers") { _, _ in }

    /// `wallClock` is seconds since the epoch, for `Retry-After` dates.
    public init(_ client: HTTPClient, wallClock: @escaping () -> Double) {
        self.client = client
        self.wallClock = wallClock
    }

    /// Returns when the answer has begun.
    public func stream(
        _ request: ModelRequest, by provider: ModelProvider
    ) async throws(ProviderFailure) -> ModelStream {
        do {
            if provider.form == .cli { return try await CLIModel(provider, request, scope).start() }
            let isAnthropic = provider.form == .anthropic
            let body =
                isAnthropic
                ? try MessagesBody(provider: provider, request: request).bytes()
                : try ChatBody(provider: provider, request: request).bytes()
            let path = isAnthropic ? "v1/messages" : "chat/completions"
            let answer = try await send(body, to: path, of: provider, accepting: "text/event-stream")
            return follow(answer, provider, hasSchema: request.schema != nil)
        } catch {
            throw ProviderFailure(error, provider: provider.name)
        }
    }

    /// The whole answer at once.
    public func complete(
        _ request: ModelRequest, by provider: ModelProvider
    ) async throws(ProviderFailure) -> ModelAnswer {
        try await stream(request, by: provider).collect()
    }

    /// Passes a request for embeddings on, as OpenAI's form has it, for the provider's own model or another of its.
    public func embeddings(
        _ request: JSONObject, model: String? = nil, by provider: ModelProvider
    ) async throws(ProviderFailure) -> JSONValue {
        guard provider.form == .openAI else {
            throw ProviderFailure(
                .refused, "\(provider.name): a provider of type \(provider.form.rawValue) has no embeddings",
                provider: provider.name, hint: "set PERIGEE_EMBEDDING_MODEL to an OpenAI-compatible one")
        }
        do {
            var body = request
            body["model"] = .string(model ?? provider.model)
            let answer = try await send(
                try JSON.encode(JSONValue.object(body)), to: "embeddings", of: provider, accepting: "application/json")
            let view = try JSON.parse(try await answer.body.collect(limit: provider.limits.answer * 4))
            guard view["data"].kind == .array, let value = view.value else {
                throw ErrorReading(provider: provider).failure(view)
            }
            return value
        } catch {
            throw ProviderFailure(error, provider: provider.name)
        }
    }

    /// Ends the programs that still run.
    public func close() async { await scope.close() }

    private func send(
        _ body: [UInt8], to path: String, of provider: ModelProvider, accepting mediaType: String
    ) async throws -> HTTPAnswer {
        var request = HTTPRequest(.post, try provider.address(path), body: .bytes(body))
        request.headers.add("Content-Type", "application/json")
        request.headers.add("Accept", mediaType)
        if provider.form == .anthropic { request.headers.add("anthropic-version", "2023-06-01") }
        if let key = provider.key, !key.isEmpty {
            let text = key.reveal()
            if provider.form == .anthropic {
                request.headers.add("x-api-key", text)
            } else {
                request.headers.add("Authorization", "Bearer \(text)")
            }
        }
        request.deadlines = HTTPDeadlines(head: provider.limits.head, idle: provider.limits.idle)
        // The owner wrote the address, and the key must not follow a redirect to another.
        request.guarding = .open
        request.redirects = 0
        let answer = try await client.send(request)
        guard answer.status == 200 else {
            // What cannot be read of an error is no error of its own.
            let text = (try? await answer.body.collect(limit: 1 << 20)) ?? []
            throw ErrorReading(provider: provider).failure(
                status: answer.status, headers: answer.headers, body: text, now: wallClock())
        }
        return answer
    }

    private func follow(_ answer: HTTPAnswer, _ provider: ModelProvider, hasSchema: Bool) -> ModelStream {
        var reading = StreamReading(provider, schema: hasSchema)
        let body = answer.body
        let isWhole = answer.headers["content-type"]?.lowercased().hasPrefix("application/json") == true
        var isDone = false
        return ModelStream(
            provider.name,
            pull: {
                if isDone { return nil }
                if isWhole {
                    isDone = true
                    return try reading.whole(try await body.collect(limit: provider.limits.answer))
                }
                guard let piece = try await body.next() else {
                    isDone = true
                    return try reading.end()
                }
                let events = try reading.feed(piece)
                if reading.isOver {
                    isDone = true
                    // Read to its end, so that the connection can be used again; who leaves it open gets it closed.
                    body.deliver(onBytes: { _ in false }, onEnd: { _ in })
                }
                return events
            }, stop: { body.cancel() })
    }
}
