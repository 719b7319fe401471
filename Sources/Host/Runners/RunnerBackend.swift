import Runtime

/// One way to make runners real: as containers, as processes. It keeps no book; `OwnRunners` does.
@Loop
protocol RunnerBackend: AnyObject {
    /// `container` or `process`.
    var mode: RunnerMode { get }
    /// Starts it. What bears the name already is gone when this returns, if it was ours; somebody else's is a conflict.
    /// It need not answer yet. Cancelled or failed, it leaves nothing behind.
    func start(_ spec: RunnerSpec, onProgress: @escaping @Loop (String) -> Void) async throws -> RunnerPlace
    /// By its identity, never by name or number alone.
    func presence(of place: RunnerPlace) async throws -> RunnerPresence
    /// Returns when it is no longer up.
    func end(of place: RunnerPlace) async throws -> RunnerEnd
    /// Ends it with all that it started. What is gone already is no error.
    func stop(_ place: RunnerPlace, grace: Duration) async throws
    /// Removes what one that has ended by itself has left. It may take its time; cancelled, it leaves the rest.
    func clearAway(_ place: RunnerPlace) async throws
    /// The newest lines of what it printed.
    func log(of place: RunnerPlace, lines: Int) async throws -> String
    func use(of place: RunnerPlace) async throws -> RunnerUse
    /// All that bears our mark here, whether anybody knows it or not.
    func found() async throws -> [FoundRunner]
    /// Clears away what belongs to no runner and is none, such as networks.
    func sweep() async throws
    /// Lets go of everything. The runners go on.
    func close() async
}

extension RunnerBackend {
    func clearAway(_ place: RunnerPlace) async throws { try await stop(place, grace: .zero) }
    func sweep() async throws {}
}

/// Where a runner is, and how it is recognised later, by another process of ours too.
struct RunnerPlace: Sendable, Equatable {
    let mode: RunnerMode
    /// The container's id, or pid, start time and boot.
    let identity: String
    /// Where its server answers.
    let address: String
    let password: Secret
}

enum RunnerPresence: Sendable, Equatable {
    case up
    /// Paused, frozen or being removed: there, and of no use.
    case stuck(String)
    case gone
}

struct RunnerEnd: Sendable, Equatable {
    /// For people: "exit code 1", "killed: out of memory".
    let reason: String
    var wasOutOfMemory = false
}

struct RunnerUse: Sendable, Equatable {
    var memory: Int?
    /// Since its start.
    var cpuTime: Duration?
    var processes: Int?
}

/// Something of ours that was found on the machine.
struct FoundRunner: Sendable, Equatable {
    let identity: String
    let name: String
    let workspace: String
    let signature: String
    /// Which Perigee started it: the id of the state directory.
    let owner: String
    /// Seconds since 1970.
    let started: Double
    let isUp: Bool
    var memory: Int?
}
