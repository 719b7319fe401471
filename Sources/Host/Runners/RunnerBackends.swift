import Runtime

/// What makes runners real, by mode: the one place that knows which there are.
@Loop
enum RunnerBackends {
    /// Why runners of this mode cannot be made here; nil when they can.
    static func obstacle(to mode: RunnerMode, _ settings: Settings) async -> String? {
        switch mode {
        case .process: await missingProgram(settings)
        case .container: "this Perigee was built without containers"
        case .auto, .shared, .rehearsal: nil
        }
    }

    /// `owner` is what its runners are marked with.
    static func make(
        _ mode: RunnerMode, owner: String, _ settings: Settings, client: HTTPClient, log: Log, scope: Scope
    ) async throws -> any RunnerBackend {
        switch mode {
        case .process: return try await ProcessBackend.make(ProcessSettings(settings, owner: owner), log: log)
        case .container, .auto, .shared, .rehearsal:
            throw Fault(
                .unavailable, "runners of mode \(mode.rawValue) cannot be made",
                hint: "use shared with OPENCODE_BASE_URL, or rehearsal to try Perigee out without an agent",
                isRetryable: false)
        }
    }

    /// What the settings say of every runner of this mode.
    static func defaults(_ mode: RunnerMode, _ settings: Settings) -> RunnerDefaults {
        var defaults = settings.runnerDefaults
        if mode == .process { defaults.command = settings[SettingTable.runnerCommand] }
        return defaults
    }

    private static func missingProgram(_ settings: Settings) async -> String? {
        let program = settings[SettingTable.runnerCommand][0]
        do {
            _ = try await BlockingPool.shared.run("looking for \(program)") {
                try Subprocess.place(of: program, along: nil)
            }
            return nil
        } catch {
            return Fault(error).message
        }
    }
}
