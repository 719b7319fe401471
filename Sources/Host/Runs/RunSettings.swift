import Runtime

/// Bounds of the service; what an owner decides case by case is a hook's.
struct RunSettings: Sendable {
    /// Runs of one user that may wait for their lanes; more are refused.
    var queuedPerUser = 100
    /// How many runs with bounds are carried out at once; and how many of one share may wait, and how much of all.
    var places = 5
    var queuedPerShare = 10_000
    var queuedBytes = 256 << 20
    /// Attempts at one run, so that a hook cannot go round for ever.
    var attempts = 20
    /// How long an engine may take to stop what was cancelled; then the run ends without it.
    var stopGrace = Duration.seconds(10)
    /// How long an engine may take to say what is left of a run.
    var remainsLimit = Duration.seconds(10)
    /// How long a question waits for a person, the agent's and what becomes of a run, where nothing else is said.
    var questionWait = Duration.seconds(24 * 3600)

    init() {}
}
