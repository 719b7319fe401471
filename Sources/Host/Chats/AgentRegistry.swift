import Runtime

/// The agents that each workspace has used, and the configuration that gives them to the engine.
@Loop
final class AgentRegistry {
    private let store: Store
    private let workspaces: Workspaces
    private let delivery: KeyDelivery
    private let mcp: @Loop (Workspace, PersonaAgent) -> JSONObject
    private var known: [String: Set<PersonaAgent>] = [:]
    /// What was last written, by workspace: generation and agents.
    private var written: [String: Written] = [:]

    private struct Written: Equatable {
        let generation: Int
        let agents: Set<PersonaAgent>
        let keySignature: String
    }

    /// `keys` says how the agent gets at them; `mcp` gives the entries of the agent's integrations.
    init(
        _ store: Store, _ workspaces: Workspaces, keys delivery: KeyDelivery,
        mcp: @escaping @Loop (Workspace, PersonaAgent) -> JSONObject
    ) {
        self.store = store
        self.workspaces = workspaces
        self.delivery = delivery
        self.mcp = mcp
    }

    /// Makes sure that the workspace's configuration has the agent as the live scripts describe it. True when the file
    /// changed, so that the engine has to read it again.
    func prepare(_ workspace: Workspace, _ agent: PersonaAgent, _ generation: Generation) async throws -> Bool {
        _ = try await agents(of: workspace.id)
        // Turns that come at once add theirs before any of them waits, so that none writes the file without another's.
        if known[workspace.id, default: []].insert(agent).inserted { try await remember(agent, in: workspace.id) }
        guard written[workspace.id] != wanted(workspace, generation) else { return false }
        let personas = generation.offeredPersonas
        let decision = try await generation.decide(
            "opencode_config", facts: .object(workspace.facts), .array(personas.map(\.hookFacts)))
        let keys = try await workspaces.keyReferences(of: workspace, by: delivery)
        let wanted = wanted(workspace, generation)
        let used = wanted.agents.sorted { $0.name < $1.name }.compactMap { agent in
            personas.first { $0.id == agent.persona }.map { (agent: agent, persona: $0) }
        }
        var servers: JSONObject = [:]
        for (agent, _) in used { for server in mcp(workspace, agent) { servers[server.key] = server.value } }
        let settings = AgentSettings(
            base: decision["config"]?.object ?? [:], agents: used, servers: servers,
            providers: keys["provider"]?.object ?? [:])
        let hasChanged = try await workspaces.configure(
            workspace, wanted: settings.wanted, override: decision["override"]?.bool ?? false)
        written[workspace.id] = wanted
        return hasChanged
    }

    private func wanted(_ workspace: Workspace, _ generation: Generation) -> Written {
        Written(
            generation: generation.number, agents: known[workspace.id] ?? [], keySignature: workspace.keySignature)
    }

    private func agents(of workspace: String) async throws -> Set<PersonaAgent> {
        if let agents = known[workspace] { return agents }
        let rows = try await store.read { try $0.all(AgentQueries.ofWorkspace, workspace) }
        let agents = Set(rows.map { $0 } + [PersonaAgent(persona: "build"), PersonaAgent(persona: "plan")])
        known[workspace, default: []].formUnion(agents)
        return known[workspace] ?? agents
    }

    private func remember(_ agent: PersonaAgent, in workspace: String) async throws {
        let list = agent.integrations.joined(separator: ",")
        try await store.write {
            try $0.run(AgentQueries.enter, workspace, agent.name, agent.persona, list, agent.isPlan)
        }
    }
}

/// All SQL about the agents of workspaces.
enum AgentQueries {
    static let schema: StaticString = """
        CREATE TABLE workspace_agents (
            workspace TEXT NOT NULL,
            agent TEXT NOT NULL,
            persona TEXT NOT NULL,
            integrations TEXT NOT NULL,
            is_plan INTEGER NOT NULL,
            PRIMARY KEY (workspace, agent)
        );
        """
    static let ofWorkspace = Query(
        "SELECT persona, integrations, is_plan FROM workspace_agents WHERE workspace = ? ORDER BY agent"
    ) { row in
        let (persona, list): (String, String) = try (row.next(), row.next())
        return PersonaAgent(
            persona: persona, integrations: list.split(separator: ",").map(String.init), isPlan: try row.next())
    }
    static let enter: Query<Void> = """
        INSERT INTO workspace_agents (workspace, agent, persona, integrations, is_plan) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (workspace, agent) DO UPDATE SET persona = excluded.persona, integrations = excluded.integrations
        """
}
