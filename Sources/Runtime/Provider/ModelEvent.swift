/// What comes of a request, piece by piece.
public enum ModelEvent: Sendable, Equatable {
    case text(String)
    case reasoning(String)
    case toolCall(ToolCallPiece)
    /// What the request has used so far, in all.
    case usage(ModelUsage)
    /// The model is done; only usage can follow.
    case finish(FinishReason)
}

/// A piece of a call that the model wants made. Pieces of one call have the same index.
public struct ToolCallPiece: Sendable, Equatable {
    public var index: Int
    /// Id and name come with the first piece.
    public var id: String?
    public var name: String?
    /// The next part of its arguments' JSON text.
    public var arguments: String

    public init(index: Int, id: String? = nil, name: String? = nil, arguments: String = "") {
        self.index = index
        self.id = id
        self.name = name
        self.arguments = arguments
    }
}

/// Why a model stopped.
public enum FinishReason: String, Sendable, Equatable {
    case stop, length
    case toolCalls = "tool_calls"
    case contentFilter = "content_filter"
    /// A reason that is nobody else's.
    case other
}

/// Tokens and dollars of one request.
public struct ModelUsage: Sendable, Equatable {
    /// Cached ones included.
    public var input = 0
    /// Reasoning included.
    public var output = 0
    public var reasoning = 0
    public var cached = 0
    /// Nil where neither the provider nor the settings say what it costs.
    public var cost: Double?

    public init(input: Int = 0, output: Int = 0, reasoning: Int = 0, cached: Int = 0, cost: Double? = nil) {
        self.input = input
        self.output = output
        self.reasoning = reasoning
        self.cached = cached
        self.cost = cost
    }
}

/// A whole answer.
public struct ModelAnswer: Sendable, Equatable {
    public var text = ""
    public var reasoning = ""
    public var usage: ModelUsage?
    public var finish = FinishReason.stop

    public init() {}
}
