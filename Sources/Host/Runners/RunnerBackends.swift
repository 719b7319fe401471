import Runtime

/// What makes runners real, by mode: the one place that knows which there are.
@Loop
enum RunnerBackends {
    /// Why runners of this mode cannot be made here; nil when they can.
    static func obstacle(to mode: RunnerMode, _ settings: Settings) async -> String? {
        switch mode {
        case .container, .process: "this Perigee was built without runners of its own"
        case .auto, .shared, .rehearsal: nil
        }
    }

    /// `owner` is what its runners are marked with.
    static func make(
        _ mode: RunnerMode, owner: String, _ settings: Settings, client: HTTPClient, log: Log, scope: Scope
    ) async throws -> any RunnerBackend {
        throw Fault(
            .unavailable, "runners of mode \(mode.rawValue) cannot be made: this Perigee was built without them",
            hint: "use shared with OPENCODE_BASE_URL, or rehearsal to try Perigee out without an agent",
            isRetryable: false)
    }

    /// What the settings say of every runner of this mode.
    static func defaults(_ mode: RunnerMode, _ settings: Settings) -> RunnerDefaults {
        var defaults = settings.runnerDefaults
        if mode == .process { defaults.command = ["opencode"] }
        return defaults
    }
}
