import Runtime

/// The agents that each workspace has used, and the configuration that gives them to the engine.
@Loop
final class AgentRegistry {
    private let store: Store
    private let workspaces: Workspaces
    private let delivery: KeyDelivery
    private let mcp: @Loop (Workspace, PersonaAgent) -> JSONObject
    fileprivate var known: [String: Set<PersonaAgent>] = [:]
    /// What was last written, by workspace: generation and agents.
    fileprivate var written: [String: Written] = [:]
    private let now: @Loop () -> Int64
    /// When the store was last told of an agent's use, and what it then was: agent by workspace and name.
    fileprivate var told: [String: Told] = [:]
    /// Called when what is known of a user's agents changed: for the readable mirror.
    var onChange: ((_ workspace: Workspace) -> Void)?

    fileprivate struct Told {
        let at: Int64
        let modelID: String
        let system: String
    }

    /// So often the time of an agent's use is written down: it is for clean-up, which counts in weeks.
    private static let useInterval: Int64 = 3_600_000

    fileprivate struct Written: Equatable {
        let generation: Int
        let agents: Set<PersonaAgent>
        let keySignature: String
    }

    /// `keys` says how the agent gets at them; `mcp` gives the entries of the agent's integrations.
    init(
        _ store: Store, _ workspaces: Workspaces, keys delivery: KeyDelivery, now: @escaping @Loop () -> Int64,
        mcp: @escaping @Loop (Workspace, PersonaAgent) -> JSONObject
    ) {
        self.store = store
        self.workspaces = workspaces
        self.now = now
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
        let moment = now()
        try await store.write {
            try $0.run(AgentQueries.enter, workspace, agent.name, agent.persona, list, agent.isPlan, moment)
        }
    }

    // MARK: what is known of them

    /// A turn is about to use the agent: as which of the client's models, and with which instructions.
    func used(_ agent: PersonaAgent, in workspace: Workspace, modelID: String, system: String) async throws {
        let (id, name, moment) = (workspace.id, agent.name, now())
        let place = "\(id)/\(name)"
        if let told = told[place], told.modelID == modelID, told.system == system,
            moment - told.at < AgentRegistry.useInterval
        {
            return
        }
        told[place] = Told(at: moment, modelID: modelID, system: system)
        try await remember(agent, in: id)
        let changed = try await store.write { store in
            try store.run(AgentQueries.use, moment, id, name)
            return try store.run(AgentQueries.describe, modelID, system, moment, id, name, modelID, system)
        }
        if changed > 0 { onChange?(workspace) }
    }

    /// As capability PE-12 has them, by the agent's name.
    func described(in workspace: String) async throws -> JSONObject {
        let rows = try await store.read { try $0.all(AgentQueries.described, workspace) }
        return JSONObject(rows.map { ($0.name, $0.value) })
    }

    /// Takes one out, as clean-up does; the next turn with it enters it again.
    func forget(_ name: String, in workspace: String) async throws {
        try await store.write { try $0.run(AgentQueries.drop, workspace, name) }
        known[workspace] = known[workspace]?.filter { $0.name != name }
        told["\(workspace)/\(name)"] = nil
    }
}

extension AgentRegistry {
    /// Its user was removed: nothing of it is remembered.
    func forget(workspace: String) {
        known[workspace] = nil
        written[workspace] = nil
        told = told.filter { !$0.key.hasPrefix("\(workspace)/") }
    }
}
