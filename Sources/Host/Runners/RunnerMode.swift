import Runtime

/// How agents run, as `RUNNER_MODE` says it.
enum RunnerMode: String, Sendable, CaseIterable {
    case auto, shared, process, container, rehearsal

    /// What the settings come to, and why.
    static func chosen(_ settings: Settings) throws -> (mode: RunnerMode, reason: String) {
        let hasAddress = !settings[SettingTable.opencodeAddress].isEmpty
        switch settings[SettingTable.runnerMode] {
        case .auto where hasAddress: return (.shared, "OPENCODE_BASE_URL is set")
        case .auto: return (.rehearsal, "OPENCODE_BASE_URL is not set")
        case .shared:
            guard hasAddress else {
                throw Fault(
                    .invalidInput, "RUNNER_MODE is shared and OPENCODE_BASE_URL is not set",
                    hint: "set it to the address of an `opencode serve`, as http://127.0.0.1:4096")
            }
            return (.shared, "RUNNER_MODE says so")
        case .rehearsal: return (.rehearsal, "RUNNER_MODE says so")
        case .process, .container:
            throw Fault(
                .invalidInput,
                "RUNNER_MODE=\(settings[SettingTable.runnerMode].rawValue) comes with a later version of Perigee",
                hint: "use shared with OPENCODE_BASE_URL, or rehearsal to try Perigee out without an agent")
        }
    }
}
