import Runtime

extension ScriptPersona {
    /// As hooks see it: `host.Persona`.
    var hookFacts: JSONValue {
        [
            "id": .string(id), "name": .string(name), "description": .string(description), "agent": .string(agent),
            "integrations": .array(integrations.map { .string($0) }), "memory": .bool(keepsSession),
            "memory_settable": .bool(memoryIsSettable), "settings": .object(declaredSettings),
        ]
    }
}

extension Generation {
    /// `host.Persona[]`, of those that are offered.
    func personaFacts() throws -> KeptFacts {
        try kept("personas") { .array(offeredPersonas.map(\.hookFacts)) }
    }
}
