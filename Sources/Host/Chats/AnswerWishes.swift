import Runtime

/// What a client wants of its answer, whatever its protocol calls that.
struct AnswerWishes: Sendable, Equatable {
    var isStreamed = false
    /// Names of the tools that the client offers.
    var tools: Set<String> = []
    /// A JSON schema that the answer must have.
    var schema: JSONValue?
    var reasoningEffort: String?
    var temperature: Double?
    var maxTokens: Int?
}
