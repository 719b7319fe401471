import Glibc
import LuaBridge
import Runtime
import TestSupport

@testable import Host

/// The service over a real store, with an engine that does what a test says and hooks that answer what it says.
@Loop
final class RunsHarness {
    let directory = TemporaryDirectory()
    let stage = Stage()
    let rules = TableRules()
    var settings = RunSettings()
    var storing = Store.Options()
    private(set) var runs: Runs!
    private(set) var store: Store!
    private(set) var scope = Scope("test") { _, _ in }
    private(set) var failures: [Fault] = []

    /// Opens the state as it is on the disk, as a start of the program does.
    func open(policy: (any RunPolicy)? = nil, starts: Bool = true) async throws {
        scope = Scope("test") { [weak self] _, error in self?.failures.append(Fault(error)) }
        store = try await Store.open("\(directory.path)/perigee.db", migrations: Schema.migrations, options: storing) {
            _ in
        }
        runs = try await Runs.open(
            store, engines: [stage, RehearsalEngine(pace: .zero)], policy: policy ?? rules, settings: settings,
            log: Log(to: Glibc.open("/dev/null", O_WRONLY | O_CLOEXEC)), scope: scope)
        if starts { await runs.start() }
    }

    /// The process is gone from one moment to the next: nothing more gets to the disk.
    func kill() async {
        await store.close()
        await runs.close()
        await scope.close()
    }

    /// What a test has hung into it may hold it in turn.
    func close() async {
        await runs.close()
        await scope.close()
        await store.close()
        stage.act = { try await $0.begins() }
        rules.hooks = [:]
    }

    func until(_ what: String, _ holds: () async throws -> Bool) async throws {
        let end = Instant.clock + .seconds(120)
        while try await !holds() {
            guard Instant.clock < end else { throw Fault(.timeout, "waited in vain for \(what)") }
            await Loop.yield()
        }
    }

    func order(
        _ prompt: String = "hello", user: String = "ada", lane: String? = nil, chat: String? = nil,
        isAttended: Bool = true, engine: String = "opencode"
    ) -> RunOrder {
        RunOrder(
            door: "openai", engine: engine, user: user, workspace: user, chat: chat, lane: lane, prompt: prompt,
            isAttended: isAttended, input: RunInput(parts: [.text(prompt)], directory: directory.path))
    }

    func state(_ id: String) async throws -> RunState? { try await runs.run(id)?.state }

    /// Waits for a state and returns the run.
    @discardableResult
    func reach(_ state: RunState, _ id: String) async throws -> RunRecord {
        try await until("run \(id) to be \(state)") { try await self.state(id) == state }
        return try await runs.run(id)!
    }

    @discardableResult
    func ended(_ id: String) async throws -> RunRecord {
        try await until("the end of run \(id)") { try await self.state(id)?.isEnded == true }
        return try await runs.run(id)!
    }

    /// Accepts, and waits for the end.
    func carryOut(_ order: RunOrder) async throws -> RunRecord { try await ended(runs.accept(order).id) }

    func ask(of id: String) async throws -> Ask {
        try await until("an ask") { self.runs.asks().contains { $0.run.id == id } }
        return runs.asks().first { $0.run.id == id }!.ask
    }

    /// All that a follower gets from a number on, until the run ends.
    func replay(_ id: String, after number: Int64 = 0) async throws -> [RunFollower.Item] {
        let follower = try await runs.follow(id, after: number)
        var items: [RunFollower.Item] = []
        while let item = try await follower.next() { items.append(item) }
        return items
    }

    func events(_ id: String, after number: Int64 = 0) async throws -> [RunEvent] {
        try await replay(id, after: number).compactMap { if case .event(let event) = $0 { event } else { nil } }
    }

    /// The states that it went through.
    func story(_ id: String) async throws -> [RunState] {
        try await events(id).compactMap { if case .state(let state, _) = $0.body { state } else { nil } }
    }

    /// Hooks that were asked, in order.
    func asked(_ id: String) async throws -> [String] { try await runs.why(id).map(\.decision.hook) }
}

/// An engine that does what a test says.
@Loop
final class Stage: Engine {
    let name = "opencode"
    var act: @Loop (any RunAttempt) async throws -> Void = { try await $0.begins() }
    var left = RunRemains()
    /// How each attempt was made, over all processes.
    private(set) var attempts: [(run: String, how: AttemptKind)] = []
    /// Prompts that were handed over, over all processes.
    private(set) var prompts: [String] = []

    func perform(_ attempt: any RunAttempt) async throws {
        attempts.append((attempt.run.id, attempt.how))
        try await act(attempt)
    }

    func remains(of run: RunRecord) async -> RunRemains { left }

    /// Hands the prompt over, as a real engine does.
    func begin(_ attempt: any RunAttempt) async throws {
        try await attempt.begins()
        prompts.append(attempt.run.id)
    }

    func hows(_ id: String) -> [AttemptKind] { attempts.filter { $0.run == id }.map(\.how) }
}

/// Hooks as closures; what is not set answers as no script would.
@Loop
final class TableRules: RunPolicy, RunRules {
    var hooks: [String: @Loop (JSONValue) async throws -> JSONValue?] = [:]
    private(set) var finished: [JSONValue] = []
    var finishedFaults: [Fault] = []

    func begin() -> any RunRules { self }

    /// A closure gets the first table of facts; where there are more, a list of all.
    func decide(_ hook: String, _ facts: [JSONValue]) async throws -> Decision {
        if let answer = hooks[hook] {
            let value = try await answer(facts.count == 1 ? facts[0] : .array(facts))
            return Decision(hook: hook, value: value, generation: 1, scripts: ["hooks/test.lua"])
        }
        let value = Contract.hook(named: hook)!.fallback(facts.map { LuaValue($0) }).map { JSONValue($0) }
        return Decision(hook: hook, value: value, generation: 1)
    }

    func tell(_ hook: String, _ facts: JSONValue) async -> [Fault] {
        finished.append(facts)
        return finishedFaults
    }
}

/// Lets a test hold a task until it says go.
@Loop
final class Latch {
    private let waiter = Waiter<Void>("the release")
    private(set) var isReached = false

    func wait() async throws {
        isReached = true
        try await waiter.value()
    }

    func open() { waiter.finish(.success(())) }
}

extension [RunEvent] {
    /// The whole answer.
    var text: String { reduce(into: "") { if case .text(let text, _) = $1.body { $0 += text } } }
}
