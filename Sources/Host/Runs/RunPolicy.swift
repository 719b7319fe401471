import Runtime

/// What decides for runs: the scripts, or whatever a test says.
@Loop
protocol RunPolicy: AnyObject {
    /// As it is now, for one run, which keeps it until its end.
    func begin() -> any RunRules
}

@Loop
protocol RunRules: AnyObject {
    /// One table of facts or two, as the hook has it.
    func decide(_ hook: String, _ facts: [JSONValue]) async throws -> Decision
    /// Tells everybody who wants to know; what went wrong with each.
    func tell(_ hook: String, _ facts: JSONValue) async -> [Fault]
}

/// The hooks of the live scripts.
@Loop
final class ScriptPolicy: RunPolicy {
    private let scripts: Scripts

    init(_ scripts: Scripts) { self.scripts = scripts }

    func begin() -> any RunRules { ScriptRules(GenerationUse(scripts.live)) }
}

/// The hooks of one generation, which stays loaded meanwhile.
@Loop
private final class ScriptRules: RunRules {
    private let use: GenerationUse

    init(_ use: GenerationUse) { self.use = use }

    func decide(_ hook: String, _ facts: [JSONValue]) async throws -> Decision {
        try await use.generation.decide(hook, facts: facts)
    }

    func tell(_ hook: String, _ facts: JSONValue) async -> [Fault] {
        await use.generation.tell(hook, facts: facts)
    }
}
