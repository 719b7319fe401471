import Runtime

/// What decides how runners are started: the hook `runner` of the live scripts, or whatever a test says.
@Loop
struct RunnerPolicy {
    /// Another one when it may decide otherwise.
    var generation: @Loop () -> Int
    /// Asked with `host.Workspace`.
    var decide: @Loop (JSONObject) async throws -> Decision

    init(generation: @escaping @Loop () -> Int, decide: @escaping @Loop (JSONObject) async throws -> Decision) {
        self.generation = generation
        self.decide = decide
    }

    init(_ scripts: Scripts) {
        generation = { scripts.live.number }
        decide = { workspace in
            let use = GenerationUse(scripts.live)
            var facts = workspace
            facts["personas"] = .array(use.generation.offeredPersonas.map { .string($0.id) })
            facts["integrations"] = .array(use.generation.integrations.map { .string($0.name) })
            return try await use.generation.decide("runner", facts: .object(facts))
        }
    }
}
