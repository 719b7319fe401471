import Runtime

// Settings of agents and of what they run on.

extension SettingTable {
    static let runnerMode = Setting(
        name: "RUNNER_MODE", fallback: "auto", accepts: .oneOf(RunnerMode.self),
        purpose:
            "How agents run: `shared` on the server of `OPENCODE_BASE_URL`, `container` and `process` each user in a "
            + "runner of their own, `rehearsal` without any agent, `auto` the first of these that can be here.")
    static let opencodeAddress = Setting(
        name: "OPENCODE_BASE_URL", fallback: "", accepts: .optionalURL,
        purpose:
            "Address of an `opencode serve` that all workspaces share; it must see their directories under the same "
            + "paths as Perigee.")
    static let opencodeUser = Setting(
        name: "OPENCODE_SERVER_USERNAME", fallback: "opencode", accepts: .text,
        purpose: "User name for that server.")
    static let opencodePassword = Setting(
        name: "OPENCODE_SERVER_PASSWORD", fallback: "", accepts: .text,
        purpose: "Password of that server; empty when it has none.", isSecret: true)
    static let turnInactivity = Setting(
        name: "PERIGEE_TURN_INACTIVITY", fallback: "45m", accepts: .duration,
        purpose: "How long a model may give no sign of life before its turn is stopped.")
    static let toolInactivity = Setting(
        name: "PERIGEE_TOOL_INACTIVITY", fallback: "2h", accepts: .duration,
        purpose: "The same while one of the agent's tools runs, which may be silent for long.")

    static let agentPatience = Setting(
        name: "PERIGEE_AGENT_PATIENCE", fallback: "30s", accepts: .duration,
        purpose:
            "How long an agent's server may answer nothing before it counts as gone; other waits for it go with this. Less "
            + "than its heartbeat of ten seconds has its event stream connected again and again.")

    static let agents: [any AnySetting] = [
        runnerMode, opencodeAddress, opencodeUser, opencodePassword, turnInactivity, toolInactivity,
        agentPatience,
    ]
}
