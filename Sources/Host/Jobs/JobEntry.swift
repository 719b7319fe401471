import Runtime

/// One job in the service: its declaration, where it stands in time, and the run that is under way.
@Loop
final class JobEntry {
    var definition: JobDefinition
    var generation: Int
    var timeline: JobTimeline
    var running: ActiveJob?
    var last: JobRecord?
    /// The scripts no longer have it; it goes when its run has ended.
    var isGone = false
    /// The due time that the store knows.
    var storedDue: Int64?
    /// One line about due times that went by is enough until something runs again.
    var hasToldSkip = false
    /// The due time that was dealt with last.
    var occasion: Int64?

    init(_ definition: JobDefinition, generation: Int, timeline: JobTimeline) {
        self.definition = definition
        self.generation = generation
        self.timeline = timeline
    }

    var name: String { definition.name }
    var isDead: Bool { isGone || !definition.isEnabled }

    var state: JobState {
        let rules = definition.rules
        return JobState(
            name: name, kind: definition.kind, script: definition.script, description: definition.description,
            schedule: definition.schedule, zone: rules.zone.name, overlap: rules.overlap, catchUp: rules.catchUp,
            isEnabled: definition.isEnabled, isPaused: timeline.isPaused, generation: generation,
            next: definition.isEnabled ? timeline.upcoming(5, rules) : [], running: running?.record, last: last)
    }
}

/// A run from its start to its entry in the books. It keeps the code that it began with.
@Loop
final class ActiveJob {
    let definition: JobDefinition
    let generation: Int
    let reason: JobTimeline.Reason
    let plansOnly: Bool
    let startedAt: Int64
    let due: Int64?
    let attempt: Int
    let began = Instant.clock
    var task: Task<Void, Never>?
    var isReplaced = false
    /// Goes into the books together with the start, so that no kill can part them.
    var settlement: JobSettlement?
    var id: Int64?
    /// Finishes when the run is in the store, with its id.
    let opened = Waiter<Int64>("the start of a job")

    init(_ entry: JobEntry, _ reason: JobTimeline.Reason, plansOnly: Bool, startedAt: Int64) {
        definition = entry.definition
        generation = entry.generation
        self.reason = reason
        due = reason == .asked ? nil : entry.occasion
        attempt = entry.timeline.attempt
        self.plansOnly = plansOnly
        self.startedAt = startedAt
    }

    var record: JobRecord {
        JobRecord(
            id: id ?? 0, job: definition.name, reason: reason, generation: generation, startedAt: startedAt)
    }
}

/// How far the schedule of a job has been dealt with.
struct JobSettlement: Sendable {
    let job: String
    let pace: String
    let settled: Int64

    func write(_ transaction: Store.Transaction) throws {
        try transaction.run(JobsQueries.settle, job, pace, settled)
    }
}
