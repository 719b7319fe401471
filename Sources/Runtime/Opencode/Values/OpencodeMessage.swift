/// A message of a session, with its parts as far as they are known.
public struct OpencodeMessage: Sendable, Equatable {
    public var id: String
    public var session: String
    public var isUser: Bool
    /// For an answer: the user's message that it answers. Version 2 does not say it.
    public var parent: String?
    /// Milliseconds since the epoch, on the server's clock.
    public var created: Int64
    public var completed: Int64?
    /// Why the model stopped: `stop`, `tool-calls`, `length`, ….
    public var finish: String?
    public var error: OpencodeError?
    /// The server's own summary of what came before, which is no part of an answer.
    public var isSummary: Bool
    public var agent: String?
    /// What the answer came to when a schema was given.
    public var structured: JSONValue?
    public var tokens: OpencodeTokens?
    public var cost: Double
    public var parts: [OpencodePart]

    public init(
        id: String, session: String, isUser: Bool, parent: String? = nil, created: Int64 = 0, completed: Int64? = nil,
        finish: String? = nil, error: OpencodeError? = nil, isSummary: Bool = false, agent: String? = nil,
        structured: JSONValue? = nil, tokens: OpencodeTokens? = nil, cost: Double = 0, parts: [OpencodePart] = []
    ) {
        self.id = id
        self.session = session
        self.isUser = isUser
        self.parent = parent
        self.created = created
        self.completed = completed
        self.finish = finish
        self.error = error
        self.isSummary = isSummary
        self.agent = agent
        self.structured = structured
        self.tokens = tokens
        self.cost = cost
        self.parts = parts
    }

    /// The texts of its parts, one after the other.
    public var text: String {
        parts.map { if case .text(let text, _) = $0.body { text } else { "" } }.joined()
    }
}

/// One part of a message.
public struct OpencodePart: Sendable, Equatable {
    public enum Body: Sendable, Equatable {
        case text(String, isSynthetic: Bool)
        case reasoning(String)
        case tool(OpencodeTool)
        /// What one step has used.
        case step(OpencodeTokens, cost: Double)
        /// From here the conversation before is replaced by a summary.
        case compaction(isAutomatic: Bool)
        /// What nobody here needs to look into.
        case other(String)
    }

    public var id: String
    public var session: String
    public var message: String
    /// For text and reasoning: nothing more comes, and the text is all of it.
    public var isEnded: Bool
    public var body: Body

    public init(id: String, session: String, message: String, isEnded: Bool = true, _ body: Body) {
        self.id = id
        self.session = session
        self.message = message
        self.isEnded = isEnded
        self.body = body
    }
}

/// A call of a tool as it stands.
public struct OpencodeTool: Sendable, Equatable {
    public enum Status: String, Sendable {
        case pending, running, completed
        case failed = "error"

        public var isEnded: Bool { self == .completed || self == .failed }
        var rank: Int { self == .pending ? 0 : self == .running ? 1 : 2 }
    }

    public var name: String
    /// The model's own id of the call, by which asks name it.
    public var call: String?
    public var status: Status
    public var title: String?
    public var input: JSONValue
    /// All of it so far.
    public var output: String
    public var error: String?
    /// Milliseconds since the epoch, on the server's clock.
    public var started: Int64?
    public var ended: Int64?
    /// The session in which a subtask is carried out, and by whom.
    public var child: String?
    public var agent: String?

    public init(
        name: String, call: String? = nil, status: Status, title: String? = nil, input: JSONValue = .object([:]),
        output: String = "", error: String? = nil, started: Int64? = nil, ended: Int64? = nil, child: String? = nil,
        agent: String? = nil
    ) {
        self.name = name
        self.call = call
        self.status = status
        self.title = title
        self.input = input
        self.output = output
        self.error = error
        self.started = started
        self.ended = ended
        self.child = child
        self.agent = agent
    }

    public var seconds: Double? {
        guard let started, let ended, ended >= started else { return nil }
        return Double(ended - started) / 1000
    }
}

/// What was read and written, as the server counts: `input` without what came from the cache, `output` without reasoning.
public struct OpencodeTokens: Sendable, Equatable {
    public var input = 0
    public var output = 0
    public var reasoning = 0
    public var cacheRead = 0
    public var cacheWrite = 0

    public init(input: Int = 0, output: Int = 0, reasoning: Int = 0, cacheRead: Int = 0, cacheWrite: Int = 0) {
        self.input = input
        self.output = output
        self.reasoning = reasoning
        self.cacheRead = cacheRead
        self.cacheWrite = cacheWrite
    }

    var isZero: Bool { self == OpencodeTokens() }
}

/// What a turn has used in all.
public struct OpencodeUsage: Sendable, Equatable {
    /// All that was read, cached tokens included.
    public var input = 0
    /// All that was written, reasoning included.
    public var output = 0
    public var reasoning = 0
    public var cached = 0
    /// Dollars; 0 where the price is not known.
    public var cost = 0.0

    public init() {}

    mutating func add(_ tokens: OpencodeTokens, cost: Double) {
        input += tokens.input + tokens.cacheRead + tokens.cacheWrite
        output += tokens.output + tokens.reasoning
        reasoning += tokens.reasoning
        cached += tokens.cacheRead
        self.cost += cost
    }
}

/// Why an answer failed, in the server's words.
public struct OpencodeError: Sendable, Equatable {
    /// `APIError`, `ProviderAuthError`, `ContextOverflowError`, `MessageAbortedError`, ….
    public var name: String
    public var message: String
    /// The provider's HTTP status.
    public var status: Int?
    public var isRetryable: Bool
    /// Seconds that the provider asked to wait.
    public var retryAfter: Double?
    public var provider: String?

    public init(
        _ name: String, _ message: String, status: Int? = nil, isRetryable: Bool = false, retryAfter: Double? = nil,
        provider: String? = nil
    ) {
        self.name = name
        self.message = message
        self.status = status
        self.isRetryable = isRetryable
        self.retryAfter = retryAfter
        self.provider = provider
    }

    public var isAbort: Bool { name == "MessageAbortedError" }
    public var isOverflow: Bool { name == "ContextOverflowError" }
    /// The prompt names an agent or a model that the server does not have: nothing was begun, and nothing will be.
    public var isRefusal: Bool { isUnknownAgent || isUnknownModel }
    // Such errors have no name of their own, only words.
    public var isUnknownAgent: Bool { name == "UnknownError" && message.contains("Agent not found") }
    public var isUnknownModel: Bool { name == "UnknownError" && message.contains("Model not found") }
}
