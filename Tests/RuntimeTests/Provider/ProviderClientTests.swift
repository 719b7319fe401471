import Runtime
import TestSupport
import Testing

@Suite("provider client")
@Loop
struct ProviderClientTests {
    private func with(_ body: @Loop (FakeProvider, ProviderClient) async throws -> Void) async throws {
        let fake = try FakeProvider()
        let http = HTTPClient()
        let client = ProviderClient(http) { 1_700_000_000 }
        try await Deadline.within(.seconds(60)) {
            try await body(fake, client)
            await client.close()
            #expect(http.liveTransfers == 0, "a connection was left behind")
            await http.close()
            await fake.close()
        }
    }

    private let question = ModelRequest([.init(.user, "hi")])

    @Test("both protocols stream over real connections, with their own headers")
    func streams() async throws {
        try await with { fake, client in
            fake.reply(.stream(FakeProvider.chat("Hel", "lo")), .stream(FakeProvider.messages("Wel", "come")))
            let chat = try await client.complete(question, by: fake.provider())
            #expect(chat.text == "Hello" && chat.finish == .stop)
            #expect(chat.usage == ModelUsage(input: 10, output: 5, reasoning: 2, cached: 4))
            let messages = try await client.complete(question, by: fake.provider(.anthropic))
            #expect(messages.text == "Welcome" && messages.usage?.input == 10 && messages.usage?.output == 5)
            #expect(fake.requests.map(\.path) == ["/v1/chat/completions", "/v1/messages"])
            #expect(fake.requests[0].headers["authorization"] == "Bearer key-1")
            #expect(fake.requests[1].headers["x-api-key"] == "key-1")
            #expect(fake.requests[1].headers["anthropic-version"] == "2023-06-01")
            #expect(fake.requests[1].headers["authorization"] == nil)
        }
    }

    @Test("without a key no header says so, and an answer that came whole will do")
    func plain() async throws {
        try await with { fake, client in
            fake.reply(.whole(200, #"{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}"#))
            let answer = try await client.complete(question, by: fake.provider(key: nil))
            #expect(answer.text == "hi")
            #expect(fake.requests[0].headers["authorization"] == nil)
        }
    }

    @Test("text comes while the model still speaks, and leaving closes the connection")
    func cancellation() async throws {
        try await with { fake, client in
            fake.reply(.held([FakeProvider.chat("one")[0]]), .held([FakeProvider.chat("two")[0]]), .silent)
            let stream = try await client.stream(question, by: fake.provider())
            #expect(try await stream.next() == .text("one"))
            stream.cancel()
            #expect(try await fake.departures.next() == "held")
            #expect(try await stream.next() == nil)

            // Whoever drops it has left as well.
            var dropped: ModelStream? = try await client.stream(question, by: fake.provider())
            #expect(try await dropped?.next() == .text("two"))
            dropped = nil
            #expect(try await fake.departures.next() == "held")

            // So has a task that is cancelled before there is an answer.
            let scope = Scope("test") { _, _ in }
            let asked = Waiter<ProviderFailure.Kind?>("the failure")
            let provider = try fake.provider()
            let task = scope.spawn("ask") { [question] in
                do {
                    _ = try await client.complete(question, by: provider)
                    asked.finish(.success(nil))
                } catch {
                    asked.finish(.success(ProviderFailure.of(error)?.kind))
                }
            }
            while fake.requests.count < 3 { await Loop.yield() }
            task.cancel()
            #expect(try await fake.departures.next() == "/v1/chat/completions")
            #expect(try await asked.value() == .cancelled)
            await scope.close()
        }
    }

    @Test("an error status, an error in the stream, a break and silence are told apart")
    func failures() async throws {
        try await with { fake, client in
            @Loop func fails(_ answer: FakeProvider.Answer) async throws -> ProviderFailure? {
                fake.reply(answer)
                var provider = try fake.provider()
                provider.limits.idle = .milliseconds(200)
                provider.limits.head = .milliseconds(300)
                do {
                    Issue.record("\(try await client.complete(question, by: provider)) is no failure")
                    return nil
                } catch {
                    return ProviderFailure.of(error)
                }
            }
            let limited = try await fails(
                .whole(429, #"{"error":{"message":"slow down"}}"#, headers: [("Retry-After", "12")]))
            #expect(limited?.kind == .rateLimited && limited?.retryAfter == 12 && limited?.status == 429)
            #expect(try await fails(.whole(401, "{}"))?.kind == .unauthorized)
            let piece = FakeProvider.chat("a")[0]
            #expect(
                try await fails(.stream([piece, "data: {\"error\":{\"message\":\"x\",\"code\":503}}\n\n"]))?.kind
                    == .overloaded)
            #expect(try await fails(.stream([piece]))?.kind == .broken)
            #expect(try await fails(.broken([piece]))?.kind == .broken)
            #expect(try await fails(.held([piece]))?.kind == .timeout)
            #expect(try await fails(.silent)?.kind == .timeout)
            let redirected = try await fails(.whole(307, "", headers: [("Location", "http://127.0.0.1:1/")]))
            #expect(redirected?.kind == .misconfigured)
        }
    }

    @Test("nobody there is a failure that names the provider")
    func refused() async throws {
        try await with { _, client in
            let provider = ModelProvider("gone", .openAI, base: try WebAddress("http://127.0.0.1:1/v1"), model: "m")
            await #expect(throws: ProviderFailure.self) { try await client.complete(question, by: provider) }
        }
    }

    @Test("embeddings are passed on, and refused by those that have none")
    func embeddings() async throws {
        try await with { fake, client in
            fake.reply(
                .whole(200, #"{"data":[{"embedding":[0.5,1]}],"usage":{"prompt_tokens":2}}"#),
                .whole(200, #"{"error":{"message":"no"}}"#))
            let answer = try await client.embeddings(
                ["input": ["a"], "model": "client's", "dimensions": 2], by: fake.provider())
            #expect(answer["data"]?[0]?["embedding"] == [0.5, 1])
            #expect(fake.requests[0].path == "/v1/embeddings")
            #expect(fake.requests[0].body == ["input": ["a"], "model": "model-1", "dimensions": 2])
            await #expect(throws: ProviderFailure.self) { try await client.embeddings([:], by: fake.provider()) }
            await #expect(throws: ProviderFailure.self) {
                try await client.embeddings([:], by: fake.provider(.anthropic))
            }
        }
    }
}

extension ProviderFailure {
    fileprivate static func of(_ error: any Error) -> ProviderFailure? { error as? ProviderFailure }
}
