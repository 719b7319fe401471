import Runtime

/// All waits for an agent's server, from the one that its owner sets.
struct AgentPatience: Sendable {
    private static let usual = Duration.seconds(30)

    /// A server that cannot be reached for so long is gone.
    let gone: Duration

    init(_ gone: Duration = usual) { self.gone = max(gone, .seconds(1)) }

    init(_ settings: Settings) { self.init(settings[SettingTable.agentPatience]) }

    /// One that is not ours to start is waited for longer.
    var comesBack: Duration { gone * 2 }

    /// What looks like the end of a turn in its middle must look so for this long.
    var doubt: Duration { min(.milliseconds(1500), gone / 4) }

    /// After so long a silence a session is read.
    var check: Duration { gone / 2 }

    /// For one reading of a session.
    var reading: Duration { gone * 2 / 3 }

    /// Of calls and of the event stream.
    var calls: OpencodeSettings {
        var settings = OpencodeSettings()
        settings.call = gone
        settings.firstCall = gone * 2
        settings.probe = max(gone / 6, .milliseconds(500))
        settings.connect = gone / 2
        settings.lastDelay = gone / 3
        // The usual one goes by the server's heartbeat.
        if gone < AgentPatience.usual { settings.silence = gone }
        return settings
    }
}
