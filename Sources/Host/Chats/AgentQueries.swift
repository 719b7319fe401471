import Runtime

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
        INSERT INTO workspace_agents (workspace, agent, persona, integrations, is_plan, used_at)
        VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (workspace, agent) DO UPDATE SET persona = excluded.persona, integrations = excluded.integrations
        """

    // MARK: what is known of them

    static let use: Query<Void> = "UPDATE workspace_agents SET used_at = ? WHERE workspace = ? AND agent = ?"
    static let describe: Query<Void> = """
        UPDATE workspace_agents SET model_id = ?, system = ?, updated_at = ?
        WHERE workspace = ? AND agent = ? AND (model_id <> ? OR system <> ?)
        """
    static let described = Query(
        """
        SELECT agent, model_id, system, updated_at, integrations FROM workspace_agents
        WHERE workspace = ? AND updated_at > 0 ORDER BY agent
        """
    ) { row -> (name: String, value: JSONValue) in
        let name: String = try row.next()
        let (model, system): (String, String) = try (row.next(), row.next())
        let updated: Int64 = try row.next()
        let features = try row.next(String.self).split(separator: ",").map { (String($0), JSONValue.bool(true)) }
        return (
            name,
            [
                "originalModelId": .string(model), "systemPrompt": .string(system),
                "updatedAt": .string(JobTime.text(updated)), "features": .object(JSONObject(features)),
            ]
        )
    }

    // MARK: clean-up

    /// The engine's own agents are always there, so they are no matter of clean-up.
    static let stale = Query(
        """
        SELECT workspace, agent, persona, used_at FROM workspace_agents
        WHERE used_at < ? AND (workspace > ? OR workspace = ? AND agent > ?) AND agent NOT IN ('build', 'plan')
        ORDER BY workspace, agent LIMIT ?
        """, String.self, String.self, String.self, Int64.self)
    static let usedAt = Query("SELECT used_at FROM workspace_agents WHERE workspace = ? AND agent = ?", Int64.self)
    static let drop: Query<Void> = "DELETE FROM workspace_agents WHERE workspace = ? AND agent = ?"
}
