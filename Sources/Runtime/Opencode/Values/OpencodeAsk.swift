/// Something for which the agent waits: leave to do a thing, or an answer.
public struct OpencodeAsk: Sendable, Equatable {
    public enum Body: Sendable, Equatable {
        case permission(OpencodePermission)
        case questions([OpencodeQuestion])
    }

    public var id: String
    /// The session that waits, which may be that of a subtask.
    public var session: String
    /// The call of a tool that waits.
    public var message: String?
    public var call: String?
    public var body: Body

    public init(id: String, session: String, message: String? = nil, call: String? = nil, _ body: Body) {
        self.id = id
        self.session = session
        self.message = message
        self.call = call
        self.body = body
    }

    public var isPermission: Bool { if case .permission = body { true } else { false } }
}

public struct OpencodePermission: Sendable, Equatable {
    /// `bash`, `edit`, `external_directory`, ….
    public var name: String
    public var patterns: [String]
    /// What `always` would allow from then on.
    public var always: [String]
    public var metadata: JSONValue

    public init(name: String, patterns: [String] = [], always: [String] = [], metadata: JSONValue = .object([:])) {
        self.name = name
        self.patterns = patterns
        self.always = always
        self.metadata = metadata
    }
}

public struct OpencodeQuestion: Sendable, Equatable {
    public struct Option: Sendable, Equatable {
        public var label: String
        public var description: String

        public init(label: String, description: String = "") {
            self.label = label
            self.description = description
        }
    }

    public var header: String
    public var text: String
    public var options: [Option]
    public var allowsSeveral: Bool
    public var allowsOther: Bool
    /// What a form of version 2 calls this field; nil in version 1.
    public var key: String?

    public init(
        header: String = "", text: String, options: [Option] = [], allowsSeveral: Bool = false,
        allowsOther: Bool = true, key: String? = nil
    ) {
        self.header = header
        self.text = text
        self.options = options
        self.allowsSeveral = allowsSeveral
        self.allowsOther = allowsOther
        self.key = key
    }
}

/// How an ask was answered at the server.
public enum OpencodeVerdict: String, Sendable { case once, always, reject, answered }
