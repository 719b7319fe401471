/// What host functions reach: the real world of a running Perigee, or the one that a spec makes up.
@Loop
public struct World {
    public var clock: any WorldClock
    public var http: any WorldHTTP
    public var values: any KeyValues
    public var processes: any WorldProcesses
    /// Nil where none is configured.
    public var docker: DockerEngine?
    /// Directories that scripts may use, by name.
    public var roots: [FileRoot]
    /// More directories of whose trash scripts may know; nothing else in them is theirs to see.
    public var trashRoots: [FileRoot] = []
    public var log: Log
    public var metrics: Metrics
    /// Settings that scripts may read, as text, by name. Never a secret.
    public var config: [String: String]
    /// Read-only SQL over the documented views; nil where there is no database.
    public var query: ((_ sql: String, _ parameters: [StoredValue]) async throws -> ReadOnlyResult)?

    public init(
        clock: any WorldClock, http: any WorldHTTP, values: any KeyValues, processes: any WorldProcesses,
        roots: [FileRoot] = [], log: Log, metrics: Metrics, config: [String: String] = [:]
    ) {
        self.clock = clock
        self.http = http
        self.values = values
        self.processes = processes
        self.roots = roots
        self.log = log
        self.metrics = metrics
        self.config = config
    }
}

@Loop
public protocol WorldClock: AnyObject {
    /// Seconds since the epoch, on the wall clock.
    var now: Double { get }
    /// Never goes back; for measuring.
    var elapsed: Duration { get }
    func sleep(for duration: Duration) async throws
}

@Loop
public protocol WorldHTTP: AnyObject {
    /// Returns when the headers are there. The body is pulled; dropping the answer ends the transfer.
    func send(_ request: HTTPRequest) async throws -> WorldAnswer
}

/// An answer of another server, whoever made it.
public struct WorldAnswer {
    public let status: Int
    public let headers: Headers
    /// Where it came from, after redirects.
    public let address: WebAddress
    /// The next piece of the body; nil at its end.
    public let next: @Loop () async throws -> [UInt8]?

    public init(
        status: Int, headers: Headers, address: WebAddress, next: @escaping @Loop () async throws -> [UInt8]?
    ) {
        self.status = status
        self.headers = headers
        self.address = address
        self.next = next
    }
}

/// Durable values of scripts: JSON texts under a namespace and a key.
@Loop
public protocol KeyValues: AnyObject {
    func get(_ namespace: String, _ key: String) async throws -> String?
    func set(_ namespace: String, _ key: String, _ json: String, lifetime: Duration?) async throws
    /// True when there was one.
    func remove(_ namespace: String, _ key: String) async throws -> Bool
    /// Adds to a whole number, from 0 where there is none, and returns the sum.
    func increment(_ namespace: String, _ key: String, by amount: Int64, lifetime: Duration?) async throws -> Int64
    /// Sets only when the present value is `expected`, nil for none; false when it is not.
    func swap(
        _ namespace: String, _ key: String, expected: String?, _ json: String, lifetime: Duration?
    ) async throws -> Bool
    /// In the order of keys, those after `after` first.
    func list(
        _ namespace: String, prefix: String, after: String?, limit: Int
    ) async throws -> [(key: String, json: String)]
}

@Loop
public protocol WorldProcesses: AnyObject {
    func run(_ request: WorldCommand) async throws -> WorldCommandResult
    func list() async throws -> [ProcessEntry]
    /// TERM to the group, then KILL after `grace`; only while it still is the process that was listed.
    func terminate(_ identity: ProcessIdentity, grace: Duration) async throws -> Bool
}

public struct WorldCommand: Sendable, Equatable {
    public var argv: [String]
    public var input: [UInt8] = []
    public var environment: [String: String] = [:]
    public var directory: String?
    public var outputLimit = 1 << 20

    public init(_ argv: [String]) { self.argv = argv }
}

public struct WorldCommandResult: Sendable, Equatable {
    /// Nil when a signal ended it.
    public var code: Int?
    public var signal: Int?
    public var output: [UInt8]
    public var errors: [UInt8]

    public init(code: Int?, signal: Int? = nil, output: [UInt8] = [], errors: [UInt8] = []) {
        self.code = code
        self.signal = signal
        self.output = output
        self.errors = errors
    }
}

/// A directory that scripts may use, under a name.
public struct FileRoot: Sendable, Equatable {
    public let name: String
    public let path: String
    public let isWritable: Bool

    public init(_ name: String, _ path: String, isWritable: Bool) {
        self.name = name
        self.path = path
        self.isWritable = isWritable
    }
}
