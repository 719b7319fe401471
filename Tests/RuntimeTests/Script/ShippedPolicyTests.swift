import Testing

@testable import LuaBridge
@testable import Runtime

/// What the shipped hooks of a chat decide, with facts as the host gives them: read-only, and held to the contract on
/// both sides. What they decide when is in their specs.
@Suite("the shipped policy of a chat")
@Loop
struct ShippedPolicyTests {
    @Test("a failure of every kind, at every stage, has a good answer")
    func failures() async throws {
        let kinds = try #require(words(of: "kind", in: Contract.failure))
        try await ShippedScriptsTests.withGeneration { generation in
            for kind in kinds {
                for (started, attended) in [(false, true), (true, true), (true, false)] {
                    for attempt: Int64 in [1, 4, 20] {
                        let facts: LuaValue = [
                            "kind": .string(kind), "message": "it broke", "attempt": .integer(attempt),
                            "started": .bool(started), "attended": .bool(attended), "run": Facts.run,
                        ]
                        let action = try await decide(generation, "recover", Contract.failure, facts)?["action"]?.string
                        let mayAct = attempt < 20 && (!started || kind == "agent_gone")
                        #expect(mayAct || action == "ask" || action == "give_up", "\(kind) \(attempt) \(started)")
                    }
                }
            }
        }
    }

    @Test("every permission is decided, whether somebody is there or not")
    func permissions() async throws {
        try await ShippedScriptsTests.withGeneration { generation in
            for permission in ["bash", "edit", "read", "grep", "doom_loop", "external_directory"] {
                for attended in [true, false] {
                    let facts: LuaValue = [
                        "permission": .string(permission), "patterns": ["*"], "attended": .bool(attended),
                        "subtask": false, "asked_before": 0, "run": Facts.run,
                    ]
                    let action = try await decide(generation, "permission", Contract.ask, facts)?["action"]?.string
                    let whenAlone = permission == "grep" ? "once" : "deny"
                    #expect(action == (attended && permission != "grep" ? "ask" : whenAlone), "\(permission)")
                }
            }
        }
    }

    @Test("a specialist's part gets its line, and every part a form")
    func parts() async throws {
        try await ShippedScriptsTests.withGeneration { generation in
            for (persona, seen, line) in [("izzy", 0, true), ("izzy", 1, false), ("build", 0, false)] {
                for native in [true, false] {
                    let facts: LuaValue = [
                        "kind": "tool", "status": "running", "door": "openai", "native": .bool(native),
                        "persona": .string(persona), "run": "run_1", "tool": "instrumentl_search_grants",
                        "seen": .integer(Int64(seen)),
                    ]
                    let shown = try await decide(generation, "render", Contract.part, facts)
                    #expect(shown?["show"]?.string == (native ? "native" : "details"))
                    #expect((shown?["before"] != nil) == line, "\(persona) \(seen)")
                }
            }
        }
    }

    @Test("the persona is chosen and set up from what the client attached")
    func personas() async throws {
        try await ShippedScriptsTests.withGeneration { generation in
            let known: LuaValue = [personaFacts("build"), personaFacts("plan"), izzy]
            let extra: LuaValue = [
                "persona": ["template": "Izzy"], "memory": ["enabled": false, "self_reference_level": 7],
                "integrations": ["notes": ["enabled": false]],
            ]
            let request = try checked(
                Contract.request,
                [
                    "door": "openai", "user": ["key": "ann", "source": "key"], "model": "open-persona/plan",
                    "messages": [], "stream": true, "has_tools": true, "meta": [:],
                    "extra": ["open_persona": extra], "headers": [:],
                ])
            for persona in known.elements { try Shape.record(Contract.personaFacts).check(persona) }

            let choice = try await generation.decide("persona", request, known)
            #expect(choice?["persona"] == "izzy")
            #expect(choice?["agent"] == "plan")
            #expect(choice?["memory"] == false)
            #expect(choice?["settings"]?["self_reference_level"]?.number == 1)
            #expect(choice?["integrations"]?["notes"] == false)
        }
    }

    @Test("each place, departure and unfinished run is decided")
    func lives() async throws {
        try await ShippedScriptsTests.withGeneration { generation in
            for (mode, engine) in [("shared", "opencode"), ("rehearsal", "rehearsal")] {
                let facts: LuaValue = [
                    "id": "c1", "door": "openai", "user": ["key": "ann", "source": "key"], "persona": "build",
                    "workspace": workspace, "turns": 1, "modes": [.string(mode)], "meta": [:],
                    "previous": ["engine": "opencode", "runner": "process"],
                ]
                #expect(try await decide(generation, "place", Contract.chat, facts)?["engine"]?.string == engine)
            }
            #expect(try await decide(generation, "leave", Contract.run, Facts.run)?["action"] == "abort")
            let unfinished: LuaValue = [
                "run": Facts.run, "away": 5, "runner_alive": false, "session": "unknown", "answer_complete": false,
            ]
            let fate = try await decide(generation, "reconcile", Contract.unfinished, unfinished)
            #expect(fate?["action"] == "resume")
        }
    }

    @Test("the agent's configuration keeps it inside its workspace, and names no persona's agent")
    func configuration() async throws {
        try await ShippedScriptsTests.withGeneration { generation in
            try Shape.record(Contract.workspace).check(workspace)
            let change = try await generation.decide("opencode_config", workspace, [personaFacts("build"), izzy])
            let config = try #require(change?["config"])
            #expect(config["agent"] == nil)
            #expect(config["permission"]?["external_directory"] == "deny")
        }
    }

    private var workspace: LuaValue {
        [
            "id": "0011223344556677", "user": "ann", "directory": "/w", "keys": ["openai"], "key_signature": "x",
            "integrations": ["notes"],
        ]
    }

    private var izzy: LuaValue {
        personaFacts(
            "izzy",
            [
                "integrations": ["notes"], "memory_settable": true,
                "settings": ["self_reference_level": ["type": "number", "min": 0, "max": 1, "default": 0.35]],
            ])
    }

    private func personaFacts(_ id: String, _ changes: [LuaKey: LuaValue] = [:]) -> LuaValue {
        let base: [LuaKey: LuaValue] = [
            "id": .string(id), "name": .string(id), "description": "", "agent": id == "plan" ? "plan" : "build",
            "integrations": [], "memory": true,
        ]
        return .table(base.merging(changes) { $1 })
    }

    private func decide(_ generation: Generation, _ hook: String, _ record: Record, _ facts: LuaValue) async throws
        -> LuaValue?
    {
        try await generation.decide(hook, try checked(record, facts))
    }

    private func checked(_ record: Record, _ facts: LuaValue) throws -> LuaValue {
        try Shape.record(record).check(facts)
        return facts
    }

    private func words(of field: String, in record: Record) -> [String]? {
        guard case .choice(let words) = record.fields.first(where: { $0.name == field })?.shape else { return nil }
        return words
    }
}
