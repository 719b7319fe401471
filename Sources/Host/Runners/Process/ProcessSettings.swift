import Runtime

/// What the backend for processes is told once.
struct ProcessSettings: Sendable {
    /// The id of the state directory: tells our runners from another Perigee's.
    var owner: String
    /// Where the runners' output is kept. Runners do not see it.
    var logs: String
    var command = ["opencode"]
    var sandbox = SandboxChoice.auto
    /// What all sandboxes show besides the system.
    var readable: [String] = []
    /// How often the output of runners is cut to its bound.
    var trimming = Duration.seconds(15)

    init(owner: String, logs: String) {
        self.owner = owner
        self.logs = logs
    }

    init(_ settings: Settings, owner: String) {
        self.init(owner: owner, logs: "\(settings.stateDirectory)/runner-logs")
        command = settings[SettingTable.runnerCommand]
        sandbox = settings[SettingTable.runnerSandbox]
        readable = settings[SettingTable.runnerReadable]
    }
}
