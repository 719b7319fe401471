/// Stands where the world does, and passes everything on to the fakes of the spec that runs now.
@Loop
final class SpecStage: WorldClock, WorldHTTP, KeyValues, WorldProcesses {
    private(set) var clock = ManualClock(SpecWorld.noon)
    private(set) var servers = FakeHTTP()
    private(set) var programs = FakeProcesses()
    private lazy var stored = MemoryValues(clock: clock)
    private(set) lazy var jobs = FakeJobs(clock: self)
    private(set) lazy var runs = FakeRuns(clock: self)
    private(set) lazy var workspaces = FakeWorkspaces(clock: self)
    private(set) lazy var runners = FakeRunners(clock: self)
    private(set) lazy var disk = FakeDisk(clock: self)
    private(set) lazy var users = FakeUsers(clock: self)
    private(set) lazy var git = FakeGit(clock: self)

    func begin() {
        clock = ManualClock(SpecWorld.noon)
        servers = FakeHTTP()
        programs = FakeProcesses()
        stored = MemoryValues(clock: clock)
        jobs.begin()
        runs.begin()
        workspaces.begin()
        runners.begin()
        disk.begin()
        users.begin()
        git.begin()
    }

    var now: Double { clock.now }
    var elapsed: Duration { clock.elapsed }
    func sleep(for duration: Duration) async throws { try await clock.sleep(for: duration) }

    func send(_ request: HTTPRequest) async throws -> WorldAnswer { try await servers.send(request) }

    func get(_ namespace: String, _ key: String) async throws -> String? { stored.get(namespace, key) }

    func set(_ namespace: String, _ key: String, _ json: String, lifetime: Duration?) async throws {
        stored.set(namespace, key, json, lifetime: lifetime)
    }

    func remove(_ namespace: String, _ key: String) async throws -> Bool { stored.remove(namespace, key) }

    func increment(_ namespace: String, _ key: String, by amount: Int64, lifetime: Duration?) async throws -> Int64 {
        try stored.increment(namespace, key, by: amount, lifetime: lifetime)
    }

    func swap(
        _ namespace: String, _ key: String, expected: String?, _ json: String, lifetime: Duration?
    ) async throws -> Bool {
        stored.swap(namespace, key, expected: expected, json, lifetime: lifetime)
    }

    func list(
        _ namespace: String, prefix: String, after: String?, limit: Int
    ) async throws -> [(key: String, json: String)] {
        stored.list(namespace, prefix: prefix, after: after, limit: limit)
    }

    func run(_ request: WorldCommand) async throws -> WorldCommandResult { try await programs.run(request) }
    func list() async throws -> [ProcessEntry] { try await programs.list() }

    func terminate(_ identity: ProcessIdentity, grace: Duration) async throws -> Bool {
        try await programs.terminate(identity, grace: grace)
    }
}
