import LuaBridge

/// The world that specs see: nothing in it is real, and each `it` gets it fresh.
@Loop
final class SpecWorld {
    let world: World
    private let log = Log(to: -1, format: .json)

    init() throws {
        world = World(
            clock: StillClock(), http: NoHTTP(), values: NoValues(), processes: NoProcesses(), log: log,
            metrics: Metrics())
    }

    func begin() {}

    func close() {}

    /// The global `fake`.
    var globals: LuaValue { [:] }
}

private final class StillClock: WorldClock {
    var now: Double { 1_767_225_600 }
    var elapsed: Duration { .zero }
    func sleep(for duration: Duration) async throws {}
}

private final class NoHTTP: WorldHTTP {
    func send(_ request: HTTPRequest) async throws -> WorldAnswer {
        throw Fault(.unavailable, "no answer is prepared")
    }
}

private final class NoValues: KeyValues {
    func get(_ namespace: String, _ key: String) async throws -> String? { nil }
    func set(_ namespace: String, _ key: String, _ json: String, lifetime: Duration?) async throws {}
    func remove(_ namespace: String, _ key: String) async throws -> Bool { false }
    func increment(_ namespace: String, _ key: String, by amount: Int64, lifetime: Duration?) async throws -> Int64 {
        amount
    }
    func swap(
        _ namespace: String, _ key: String, expected: String?, _ json: String, lifetime: Duration?
    ) async throws -> Bool { true }
    func list(
        _ namespace: String, prefix: String, after: String?, limit: Int
    ) async throws -> [(key: String, json: String)] { [] }
}

private final class NoProcesses: WorldProcesses {
    func run(_ request: WorldCommand) async throws -> WorldCommandResult { WorldCommandResult(code: 0) }
    func list() async throws -> [ProcessEntry] { [] }
    func terminate(_ identity: ProcessIdentity, grace: Duration) async throws -> Bool { false }
}
