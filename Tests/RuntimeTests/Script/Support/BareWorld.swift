import Runtime

/// A world with a clock that stands still and nothing in it but what a test puts there.
@Loop
func bareWorld(
    http: any WorldHTTP = NoHTTP(), processes: any WorldProcesses = NoProcesses(), now: Double = 1_700_000_000
) -> World {
    World(
        clock: StillClock(now), http: http, values: NoValues(), processes: processes, log: Log(level: .error),
        metrics: Metrics())
}

@Loop
final class StillClock: WorldClock {
    let now: Double
    let elapsed = Duration.zero

    init(_ now: Double) { self.now = now }

    func sleep(for duration: Duration) async throws { try await Loop.sleep(for: duration) }
}

private let nothing = Fault(.unavailable, "this test's world has nothing of the kind")

final class NoHTTP: WorldHTTP {
    func send(_ request: HTTPRequest) async throws -> WorldAnswer { throw nothing }
}

final class NoProcesses: WorldProcesses {
    func run(_ request: WorldCommand) async throws -> WorldCommandResult { throw nothing }
    func list() async throws -> [ProcessEntry] { throw nothing }
    func terminate(_ identity: ProcessIdentity, grace: Duration) async throws -> Bool { throw nothing }
}

final class NoValues: KeyValues {
    func get(_ namespace: String, _ key: String) async throws -> String? { throw nothing }

    func set(_ namespace: String, _ key: String, _ json: String, lifetime: Duration?) async throws { throw nothing }

    func remove(_ namespace: String, _ key: String) async throws -> Bool { throw nothing }

    func increment(
        _ namespace: String, _ key: String, by amount: Int64, lifetime: Duration?
    ) async throws -> Int64 { throw nothing }

    func swap(
        _ namespace: String, _ key: String, expected: String?, _ json: String, lifetime: Duration?
    ) async throws -> Bool { throw nothing }

    func list(
        _ namespace: String, prefix: String, after: String?, limit: Int
    ) async throws -> [(key: String, json: String)] { throw nothing }
}
