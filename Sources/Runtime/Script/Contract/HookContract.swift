public import LuaBridge

/// One hook: the facts it gets, the decision it owes, and what holds when no script decides.
public struct HookContract: Sendable {
    public let name: String
    /// The question that it answers, in one line.
    public let summary: String
    /// What it is called with, before `next`.
    public let facts: [Field]
    /// Nil for a hook that is called for its side effects alone.
    public let decision: Shape?
    public let fallback: @Sendable (_ facts: [LuaValue]) -> LuaValue?
    /// False for an answer that is always the same: then nobody has to read the facts again for it.
    let fallbackReadsFacts: Bool
    public let fallbackSummary: String
    /// What the fields alone cannot say, such as that one of two must be there.
    private let rule: @Sendable (LuaValue) -> ShapeFault?

    init(
        _ name: String, _ summary: String, facts: [Field], decision: Shape?,
        rule: @escaping @Sendable (LuaValue) -> ShapeFault? = { _ in nil }, fallbackReadsFacts: Bool = true,
        otherwise fallbackSummary: String, _ fallback: @escaping @Sendable ([LuaValue]) -> LuaValue?
    ) {
        self.name = name
        self.summary = summary
        self.facts = facts
        self.decision = decision
        self.rule = rule
        self.fallbackReadsFacts = fallbackReadsFacts
        self.fallbackSummary = fallbackSummary
        self.fallback = fallback
    }

    /// Throws the first `ShapeFault` of a decision; whatever a hook without one returns is good.
    public func check(_ decision: LuaValue) throws {
        guard let shape = self.decision else { return }
        try shape.check(decision)
        if let fault = rule(decision) { throw fault }
    }

    /// As a script writes it: the facts, then `next`, which asks the scripts and the rule below this one.
    public var signature: Signature {
        guard let decision else { return Signature(facts) }
        let results: [Field] = [
            .optional("decision", decision, "What is to be done."),
            .optional("err", .record(Contract.error), "Why nothing could be decided; `decision` is nil then."),
        ]
        let next = Field.required(
            "next", .function(Signature(facts, results: results)),
            "Asks the scripts before this one, and Perigee itself at the end.")
        return Signature(facts + [next], results: results)
    }
}
