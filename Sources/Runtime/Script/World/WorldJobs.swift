/// The scheduled work of the product, as scripts, doors and commands see it.
@Loop
public protocol WorldJobs: AnyObject {
    func list() -> [JobState]
    func get(_ name: String) throws -> JobState
    /// Starts a run at once and returns its id; one that runs already is a conflict.
    func run(_ name: String, plansOnly: Bool) async throws -> Int64
    /// The newest first; nil for those of all jobs, also of jobs that are no more.
    func history(_ name: String?, limit: Int) async throws -> [JobRecord]
    func pause(_ name: String) async throws
    func resume(_ name: String) async throws
    /// The newest first; nil for those of all jobs.
    func plans(of job: String?, limit: Int) async throws -> [PlanRecord]
}

/// One job as it stands now.
public struct JobState: Sendable, Equatable {
    public var name: String
    public var kind: ScriptJob.Kind
    /// The file that declares it, such as `gc/trash.lua`.
    public var script: String
    public var description: String
    public var schedule: String
    public var zone: String
    public var overlap: JobTimeline.Overlap
    public var catchUp: JobTimeline.CatchUp
    public var isEnabled: Bool
    public var isPaused: Bool
    /// The generation that the next run will use.
    public var generation: Int
    /// The next five due times, in seconds since the epoch.
    public var next: [Int64]
    /// The run that is under way.
    public var running: JobRecord?
    /// The last run that has ended.
    public var last: JobRecord?

    public init(
        name: String, kind: ScriptJob.Kind, script: String, description: String = "", schedule: String,
        zone: String = "UTC",
        overlap: JobTimeline.Overlap = .skip, catchUp: JobTimeline.CatchUp = .none, isEnabled: Bool = true,
        isPaused: Bool = false, generation: Int = 1, next: [Int64] = [], running: JobRecord? = nil,
        last: JobRecord? = nil
    ) {
        self.name = name
        self.kind = kind
        self.script = script
        self.description = description
        self.schedule = schedule
        self.zone = zone
        self.overlap = overlap
        self.catchUp = catchUp
        self.isEnabled = isEnabled
        self.isPaused = isPaused
        self.generation = generation
        self.next = next
        self.running = running
        self.last = last
    }
}

/// How a run of a job ended.
public enum JobOutcome: String, Sendable, CaseIterable, Storable {
    case succeeded, failed
    case timedOut = "timed_out"
    /// A newer run took its place.
    case replaced
    /// Perigee ended in the middle of it.
    case interrupted
    /// It was due and did not run; the message says why.
    case skipped
}

extension JobTimeline.Reason: Storable {}

/// One run of a job. Times are milliseconds since the epoch.
public struct JobRecord: Sendable, Equatable {
    public var id: Int64
    public var job: String
    public var reason: JobTimeline.Reason
    public var generation: Int
    public var startedAt: Int64
    public var endedAt: Int64?
    /// Nil while it runs.
    public var outcome: JobOutcome?
    public var message: String
    public var tookMilliseconds: Int64?
    public var plan: Int64?

    public init(
        id: Int64, job: String, reason: JobTimeline.Reason, generation: Int, startedAt: Int64, endedAt: Int64? = nil,
        outcome: JobOutcome? = nil, message: String = "", tookMilliseconds: Int64? = nil, plan: Int64? = nil
    ) {
        self.id = id
        self.job = job
        self.reason = reason
        self.generation = generation
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.outcome = outcome
        self.message = message
        self.tookMilliseconds = tookMilliseconds
        self.plan = plan
    }
}

/// What a gc job would remove, or has removed, in figures. Times are milliseconds since the epoch.
public struct PlanRecord: Sendable, Equatable {
    public enum State: String, Sendable, CaseIterable, Storable {
        /// Its items are being written; nobody else sees it.
        case building
        case open, applying, applied, expired
    }

    public var id: Int64
    public var job: String
    public var generation: Int
    public var madeAt: Int64
    public var state: State
    public var appliedAt: Int64?
    /// How many items it would remove, and how many it would keep.
    public var removes: Int
    public var keeps: Int
    /// What the items to remove are said to hold.
    public var bytes: Int64
    public var removed: Int
    public var skipped: Int
    public var failed: Int
    public var freed: Int64

    public init(
        id: Int64, job: String, generation: Int, madeAt: Int64, state: State, appliedAt: Int64? = nil,
        removes: Int = 0, keeps: Int = 0, bytes: Int64 = 0, removed: Int = 0, skipped: Int = 0, failed: Int = 0,
        freed: Int64 = 0
    ) {
        self.id = id
        self.job = job
        self.generation = generation
        self.madeAt = madeAt
        self.state = state
        self.appliedAt = appliedAt
        self.removes = removes
        self.keeps = keeps
        self.bytes = bytes
        self.removed = removed
        self.skipped = skipped
        self.failed = failed
        self.freed = freed
    }
}
