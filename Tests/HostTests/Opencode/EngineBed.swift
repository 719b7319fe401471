import FakeOpencode
import Runtime
import TestSupport
import Testing

@testable import Host

/// An engine on a shared runner, which is a double of opencode reached over HTTP.
@Loop
final class EngineBed {
    let directory = TemporaryDirectory()
    let fake: FakeOpencode
    let server: OpencodeServer
    let book = TestBook()
    let engine: OpencodeEngine
    let scope: Scope
    private let client: HTTPClient
    let pool: SharedRunners

    private init(_ change: (inout FakeSettings) -> Void, _ password: String?) throws {
        directory.write("ref: refs/heads/main\n", to: ".git/HEAD")
        var settings = FakeSettings()
        settings.directory = directory.path
        settings.heartbeat = .milliseconds(50)
        change(&settings)
        scope = Scope("test") { name, error in Issue.record("\(name) let \(error) escape") }
        fake = FakeOpencode(settings, scope: scope)
        try fake.listen()
        client = HTTPClient()
        var patience = OpencodeSettings()
        patience.silence = .milliseconds(800)
        patience.firstDelay = .milliseconds(10)
        patience.lastDelay = .milliseconds(100)
        patience.call = .seconds(2)
        patience.firstCall = .seconds(2)
        patience.probe = .seconds(1)
        patience.connect = .seconds(1)
        let log = Log(to: -1, format: .json, level: .error)
        server = OpencodeServer(
            try WebAddress(fake.address), password: password.map { Secret($0) }, client: client, settings: patience,
            log: log, scope: scope)
        pool = SharedRunners(server, patience: .seconds(20), log: log)
        var limits = OpencodeEngine.Limits()
        limits.turn = .init(check: .milliseconds(300), doubt: .milliseconds(150))
        limits.tick = .milliseconds(20)
        limits.reading = .seconds(1)
        limits.gone = .seconds(2)
        limits.stop = .seconds(2)
        engine = OpencodeEngine(pool: pool, book: book, limits: limits, log: log, scope: scope)
    }

    /// Runs a test under a deadline against hanging, and takes everything down after it.
    static func with(
        _ change: (inout FakeSettings) -> Void = { _ in }, password: String? = nil,
        _ body: @Loop (EngineBed) async throws -> Void
    ) async throws {
        let bed = try EngineBed(change, password)
        await Deadline.within(.seconds(60)) {
            do { try await body(bed) } catch { Issue.record(error) }
            await bed.engine.close()
            await bed.pool.close()
            await bed.client.close()
            await bed.fake.close()
            await bed.scope.close()
        }
        #expect(bed.client.liveTransfers == 0, "a transfer was left behind")
    }

    func order(_ text: String, _ change: (inout RunInput) -> Void = { _ in }) -> RunOrder {
        var input = RunInput(parts: [.text(text)], directory: directory.path)
        change(&input)
        return RunOrder(
            door: "openai", engine: "opencode", user: "ann", workspace: "ann", chat: "c1", prompt: text, input: input)
    }

    func attempt(_ text: String, _ change: (inout RunInput) -> Void = { _ in }) -> TestAttempt {
        TestAttempt(order(text, change))
    }

    /// Performs it beside the test.
    func start(_ attempt: TestAttempt) -> Performance {
        let performance = Performance()
        performance.task = scope.spawn("performing") { [engine] in
            do {
                try await engine.perform(attempt)
                performance.end.finish(.success(nil))
            } catch {
                performance.end.finish(.success(error))
            }
        }
        return performance
    }

    /// Performs it to its end; what it failed with.
    @discardableResult
    func perform(_ attempt: TestAttempt) async -> RunFailure? { await start(attempt).failure() }

    /// How often the model was asked what this prompt asks.
    func handedOver(_ text: String) -> Int { fake.prompts.filter { $0.text.contains(text) }.count }
}

@Loop
final class Performance {
    var task: Task<Void, Never>?
    let end = Waiter<(any Error)?>("the end of a run")

    func failure() async -> RunFailure? {
        do {
            return try await end.value().map { RunFailure($0) }
        } catch {
            Issue.record("the run did not end: \(error)")
            return RunFailure(error)
        }
    }

    func cancel() { task?.cancel() }
}

/// Plans as a test says, else resumes the last session, else takes a fresh one.
@Loop
final class TestBook: SessionBook {
    var next: SessionPlan?
    private(set) var nodes: [SessionNode] = []

    func plan(_ run: RunRecord) async throws -> SessionPlan {
        defer { next = nil }
        return next ?? nodes.last.map { .resume(session: $0.session) } ?? .fresh(seed: false)
    }

    func ran(_ run: RunRecord, _ node: SessionNode) async { nodes.append(node) }
}

/// An attempt that remembers what it was told, and answers asks as the test says.
@Loop
final class TestAttempt: RunAttempt {
    private(set) var run: RunRecord
    let number: Int
    let how: AttemptKind
    private(set) var events: [RunEventBody] = [] { didSet { tell() } }
    private(set) var asks: [Ask] = [] { didSet { tell() } }
    private(set) var withdrawn: [AskAnswer] = [] { didSet { tell() } }
    private(set) var begun = 0
    var staysBehind = false
    /// Nil leaves it open.
    var answer: (Ask) -> AskAnswer? = { _ in nil }
    private var open: [String: Waiter<AskAnswer>] = [:]
    private var watchers: [Waiter<Void>] = []

    init(_ order: RunOrder) {
        number = 1
        how = .first
        run = RunRecord(id: "run_\(Random.token(bytes: 6))", order: order, state: .starting, createdAt: TestAttempt.now)
        run.attempts = 1
    }

    /// The same run, once more.
    init(_ how: AttemptKind, after earlier: TestAttempt) {
        self.how = how
        number = earlier.number + 1
        run = earlier.run
        run.attempts = number
    }

    private static var now: Int64 { Int64(SystemClock().now * 1000) }

    func report(_ event: RunEventBody) { events.append(event) }

    func begins(isNear: Bool) async throws {
        begun += 1
        if run.startedAt == nil { run.startedAt = TestAttempt.now }
    }

    func refused() {
        begun -= 1
        if begun == 0 { run.startedAt = nil }
    }

    func note(runner: String?, session: String?, message: String?) {
        if let runner { run.runner = runner }
        if let session { run.session = session }
        if let message { run.message = message }
        tell()
    }

    func ask(_ ask: Ask) async throws -> AskAnswer {
        asks.append(ask)
        if let answer = answer(ask) { return answer }
        let waiter = Waiter<AskAnswer>("an answer")
        open[ask.id] = waiter
        return try await waiter.value()
    }

    func withdraw(ask: String, _ answer: AskAnswer) {
        withdrawn.append(answer)
        open[ask]?.finish(.success(answer))
    }

    // MARK: looking in

    func until(_ subject: String, _ condition: () -> Bool) async throws {
        while !condition() {
            let waiter = Waiter<Void>(subject)
            watchers.append(waiter)
            try await waiter.value()
        }
    }

    private func tell() {
        let waiting = watchers
        watchers = []
        for waiter in waiting { waiter.finish(.success(())) }
    }

    var text: String { events.map { if case .text(let text, _) = $0 { text } else { "" } }.joined() }
    var reasoning: String { events.map { if case .reasoning(let text, _) = $0 { text } else { "" } }.joined() }

    /// Each call as it stood last.
    var tools: [ToolUse] {
        var last: [String: ToolUse] = [:]
        var order: [String] = []
        for case .tool(let tool) in events {
            if last.updateValue(tool, forKey: tool.id) == nil { order.append(tool.id) }
        }
        return order.compactMap { last[$0] }
    }

    var usages: [Usage] { events.compactMap { if case .usage(let usage) = $0 { usage } else { nil } } }
    var notices: [String] { events.compactMap { if case .notice(let text, _) = $0 { text } else { nil } } }
}
