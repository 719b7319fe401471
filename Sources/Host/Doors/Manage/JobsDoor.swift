import Runtime

/// Scheduled work: what is due, what ran, run now, pause.
@Loop
struct JobsDoor: Door {
    let name = "jobs"
    private let gate: Gate
    private let jobs: () throws -> Jobs

    /// `jobs` is asked at each request, because the service starts after the doors are made.
    init(_ gate: Gate, _ jobs: @escaping () -> Jobs?) {
        self.gate = gate
        self.jobs = { try served(jobs(), "jobs") }
    }

    var endpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/mgmt/jobs", summary: "All jobs, with the next five times of each.",
                answers: [200: "the jobs by name", 403: "not for you"], schema: .ref("Jobs"), action: .plain(list)),
            Endpoint(
                method: .get, path: "/mgmt/jobs/{name}", summary: "One job with the history of its runs.",
                answers: [200: "the job", 404: "there is none of that name"], schema: .ref("Job"), action: .task(get)),
            Endpoint(
                method: .post, path: "/mgmt/jobs/{name}/run",
                summary: "Starts a run at once; with ?plan=1 a gc job only makes its plan.",
                answers: [202: "the run has begun", 404: "there is no such job", 409: "it is running already"],
                parameters: [.query("plan", .flag, "Only make the plan.")], schema: .ref("JobBegun"),
                action: .task(run)),
            Endpoint(
                method: .post, path: "/mgmt/jobs/{name}/pause", summary: "Lets it not fall due until it is resumed.",
                answers: [200: "the job", 404: "there is no such job", 409: "it is only just being set up"],
                schema: .ref("Job"), action: .task(pause)),
            Endpoint(
                method: .post, path: "/mgmt/jobs/{name}/resume", summary: "Lets a paused job fall due again.",
                answers: [200: "the job", 404: "there is no such job", 409: "it is only just being set up"],
                schema: .ref("Job"), action: .task(resume)),
        ]
    }

    private func list(_ request: Request) throws -> Response {
        try gate.require(.manage, request)
        let states = try jobs().list()
        var answer = JSONWriter()
        answer.object { root in
            root.array("jobs") { list in for state in states { list.object { $0.put(state) } } }
            root.putNext(nil)
        }
        return .json(answer.finish())
    }

    private func get(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        let jobs = try jobs()
        let state = try jobs.get(name(request))
        let history = try await jobs.history(state.name, limit: Jobs.kept)
        var answer = JSONWriter()
        answer.object { job in
            job.put(state)
            job.array("history") { list in for run in history { list.object { $0.put(run) } } }
        }
        return .json(answer.finish())
    }

    private func run(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        let plansOnly = try request.query.flag("plan")
        let job = name(request)
        let run = try await jobs().run(job, plansOnly: plansOnly)
        var answer = JSONWriter()
        answer.object {
            $0.member("job", job)
            $0.member("run", Int(run))
        }
        return .json(answer.finish(), status: 202)
    }

    private func pause(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        let jobs = try jobs()
        try await jobs.pause(name(request))
        return try answer(jobs.get(name(request)))
    }

    private func resume(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        let jobs = try jobs()
        try await jobs.resume(name(request))
        return try answer(jobs.get(name(request)))
    }

    private func name(_ request: Request) -> String { request.parameters["name"] ?? "" }

    private func answer(_ state: JobState) throws -> Response {
        var answer = JSONWriter()
        answer.object { $0.put(state) }
        return .json(answer.finish())
    }
}

extension JSONWriter {
    fileprivate mutating func put(_ job: JobState) {
        member("name", job.name)
        member("kind", job.kind.rawValue)
        member("script", job.script)
        member("description", job.description)
        member("schedule", job.schedule)
        member("tz", job.zone)
        member("overlap", job.overlap.rawValue)
        member("catch_up", job.catchUp.rawValue)
        member("enabled", job.isEnabled)
        member("paused", job.isPaused)
        member("generation", job.generation)
        array("next") { list in for moment in job.next { list.value(JobTime.text(seconds: moment)) } }
        put("running", job.running)
        put("last", job.last)
    }

    private mutating func put(_ name: StaticString, _ run: JobRecord?) {
        guard let run else { return member(null: name) }
        object(name) { $0.put(run) }
    }

    fileprivate mutating func put(_ run: JobRecord) {
        member("id", Int(run.id))
        member("job", run.job)
        member("reason", run.reason.rawValue)
        member("generation", run.generation)
        member("started_at", JobTime.text(run.startedAt))
        if let end = run.endedAt { member("ended_at", JobTime.text(end)) }
        member("outcome", run.outcome?.rawValue ?? "running")
        member("message", run.message)
        if let took = run.tookMilliseconds { member("took_ms", Int(took)) }
        if let plan = run.plan { member("plan", Int(plan)) }
    }
}
