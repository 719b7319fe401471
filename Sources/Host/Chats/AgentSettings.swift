import Runtime

/// What Perigee wants to stand in a workspace's `opencode.json`: the owner's settings from the hook, an agent for each
/// persona, and the integrations.
struct AgentSettings {
    /// What the hook `opencode_config` decided.
    let base: JSONObject
    /// The agents that have been used in the workspace, with their personas.
    let agents: [(agent: PersonaAgent, persona: ScriptPersona)]
    /// Entries of `mcp`, by integration.
    let servers: JSONObject
    /// Where the agent finds the workspace's provider keys, by provider.
    var providers: JSONObject = [:]

    var wanted: JSONObject {
        var wanted = base
        wanted["$schema"] = base["$schema"] ?? "https://opencode.ai/config.json"
        var agents = base["agent"]?.object ?? [:]
        for (agent, persona) in self.agents {
            // What the owner's hook says of an agent goes before what its persona says, field by field.
            var entry = entry(agent, persona)
            for field in agents[agent.name]?.object ?? [:] { entry[field.key] = field.value }
            agents[agent.name] = .object(entry)
        }
        if !agents.isEmpty { wanted["agent"] = .object(agents) }
        if !providers.isEmpty { wanted["provider"] = .object(merged(base["provider"]?.object ?? [:])) }
        guard !servers.isEmpty else { return wanted }
        var mcp = base["mcp"]?.object ?? [:]
        var tools = base["tools"]?.object ?? [:]
        for server in servers {
            mcp[server.key] = mcp[server.key] ?? server.value
            // Off for everybody; the agents that have it switch it on for themselves.
            tools["\(server.key)*"] = tools["\(server.key)*"] ?? false
        }
        wanted["mcp"] = .object(mcp)
        wanted["tools"] = .object(tools)
        return wanted
    }

    /// What the hook says of a provider stays; the key is added where it says nothing of one.
    private func merged(_ base: JSONObject) -> JSONObject {
        var all = base
        for provider in providers {
            var entry = all[provider.key]?.object ?? [:]
            var options = entry["options"]?.object ?? [:]
            for option in provider.value["options"]?.object ?? [:] where options[option.key] == nil {
                options[option.key] = option.value
            }
            entry["options"] = .object(options)
            all[provider.key] = .object(entry)
        }
        return all
    }

    /// The instructions themselves come with every turn, so that no edit of this file can displace them.
    private func entry(_ agent: PersonaAgent, _ persona: ScriptPersona) -> JSONObject {
        var entry: JSONObject = [:]
        let isEnginesOwn = agent.name == "build" || agent.name == "plan"
        if !isEnginesOwn {
            entry["description"] = .string(persona.description)
            entry["mode"] = "primary"
            entry["prompt"] = .string("You answer as \(persona.name). Your instructions follow.")
        }
        if let model = persona.model { entry["model"] = .string(model) }
        if let temperature = persona.temperature { entry["temperature"] = .number(temperature) }
        if let steps = persona.steps { entry["steps"] = .integer(Int64(steps)) }
        var tools = persona.tools
        for name in agent.integrations { tools["\(name)*"] = true }
        if !tools.isEmpty { entry["tools"] = .object(tools) }
        if let permission = permission(agent, persona) { entry["permission"] = permission }
        return entry
    }

    private func permission(_ agent: PersonaAgent, _ persona: ScriptPersona) -> JSONValue? {
        let isPlan = agent.isPlan || persona.agent == "plan"
        guard isPlan else { return persona.permission }
        var permission: JSONObject = ["edit": "deny", "bash": "deny", "webfetch": "allow"]
        for rule in persona.permission?.object ?? [:] where !(agent.isPlan && persona.agent != "plan") {
            permission[rule.key] = rule.value
        }
        return .object(permission)
    }
}
