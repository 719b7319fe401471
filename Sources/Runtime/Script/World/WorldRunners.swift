/// The runners of the product, as scripts, doors and commands see them.
@Loop
public protocol WorldRunners: AnyObject {
    /// By name.
    func list() -> [RunnerState]
    func get(_ name: String) throws -> RunnerState
    /// Ends it, whoever is on it. Returns when it is down.
    func stop(_ name: String) async throws
    /// Ends it if it is up, and returns when it is ready again.
    func restart(_ name: String) async throws
    /// The newest lines of what it printed, without secrets.
    func logs(_ name: String, lines: Int) async throws -> String
    /// What bears the mark of this Perigee or another one on this machine.
    func found() async throws -> [RunnerFinding]
    /// Ends one that is an orphan now; anything else is a conflict. What is gone already is no error.
    func end(orphan identity: String) async throws
}

/// One runner as it stands now. Times are milliseconds since the epoch.
public struct RunnerState: Sendable, Equatable {
    public enum Life: String, Sendable, CaseIterable {
        case absent, starting, ready, draining, stopping, failed
    }

    public var name: String
    /// `shared`, `process` or `container`.
    public var mode: String
    /// Nil for one that all workspaces share.
    public var workspace: String?
    public var keySignature: String?
    /// Who shares it: `user`, `chat` or `run`; nil for one that all workspaces share.
    public var isolation: String?
    public var life: Life
    /// How many turns and clients are on it.
    public var leases: Int
    /// It would be started otherwise now, or has become old.
    public var isStale: Bool
    public var address: String?
    public var identity: String?
    public var startedAt: Int64?
    public var lastUsedAt: Int64?
    /// Why it is not there.
    public var reason: String?

    public init(
        name: String, mode: String, workspace: String? = nil, keySignature: String? = nil,
        isolation: String? = nil, life: Life, leases: Int = 0, isStale: Bool = false, address: String? = nil,
        identity: String? = nil, startedAt: Int64? = nil, lastUsedAt: Int64? = nil, reason: String? = nil
    ) {
        self.name = name
        self.mode = mode
        self.workspace = workspace
        self.keySignature = keySignature
        self.isolation = isolation
        self.life = life
        self.leases = leases
        self.isStale = isStale
        self.address = address
        self.identity = identity
        self.startedAt = startedAt
        self.lastUsedAt = lastUsedAt
        self.reason = reason
    }
}

/// Something on this machine that is marked as a runner.
public struct RunnerFinding: Sendable, Equatable {
    /// Whose it is.
    public enum Standing: String, Sendable, CaseIterable {
        /// In the book of this Perigee.
        case known
        /// This state directory started it, and its book does not have it: nobody can use it.
        case orphan
        /// Another state directory started it.
        case foreign
    }

    public var identity: String
    public var name: String
    public var workspace: String
    public var standing: Standing
    /// Milliseconds since the epoch.
    public var startedAt: Int64
    public var isUp: Bool
    public var memory: Int?

    public init(
        identity: String, name: String, workspace: String, standing: Standing, startedAt: Int64, isUp: Bool,
        memory: Int? = nil
    ) {
        self.identity = identity
        self.name = name
        self.workspace = workspace
        self.standing = standing
        self.startedAt = startedAt
        self.isUp = isUp
        self.memory = memory
    }
}
