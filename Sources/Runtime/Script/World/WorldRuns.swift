/// Agent work, as scripts see and steer it. A run is a `host.Run`, as hooks get it too, with `kind` and `label` for gc
/// plans.
@Loop
public protocol WorldRuns: AnyObject {
    func list(_ filter: ScriptRunFilter) async throws -> [JSONValue]
    func get(_ id: String) async throws -> JSONValue
    /// Accepted: it is on the disk when this returns.
    func start(_ order: ScriptRunOrder) async throws -> JSONValue
    /// Returns when it has stopped.
    func cancel(_ id: String, reason: String) async throws -> JSONValue
    /// Returns when it has ended.
    func wait(_ id: String) async throws -> JSONValue
    /// What people are asked just now: pairs of `run` and `ask`.
    func asks(user: String?, chat: String?) throws -> [JSONValue]
    func answer(_ id: String, _ answer: ScriptRunAnswer) async throws -> JSONValue
    func events(_ id: String, after number: Int64, follows: Bool) async throws -> any WorldRunEvents
    func why(_ id: String) async throws -> [JSONValue]
    /// A pinned run, and what it left in its chat, is not removed by any plan.
    func pin(_ id: String, _ isPinned: Bool) async throws
    /// Chats whose turns are remembered: `host.UnusedChat`, the longest unused first.
    func chats(_ page: UnusedPage) async throws -> [JSONValue]
}

/// Which of the things that somebody uses now and then to list, for clean-up.
public struct UnusedPage: Sendable, Equatable {
    public var unusedFor = Duration.zero
    /// Those behind this id.
    public var after = ""
    public var limit = 1000

    public init() {}

    /// In milliseconds since the epoch: what was used before that moment is meant.
    public func before(_ now: Int64) -> Int64 {
        // Without a time everything is, also what is used in this very millisecond.
        unusedFor == .zero ? .max : now - unusedFor.milliseconds
    }
}

/// The events of a run, one at a time.
@Loop
public protocol WorldRunEvents: AnyObject {
    /// Nil behind the last one.
    func next() async throws -> JSONValue?
    func close()
}

/// Which runs a script wants to see.
public struct ScriptRunFilter: Sendable, Equatable {
    public var user: String?
    public var chat: String?
    /// Empty for all.
    public var states: [String] = []
    /// Ids to go on from: older than one, or newer than one.
    public var before: String?
    public var after: String?
    public var oldestFirst = false
    public var limit = 50

    public init() {}
}

/// A run that a script starts: a prompt, as a user, to a persona.
public struct ScriptRunOrder: Sendable, Equatable {
    public var user: String
    public var prompt: String
    public var persona = "build"
    public var chat: String?
    public var title: String?
    /// Whether a person is there to answer what the agent asks.
    public var isAttended = false
    public var meta: JSONObject = [:]

    public init(user: String, prompt: String) {
        self.user = user
        self.prompt = prompt
    }
}

/// What a script answers for a person.
public struct ScriptRunAnswer: Sendable, Equatable {
    public var ask: String
    public var verdict: String
    /// For each question, what was chosen or written.
    public var answers: [[String]] = []
    public var message: String?

    public init(ask: String, verdict: String) {
        self.ask = ask
        self.verdict = verdict
    }
}
