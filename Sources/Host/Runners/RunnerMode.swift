import Runtime

/// How agents run, as `RUNNER_MODE` says it.
enum RunnerMode: String, Sendable, CaseIterable {
    case auto, shared, process, container, rehearsal

    struct Choice: Sendable, Equatable {
        let mode: RunnerMode
        let reason: String
    }

    /// What the settings and this machine come to, and why. `obstacle` says what stands in the way of a mode.
    @Loop
    static func chosen(
        _ settings: Settings, obstacle: @Loop (RunnerMode) async -> String?
    ) async throws -> Choice {
        let hasAddress = !settings[SettingTable.opencodeAddress].isEmpty
        let wanted = settings[SettingTable.runnerMode]
        switch wanted {
        case .auto where hasAddress: return Choice(mode: .shared, reason: "OPENCODE_BASE_URL is set")
        case .auto: return await firstThatCan(obstacle)
        case .shared:
            guard hasAddress else {
                throw Fault(
                    .invalidInput, "RUNNER_MODE is shared and OPENCODE_BASE_URL is not set",
                    hint: "set it to the address of an `opencode serve`, as http://127.0.0.1:4096")
            }
        case .rehearsal: break
        case .process, .container:
            if let why = await obstacle(wanted) {
                throw Fault(
                    .invalidInput, "RUNNER_MODE is \(wanted.rawValue), which cannot be here: \(why)",
                    hint: "mend that, or use shared with OPENCODE_BASE_URL, or rehearsal to try it out without an agent"
                )
            }
        }
        return Choice(mode: wanted, reason: "RUNNER_MODE says so")
    }

    @Loop
    private static func firstThatCan(_ obstacle: @Loop (RunnerMode) async -> String?) async -> Choice {
        var reasons = ["OPENCODE_BASE_URL is not set"]
        for mode in [RunnerMode.container, .process] {
            guard let why = await obstacle(mode) else {
                return Choice(mode: mode, reason: reasons.joined(separator: "; "))
            }
            reasons.append("no \(mode.rawValue): \(why)")
        }
        return Choice(mode: .rehearsal, reason: reasons.joined(separator: "; "))
    }
}
