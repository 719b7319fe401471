import Runtime

/// What an agent's own configuration says about integrations. Servers are always listed, so that switching one on does
/// not restart anything; their tools are off for everybody and on for the agents that may use them.
enum IntegrationConfig {
    /// The agent's `mcp` object. `base` is where the agent reaches this server, such as `http://127.0.0.1:8000`.
    static func mcp(
        _ integrations: [String], base: String, workspace: String, user: String, tokens: IntegrationTokens,
        timeout: Duration = .seconds(65)
    ) -> JSONObject {
        var stem = base[...]
        while stem.hasSuffix("/") { stem = stem.dropLast() }
        return JSONObject(
            integrations.sorted().map { name in
                let token = tokens.token(workspace: workspace, user: user, integration: name)
                let server: JSONObject = [
                    "type": "remote", "url": .string("\(stem)/mcp/\(name)"),
                    "headers": ["Authorization": .string("Bearer \(token.reveal())")], "oauth": false, "enabled": true,
                    "timeout": .integer(timeout.milliseconds),
                ]
                return (name, .object(server))
            })
    }
}
