import LuaBridge

/// What a hook decided, and where that comes from: kept with the run that it was made for.
public struct Decision: Sendable, Equatable {
    public let hook: String
    /// Nil when the hook leaves it to the host.
    public let value: JSONValue?
    public let generation: Int
    /// The scripts that had a say, the outermost first; none means the built-in answer.
    public let scripts: [String]

    public init(hook: String, value: JSONValue?, generation: Int, scripts: [String] = []) {
        self.hook = hook
        self.value = value
        self.generation = generation
        self.scripts = scripts
    }

    /// Why, in the words of the script.
    public var reason: String? { value?["reason"]?.string }

    public subscript(_ field: String) -> JSONValue? { value?[field] }

    /// As people write it, "15m", or a number of seconds.
    public func duration(_ field: String) -> Duration? {
        switch value?[field] {
        case .string(let text): Units.duration(text)
        case let number?: number.number.map { .seconds($0) }
        case nil: nil
        }
    }
}

extension Generation {
    /// Asks a hook with facts as plain values.
    public func decide(_ hook: String, facts: JSONValue...) async throws -> Decision {
        try await decide(hook, facts: facts)
    }

    public func decide(_ hook: String, facts: [JSONValue]) async throws -> Decision {
        decision(
            hook,
            try await decide(hook, facts) {
                $1.makeNextReadOnly()
                $1.put(json: $0)
            } otherwise: {
                facts.map { LuaValue($0) }
            })
    }

    /// The same with facts that are in Lua already.
    public func decide(_ hook: String, kept facts: KeptFacts...) async throws -> Decision {
        decision(
            hook,
            try await decide(hook, facts) {
                $0.put(into: &$1)
            } otherwise: {
                facts.map { LuaValue($0.value) }
            })
    }

    private func decision(_ hook: String, _ answer: LuaValue?) -> Decision {
        Decision(hook: hook, value: answer.map { JSONValue($0) }, generation: number, scripts: scripts(of: hook))
    }

    /// Tells every script that has the hook; what went wrong in each.
    public func tell(_ hook: String, facts: JSONValue) async -> [Fault] { await tell(hook, LuaValue(facts)) }
}
