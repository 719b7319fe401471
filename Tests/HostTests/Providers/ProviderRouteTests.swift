import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("whom a run asks")
@Loop
struct ProviderRouteTests {
    /// Two providers that say what a test tells them to, and an engine over both.
    @Loop
    private final class Bed {
        let one: FakeProvider
        let two: FakeProvider
        let standings: ProviderStandings
        let engine: ProviderEngine
        private let http = HTTPClient()
        let client: ProviderClient

        init(quota: Providers.Quota? = nil, fallbacks: [String] = []) throws {
            one = try FakeProvider()
            two = try FakeProvider()
            client = ProviderClient(http) { 0 }
            let providers = Providers(
                [try one.provider(name: "one"), try two.provider(name: "two")],
                quotas: quota.map { ["one": $0] } ?? [:],
                fallbacks: fallbacks)
            standings = ProviderStandings(providers)
            engine = ProviderEngine(providers, client, standings)
        }

        static func with(
            quota: Providers.Quota? = nil, fallbacks: [String] = [], _ body: @Loop (Bed) async throws -> Void
        ) async throws {
            let bed = try Bed(quota: quota, fallbacks: fallbacks)
            await Deadline.within(.seconds(60)) {
                do { try await body(bed) } catch { Issue.record(error) }
                await bed.client.close()
                await bed.http.close()
                await bed.one.close()
                await bed.two.close()
            }
        }

        func perform(_ attempt: RoutedAttempt) async -> RunFailure? {
            do {
                try await engine.perform(attempt)
                return nil
            } catch {
                return RunFailure(error)
            }
        }
    }

    @Test("another one is asked as long as nothing was said, and not once something was")
    func falls() async throws {
        try await Bed.with { bed in
            bed.one.reply(.whole(500, "{}"))
            bed.two.reply(.stream(FakeProvider.chat("from two")))
            let attempt = RoutedAttempt()
            #expect(await bed.perform(attempt) == nil && attempt.text == "from two")
            #expect(attempt.notices.contains { $0.contains("another provider is asked") } && attempt.begun == 1)
            #expect(attempt.runner == "two")

            bed.one.reply(.broken([FakeProvider.chat("half")[0]]))
            let half = RoutedAttempt()
            let failure = await bed.perform(half)
            #expect(failure?.kind == .providerFailed && failure?.provider == "one" && half.text == "half")
            #expect(bed.two.requests.count == 1)
        }
    }

    @Test("what is wrong with the request itself is asked of nobody else")
    func ownFault() async throws {
        try await Bed.with { bed in
            bed.one.reply(.whole(413, "{}"))
            #expect(await bed.perform(RoutedAttempt())?.kind == .contextOverflow)
            #expect(bed.two.requests.isEmpty)
        }
    }

    @Test("where all fail, the first failure counts and the others are told with it")
    func all() async throws {
        try await Bed.with { bed in
            bed.one.reply(.whole(429, "{}", headers: [("Retry-After", "9")]))
            bed.two.reply(.whole(401, "{}"))
            let failure = await bed.perform(RoutedAttempt())
            #expect(failure?.kind == .rateLimited && failure?.retryAfter == 9)
            #expect(failure?.message.contains("two: ") == true)
        }
    }

    @Test("a run that names its provider is answered by others only in the owner's order")
    func candidates() async throws {
        try await Bed.with { bed in
            bed.two.reply(.whole(500, "{}"))
            #expect(await bed.perform(RoutedAttempt(model: "two/m"))?.kind == .providerFailed)
            #expect(bed.one.requests.isEmpty && bed.two.requests[0].body["model"] == "m")
        }
        try await Bed.with(fallbacks: ["one"]) { bed in
            bed.two.reply(.whole(500, "{}"))
            bed.one.reply(.stream(FakeProvider.chat("ok")))
            #expect(await bed.perform(RoutedAttempt(model: "two/m")) == nil)
            // The model of another provider means nothing here.
            #expect(bed.one.requests[0].body["model"] == "model-1")
        }
    }

    @Test("the hook is told how each does, and its order holds")
    func facts() async throws {
        try await Bed.with(quota: Providers.Quota(requests: 5, seconds: 60)) { bed in
            bed.one.reply(.stream(FakeProvider.chat("a")))
            #expect(await bed.perform(RoutedAttempt()) == nil)
            bed.two.reply(.stream(FakeProvider.chat("b")))
            let attempt = RoutedAttempt()
            attempt.decision = { _ in ["order": ["two", "one", "two"]] }
            #expect(await bed.perform(attempt) == nil && attempt.text == "b")
            let first = try #require(attempt.asked.first?[1]?[0])
            #expect(first["name"] == "one" && first["primary"] == true && first["breaker"] == "closed")
            #expect(first["quota"]?["used"] == 1 && first["quota"]?["limit"] == 5 && first["latency"]?.number != nil)
            #expect(first["in_flight"] == 0 && attempt.asked.first?[1]?[1]?["primary"] == false)
        }
    }

    @Test("a wait is waited, and then it is asked again; a stranger's name is the script's mistake")
    func waits() async throws {
        try await Bed.with { bed in
            bed.one.reply(.stream(FakeProvider.chat("late")))
            let attempt = RoutedAttempt()
            attempt.decision = { times in times == 1 ? ["wait": 30, "reason": "busy"] : ["order": ["one"]] }
            #expect(await bed.perform(attempt) == nil && attempt.text == "late")
            #expect(attempt.waited == [.seconds(30)] && attempt.asked.count == 2)
            let strange = RoutedAttempt()
            strange.decision = { _ in ["order": ["nobody"]] }
            let failure = await bed.perform(strange)
            #expect(failure?.hook == "route_provider" && failure?.message.contains("nobody") == true)
            #expect(strange.begun == 0)
        }
    }

    @Test("after three failures the provider is known to be down, and side calls do not wait for it")
    func breaker() async throws {
        try await Bed.with { bed in
            for _ in 0..<3 {
                bed.one.reply(.whole(500, "{}"))
                bed.two.reply(.stream(FakeProvider.chat("ok")))
                #expect(await bed.perform(RoutedAttempt()) == nil)
            }
            #expect(bed.standings.openCount == 1 && bed.standings["one"].breaker.state(at: Loop.now) == .open)
            #expect(bed.standings["two"].latency != nil && bed.standings["two"].inFlight == 0)
            let sides = SideCalls(
                Providers([try bed.one.provider(name: "one")]), bed.client, bed.standings, small: "one",
                log: Log(to: -1))
            let answer = await sides.answer(task: "title", by: "model", messages: [("user", "how do rivers freeze?")])
            #expect(answer.text.contains("rivers freeze") && bed.one.requests.count == 3)
        }
    }
}

/// An attempt whose hook is a closure of the test.
@Loop
private final class RoutedAttempt: RunAttempt {
    let run: RunRecord
    let number = 1
    let how = AttemptKind.first
    /// What the hook decides at which asking, counted from 1; nil leaves it open.
    var decision: (Int) -> JSONValue? = { _ in nil }
    private(set) var asked: [JSONValue] = []
    private(set) var waited: [Duration] = []
    private(set) var text = ""
    private(set) var notices: [String] = []
    private(set) var begun = 0
    private(set) var runner: String?

    init(model: String? = nil) {
        var input = RunInput(parts: [.text("hi")], directory: "/")
        input.model = model
        run = RunRecord(
            id: "r1",
            order: RunOrder(
                door: "openai", engine: "provider", user: "ann", workspace: "w", prompt: "hi", input: input),
            state: .starting, createdAt: 0)
    }

    func report(_ event: RunEventBody) {
        switch event {
        case .text(let piece, _): text += piece
        case .notice(let line, _): notices.append(line)
        default: break
        }
    }

    func decide(_ hook: String, _ facts: [JSONValue]) async throws -> Decision {
        asked.append(.array(facts))
        return Decision(hook: hook, value: decision(asked.count), generation: 1)
    }

    func waits(_ time: Duration, _ reason: String) async throws { waited.append(time) }
    func begins(isNear: Bool) async throws { begun += 1 }
    func note(runner: String?, session: String?, message: String?) { self.runner = runner }
    func ask(_ ask: Ask) async throws -> AskAnswer { throw Fault(.internal, "nobody asks here") }
    func withdraw(ask: String, _ answer: AskAnswer) {}
}
