import LuaBridge

/// The scheduled work of a spec: what it says that there is, ran and was planned. Nothing runs.
@Loop
final class FakeJobs: WorldJobs {
    private unowned let clock: any WorldClock
    private var jobs: [String: JobState] = [:]
    private var runs: [JobRecord] = []
    private var made: [PlanRecord] = []
    private var lastID: Int64 = 0

    init(clock: any WorldClock) { self.clock = clock }

    func begin() {
        jobs = [:]
        runs = []
        made = []
        lastID = 0
    }

    func list() -> [JobState] { jobs.keys.sorted().compactMap { jobs[$0] }.map(whole) }

    func get(_ name: String) throws -> JobState {
        guard let job = jobs[name] else {
            let near = NearestName.of(name, among: jobs.keys.sorted()).map { "did you mean \"\($0)\"?" }
            throw Fault(.notFound, "there is no job \"\(name)\"", hint: near)
        }
        return whole(job)
    }

    func run(_ name: String, plansOnly: Bool) async throws -> Int64 {
        if try get(name).running != nil { throw Fault(.conflict, "the job \"\(name)\" is running already") }
        lastID += 1
        runs.append(
            JobRecord(id: lastID, job: name, reason: .asked, generation: 1, startedAt: Int64(clock.now * 1000)))
        return lastID
    }

    func history(_ name: String?, limit: Int) async throws -> [JobRecord] {
        Array(runs.filter { name == nil || $0.job == name }.sorted { $0.startedAt > $1.startedAt }.prefix(limit))
    }

    func pause(_ name: String) async throws {
        _ = try get(name)
        jobs[name]?.isPaused = true
    }

    func resume(_ name: String) async throws {
        _ = try get(name)
        jobs[name]?.isPaused = false
    }

    func plans(of job: String?, limit: Int) async throws -> [PlanRecord] {
        Array(made.filter { job == nil || $0.job == job }.sorted { $0.madeAt > $1.madeAt }.prefix(limit))
    }

    /// With what became of its runs.
    private func whole(_ job: JobState) -> JobState {
        var job = job
        let own = runs.filter { $0.job == job.name }
        job.running = own.last { $0.endedAt == nil }
        job.last = own.filter { $0.endedAt != nil }.max { $0.startedAt < $1.startedAt }
        return job
    }
}

// What specs say about jobs.
extension FakeJobs {
    private static let job = Record(
        "fake.Job", "A scheduled script.",
        [
            .required("name", .text(), "Its name."),
            .optional("kind", .choice(["gc", "job"]), "`job`, if left out."),
            .optional("enabled", .boolean, "Whether it runs by itself. It does, if left out."),
            .optional("paused", .boolean, "Whether somebody has paused it."),
        ])

    private static let run = Record(
        "fake.JobRun", "A run of a job.",
        [
            .required("job", .text(), "The job's name."),
            .optional(
                "outcome", .choice(JobOutcome.allCases.map(\.rawValue)), "How it ended; it still runs, if left out."),
            .optional("ago", .duration, "How long ago it began, and ended; just now, if left out."),
            .optional("message", .text(), "What it said, or what was wrong."),
        ])

    private static let plan = Record(
        "fake.Plan", "A plan of a gc job.",
        [
            .required("job", .text(), "The job's name."),
            .required("state", .choice(["open", "applying", "applied", "expired"]), "What became of it."),
            .optional("ago", .duration, "How long ago it was made; just now, if left out."),
        ])

    /// `fake.jobs`.
    var words: HostModule {
        HostModule(
            "jobs", "The scheduled work that `host.jobs` tells of.",
            [
                HostFunction(
                    "set", "Sets the jobs that there are.",
                    [.required("jobs", .list(.record(FakeJobs.job)), "All of them.")],
                    example: "fake.jobs.set { { name = \"trash\", kind = \"gc\" } }"
                ) { [unowned self] call in
                    jobs = [:]
                    for job in call["jobs"].elements.map(HostOptions.init) { put(job) }
                    return .nil
                },
                HostFunction(
                    "ran", "Adds runs to the history.",
                    [.required("runs", .list(.record(FakeJobs.run)), "The runs.")],
                    example: "fake.jobs.ran { { job = \"trash\", outcome = \"failed\", ago = \"2h\" } }"
                ) { [unowned self] call in
                    for run in call["runs"].elements.map(HostOptions.init) { add(run: run) }
                    return .nil
                },
                HostFunction(
                    "planned", "Adds plans.", [.required("plans", .list(.record(FakeJobs.plan)), "The plans.")],
                    example: "fake.jobs.planned { { job = \"trash\", state = \"applied\", ago = \"100d\" } }"
                ) { [unowned self] call in
                    for plan in call["plans"].elements.map(HostOptions.init) { add(plan: plan) }
                    return .nil
                },
            ])
    }

    private func put(_ job: HostOptions) {
        let name = job.text("name")!
        jobs[name] = JobState(
            name: name, kind: job.text("kind").flatMap(ScriptJob.Kind.init) ?? .job, script: "jobs/\(name).lua",
            schedule: "every 1h", isEnabled: job.bool("enabled") ?? true, isPaused: job.bool("paused") ?? false)
    }

    private func add(run: HostOptions) {
        lastID += 1
        let began = moment(of: run)
        let outcome = run.text("outcome").flatMap(JobOutcome.init)
        runs.append(
            JobRecord(
                id: lastID, job: run.text("job")!, reason: .due, generation: 1, startedAt: began,
                endedAt: outcome == nil ? nil : began, outcome: outcome, message: run.text("message") ?? ""))
    }

    private func add(plan: HostOptions) {
        lastID += 1
        made.append(
            PlanRecord(
                id: lastID, job: plan.text("job")!, generation: 1, madeAt: moment(of: plan),
                state: plan.text("state").flatMap(PlanRecord.State.init) ?? .applied))
    }

    private func moment(of event: HostOptions) -> Int64 {
        Int64((clock.now - (event.duration("ago") ?? .zero) / .seconds(1)) * 1000)
    }
}
