import Runtime

/// One job as its script declares it, with the code that carries it out: all that the service needs to know of scripts.
struct JobDefinition {
    let name: String
    let kind: ScriptJob.Kind
    let script: String
    var description = ""
    /// As the owner wrote it.
    let schedule: String
    let rules: JobTimeline.Rules
    var timeout = Duration.seconds(3600)
    var isEnabled = true
    /// Called around each run, so that the code stays loaded.
    var retain: @Loop () -> Void = {}
    var release: @Loop () -> Void = {}
    let run: @Loop (JobRun) async throws -> JobResult

    /// Due times of before hold only as long as this stays the same.
    var pace: String { "\(schedule) | \(rules.zone.name) | \(rules.jitter)" }
}

/// What a job's code is told about the run that it is.
struct JobRun: Sendable {
    let id: Int64
    let job: String
    let reason: JobTimeline.Reason
    let generation: Int
    /// When it was due, in seconds since the epoch; nil for one that was asked for.
    let due: Int64?
    /// 1, or more after failures.
    let attempt: Int
    /// A gc job only makes its plan and removes nothing.
    let plansOnly: Bool
}

/// What a run says of itself at its end; what it throws is its failure.
struct JobResult: Sendable {
    var message = ""
    var plan: Int64?
    /// Why it counts as failed although it came to its end.
    var failure: Fault?
}
