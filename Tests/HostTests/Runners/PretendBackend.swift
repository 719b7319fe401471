import FakeOpencode
import Runtime
import Testing

@testable import Host

/// A machine on which runners are doubles of opencode in the test's own process. It outlives whoever uses it.
@Loop
final class RunnerMachine {
    final class Thing {
        let identity: String
        let spec: RunnerSpec
        let owner: String
        let fake: FakeOpencode
        var isUp = true
        var end: RunnerEnd?
        var waiting: [Waiter<RunnerEnd>] = []

        init(_ identity: String, _ spec: RunnerSpec, _ owner: String, _ fake: FakeOpencode) {
            self.identity = identity
            self.spec = spec
            self.owner = owner
            self.fake = fake
        }
    }

    private(set) var things: [String: Thing] = [:]
    /// Marked things without anything behind them.
    var shells: [FoundRunner] = []
    private var last = 0
    private let scope: Scope
    private let state: String

    init(scope: Scope, state: String) {
        self.scope = scope
        self.state = state
    }

    var up: [Thing] { things.values.filter(\.isUp) }

    func add(_ spec: RunnerSpec, owner: String) throws -> Thing {
        var settings = FakeSettings()
        settings.directory = spec.directory
        settings.password = spec.secrets[RunnerSpec.passwordVariable]?.reveal()
        settings.statePath = "\(state)/\(spec.name).sessions"
        settings.heartbeat = .milliseconds(100)
        let fake = FakeOpencode(settings, scope: scope)
        try fake.listen()
        last += 1
        let thing = Thing("thing-\(last)", spec, owner, fake)
        things[thing.identity] = thing
        return thing
    }

    /// As a crash, or somebody else, ends it.
    func end(_ thing: Thing, _ end: RunnerEnd = RunnerEnd(reason: "exit code 137")) async {
        guard thing.isUp else { return }
        thing.isUp = false
        thing.end = end
        await thing.fake.kill()
        let waiting = thing.waiting
        thing.waiting = []
        for waiter in waiting { waiter.finish(.success(end)) }
    }

    func close() async { for thing in things.values { await thing.fake.close() } }
}

/// Makes runners on such a machine, counts what it is asked, and fails as it is told to.
@Loop
final class PretendBackend: RunnerBackend {
    let mode = RunnerMode.container
    let machine: RunnerMachine
    let owner: String
    /// Every call, in order: "start NAME", "stop IDENTITY", …
    private(set) var calls: [String] = [] { didSet { onCall() } }
    var onCall: () -> Void = {}
    private(set) var mostStarting = 0
    private var startingCount = 0
    /// Of the next starts.
    var failures: [Fault] = []
    /// Of the next ends.
    var stopFailures: [Fault] = []
    /// Starts wait for it, after they have made what they make.
    var hold: Waiter<Void>?
    var holdStop: Waiter<Void>?
    var memory: Int?

    init(_ machine: RunnerMachine, owner: String) {
        self.machine = machine
        self.owner = owner
    }

    func start(_ spec: RunnerSpec, onProgress: @escaping @Loop (String) -> Void) async throws -> RunnerPlace {
        calls.append("start \(spec.name)")
        startingCount += 1
        mostStarting = max(mostStarting, startingCount)
        defer { startingCount -= 1 }
        if !failures.isEmpty { throw failures.removeFirst() }
        onProgress("starting the agent")
        onProgress("pulling the image")
        for thing in machine.up where thing.spec.name == spec.name {
            guard thing.owner == owner else { throw Fault(.conflict, "the name is taken") }
            await machine.end(thing)
        }
        let thing = try machine.add(spec, owner: owner)
        await Loop.yield()
        try await hold?.value()
        return RunnerPlace(
            mode: mode, identity: thing.identity, address: thing.fake.address,
            password: spec.secrets[RunnerSpec.passwordVariable] ?? Secret(""))
    }

    func presence(of place: RunnerPlace) async throws -> RunnerPresence {
        calls.append("presence \(place.identity)")
        return machine.things[place.identity]?.isUp == true ? .up : .gone
    }

    func end(of place: RunnerPlace) async throws -> RunnerEnd {
        guard let thing = machine.things[place.identity] else { return RunnerEnd(reason: "there is none") }
        if let end = thing.end { return end }
        let waiter = Waiter<RunnerEnd>("the end of \(place.identity)")
        thing.waiting.append(waiter)
        return try await waiter.value()
    }

    func stop(_ place: RunnerPlace, grace: Duration) async throws {
        calls.append("stop \(place.identity)")
        try await holdStop?.value()
        if !stopFailures.isEmpty { throw stopFailures.removeFirst() }
        machine.shells.removeAll { $0.identity == place.identity }
        if let thing = machine.things[place.identity] { await machine.end(thing, RunnerEnd(reason: "stopped")) }
    }

    func log(of place: RunnerPlace, lines: Int) async throws -> String {
        "listening\nserver password \(place.password.reveal())\n"
    }

    func use(of place: RunnerPlace) async throws -> RunnerUse {
        calls.append("use \(place.identity)")
        return RunnerUse(memory: memory)
    }

    func found() async throws -> [FoundRunner] {
        calls.append("found")
        return machine.shells
            + machine.up.map { thing in
                FoundRunner(
                    identity: thing.identity, name: thing.spec.name, workspace: thing.spec.workspace,
                    signature: thing.spec.signature, owner: thing.owner, started: 1_700_000_000, isUp: true)
            }
    }

    func count(_ call: String) -> Int { calls.count { $0.hasPrefix(call) } }

    func close() async {}
}
