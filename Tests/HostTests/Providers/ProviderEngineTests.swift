import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("provider engine")
@Loop
struct ProviderEngineTests {
    private let directory = TemporaryDirectory()

    private func order(_ change: (inout RunInput) -> Void = { _ in }) -> RunOrder {
        var input = RunInput(parts: [.text("hi")], directory: directory.path)
        change(&input)
        return RunOrder(door: "openai", engine: "provider", user: "ann", workspace: "w", prompt: "hi", input: input)
    }

    private func perform(
        _ order: RunOrder, how: AttemptKind = .first, _ answers: [FakeProvider.Answer],
        _ check: @Loop (NotedAttempt, FakeProvider, RunFailure?) async throws -> Void
    ) async throws {
        let fake = try FakeProvider()
        let http = HTTPClient()
        let client = ProviderClient(http) { 0 }
        for answer in answers { fake.reply(answer) }
        let providers = Providers([try fake.provider(name: "one"), try fake.provider(.anthropic, name: "two")])
        let engine = ProviderEngine(providers, client)
        let attempt = NotedAttempt(order, how: how)
        var failure: RunFailure?
        do {
            try await Deadline.within(.seconds(60)) { try await engine.perform(attempt) }
        } catch {
            failure = RunFailure(error)
        }
        try await check(attempt, fake, failure)
        await client.close()
        await http.close()
        await fake.close()
    }

    @Test("text, reasoning and usage become events of the run, after its beginning was noted")
    func events() async throws {
        let thought = "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n"
        try await perform(order(), [.stream([thought] + FakeProvider.chat("Hel", "lo"))]) { attempt, fake, failure in
            #expect(failure == nil)
            #expect(
                attempt.story == [
                    "note one", "begins", "reasoning-1 hm", "text-2 Hel", "text-2 lo", "usage 10/5",
                ])
            #expect(fake.requests[0].body["model"] == "model-1")
        }
    }

    @Test("system, history and settings of the run reach the model that it names")
    func request() async throws {
        let order = order { input in
            input.model = "two/other"
            input.system = "be kind"
            input.history = [.init(role: "user", text: "old"), .init(role: "assistant", text: "answer")]
            input.maxTokens = 7
        }
        try await perform(order, [.stream(FakeProvider.messages("ok"))]) { attempt, fake, failure in
            #expect(failure == nil && attempt.story.first == "note two")
            let body = fake.requests[0].body
            #expect(body["model"] == "other" && body["system"] == "be kind" && body["max_tokens"] == 7)
            #expect(body["messages"]?[1]?["content"]?[0]?["text"] == "answer")
            #expect(body["messages"]?[2]?["content"]?[0]?["text"] == "hi")
        }
    }

    @Test("files of the run's directory are given to the model, others are not")
    func files() async throws {
        directory.write("remember the milk", to: "notes.txt")
        let own = order { input in
            input.parts.append(
                .init(mime: "text/plain", url: "file://\(directory.path)/notes.txt", filename: "notes.txt"))
            input.parts.append(.init(mime: "image/png", url: "data:image/png;base64,AA=="))
        }
        try await perform(own, [.stream(FakeProvider.chat("ok"))]) { _, fake, failure in
            #expect(failure == nil)
            let content = fake.requests[0].body["messages"]?[0]?["content"]
            #expect(content?[1]?["text"] == "File notes.txt:\n\nremember the milk")
            #expect(content?[2]?["image_url"]?["url"] == "data:image/png;base64,AA==")
        }
        for url in ["file:///etc/passwd", "file://\(directory.path)/../../etc/passwd", "file:notes.txt", "ftp://x/y"] {
            let foreign = order { $0.parts = [.init(mime: "text/plain", url: url, filename: "x")] }
            try await perform(foreign, []) { attempt, fake, failure in
                #expect(failure != nil && fake.requests.isEmpty && attempt.story.isEmpty, "\(url)")
            }
        }
    }

    @Test("failures of providers are failures of the run, with what a retry needs")
    func failures() async throws {
        let rows: [(FakeProvider.Answer, RunFailure.Kind)] = [
            (.whole(429, "{}", headers: [("Retry-After", "9")]), .rateLimited), (.whole(401, "{}"), .unauthorized),
            (.whole(413, "{}"), .contextOverflow), (.whole(500, "{}"), .providerFailed),
            (.whole(404, #"{"error":"no such model"}"#), .modelMissing),
            (
                .stream(["data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}\n\n"]),
                .outputLimit
            ),
            (
                .stream(["data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"content_filter\"}]}\n\n"]),
                .contentFiltered
            ),
            (.stream(["data: [DONE]\n\n"]), .providerFailed),
            (.broken([FakeProvider.chat("a")[0]]), .providerFailed),
        ]
        for (answer, kind) in rows {
            try await perform(order(), [answer]) { _, _, failure in
                #expect(failure?.kind == kind, "\(answer): \(String(describing: failure))")
                #expect(failure?.provider == "one")
                if kind == .rateLimited { #expect(failure?.retryAfter == 9 && failure?.status == 429) }
            }
        }
    }

    @Test("a provider that is not there is told, and so is a run that cannot be taken up again")
    func nothing() async throws {
        try await perform(order { $0.model = "three/x" }, []) { attempt, _, failure in
            #expect(failure?.kind == .modelMissing && attempt.story.isEmpty)
        }
        try await perform(order(), how: .resume, []) { attempt, _, failure in
            #expect(failure?.kind == .agentGone && attempt.story.isEmpty)
        }
    }

    @Test("cancelling the run closes the connection to the model")
    func cancellation() async throws {
        let fake = try FakeProvider()
        let http = HTTPClient()
        let client = ProviderClient(http) { 0 }
        fake.reply(.held([FakeProvider.chat("a")[0]]))
        let engine = ProviderEngine(Providers([try fake.provider()]), client)
        let attempt = NotedAttempt(order(), how: .first)
        let scope = Scope("test") { _, _ in }
        let ended = Waiter<Fault.Kind?>("the end")
        let task = scope.spawn("run") {
            do {
                try await engine.perform(attempt)
                ended.finish(.success(nil))
            } catch {
                ended.finish(.success(Fault(error).kind))
            }
        }
        try await Deadline.within(.seconds(60)) {
            while attempt.story.count < 3 { await Loop.yield() }
            task.cancel()
            let end = try await ended.value()
            let departure = try await fake.departures.next()
            #expect(end == .cancelled && departure == "held")
        }
        await scope.close()
        await client.close()
        await http.close()
        await fake.close()
    }

    @Test("nothing is left of a run after a restart")
    func remains() async {
        let http = HTTPClient()
        let engine = ProviderEngine(Providers([]), ProviderClient(http) { 0 })
        #expect(await engine.remains(of: NotedAttempt(order(), how: .first).run).session == .missing)
        await http.close()
    }
}

/// An attempt that writes down what it is told.
@Loop
private final class NotedAttempt: RunAttempt {
    let run: RunRecord
    let number = 1
    let how: AttemptKind
    private(set) var story: [String] = []

    init(_ order: RunOrder, how: AttemptKind) {
        run = RunRecord(id: "r1", order: order, state: .starting, createdAt: 0)
        self.how = how
    }

    func report(_ event: RunEventBody) {
        switch event {
        case .text(let text, let part), .reasoning(let text, let part): story.append("\(part) \(text)")
        case .usage(let usage): story.append("usage \(usage.input)/\(usage.output)")
        default: story.append("\(event)")
        }
    }

    func begins(isNear: Bool) async throws { story.append("begins") }
    func note(runner: String?, session: String?, message: String?) { story.append("note \(runner ?? "")") }
    func ask(_ ask: Ask) async throws -> AskAnswer { throw Fault(.internal, "nobody asks here") }
    func withdraw(ask: String, _ answer: AskAnswer) {}
}
