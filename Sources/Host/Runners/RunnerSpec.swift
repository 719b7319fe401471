import Runtime

/// What one runner is to be: whose, where and with what. Made of the settings, the workspace and the decision of the
/// hook `runner`; a backend makes it real.
struct RunnerSpec: Sendable {
    /// `open-persona-runner-<workspace>-<key signature>`, with more behind it where a chat or a run has one of its own:
    /// one at a time bears it.
    let name: String
    let workspace: String
    let keySignature: String
    var share = RunnerShare.user
    /// Where the workspace is on this machine. The runner sees it under the same path, and no other workspace.
    let directory: String
    /// What the agent keeps for itself, below the state directory: one for each workspace, key signature and share, with
    /// `config`, `data`, `state`, `cache` and `home` in it.
    let privateDirectory: String
    /// For containers.
    var image: String
    /// For processes, and for containers whose image is started otherwise; empty where the image knows.
    var command: [String]
    /// Variables that anybody may see.
    var environment: [String: String]
    /// Variables that must not stand where others see them: provider keys, and the password of the server.
    var secrets: [String: Secret]
    var mounts: [RunnerMount] = []
    /// For containers; nil for one of its own.
    var network: String?
    var limits = RunnerLimits()
    /// How long it may take until it answers.
    var startTimeout = Duration.seconds(60)
    /// How long it stays without work.
    var idleTimeout = Duration.seconds(1800)
    /// Another one when a runner that is up would have to be started anew to be as this says. The password is no part
    /// of it: each start has a new one.
    let signature: String

    static let passwordVariable = "OPENCODE_SERVER_PASSWORD"
    /// What its private directory has in it, whatever makes it real.
    static let privateParts = ["config", "data", "state", "cache", "home"]
}

struct RunnerMount: Sendable, Equatable {
    /// A directory of this machine, or a volume.
    let source: String
    let target: String
    var isReadOnly = true
}

/// What one runner may use; nil for no bound.
struct RunnerLimits: Sendable, Equatable {
    var memory: Int? = 2 << 30
    var cpus: Double? = 2
    var processes: Int? = 512
    /// Outside of its workspace.
    var disk: Int?
}
