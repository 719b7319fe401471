import LuaBridge

extension HostModule {
    /// `host.jobs`.
    public static func jobs(_ jobs: any WorldJobs) -> HostModule {
        HostModule(
            "jobs", "The scheduled work of this Perigee: what is due, what ran, and how it ended.",
            [
                list(jobs), get(jobs), run(jobs), history(jobs), pausing(jobs), resuming(jobs), plans(jobs),
            ])
    }

    private static func list(_ jobs: any WorldJobs) -> HostFunction {
        HostFunction(
            "list", "Lists all jobs by name.",
            results: [.required("jobs", .list(.record(JobTables.job)), "every job of the live scripts")],
            example: "for _, job in ipairs(jobs.list()) do log.info(job.name) end"
        ) { _ in .array(jobs.list().map(JobTables.table)) }
    }

    private static func get(_ jobs: any WorldJobs) -> HostFunction {
        HostFunction(
            "get", "Returns one job.", [name], results: [.required("job", .record(JobTables.job), "the job")],
            canFail: true, example: #"local job, err = jobs.get("trash")"#
        ) { call in JobTables.table(try jobs.get(call.text("name"))) }
    }

    private static func run(_ jobs: any WorldJobs) -> HostFunction {
        HostFunction(
            waiting: "run", "Starts a run at once, without waiting for its end. One that runs already is a conflict.",
            [
                name,
                .optional(
                    "options",
                    .record(
                        Record(
                            "host.JobRunOptions", "How to run a job.",
                            [.optional("plan", .boolean, "only make the plan of a gc job, and remove nothing")])),
                    "how to run it"),
            ], results: [.required("run", .integer(), "the id of the run, as in its history")],
            example: #"local run, err = jobs.run("trash", { plan = true })"#
        ) { call in
            .integer(
                try await jobs.run(call.text("name"), plansOnly: call.options("options").bool("plan") ?? false))
        }
    }

    private static func history(_ jobs: any WorldJobs) -> HostFunction {
        HostFunction(
            waiting: "history", "Lists the runs of a job, or of all jobs, the newest first.",
            [
                .optional("name", .text(max: 200), "the job; all jobs, also those that are no more, when left out"),
                .optional("limit", .integer(1...10_000), "how many at most; 50 when left out"),
            ], results: [.required("runs", .list(.record(JobTables.run)), "the runs")],
            example: #"local runs = assert(jobs.history("trash"))"#
        ) { call in
            let limit = call["limit"].integer ?? 50
            return .array(try await jobs.history(call["name"].string, limit: Int(limit)).map(JobTables.table))
        }
    }

    private static func pausing(_ jobs: any WorldJobs) -> HostFunction {
        HostFunction(
            waiting: "pause", "Lets a job not fall due until it is resumed, also after a restart.", [name],
            results: [.required("done", .boolean, "true")], example: #"assert(jobs.pause("trash"))"#
        ) { call in
            try await jobs.pause(call.text("name"))
            return true
        }
    }

    private static func resuming(_ jobs: any WorldJobs) -> HostFunction {
        HostFunction(
            waiting: "resume", "Lets a paused job fall due again. What it missed is not made up for.", [name],
            results: [.required("done", .boolean, "true")], example: #"assert(jobs.resume("trash"))"#
        ) { call in
            try await jobs.resume(call.text("name"))
            return true
        }
    }

    private static func plans(_ jobs: any WorldJobs) -> HostFunction {
        HostFunction(
            waiting: "plans", "Lists the stored plans of gc jobs, the newest first.",
            [
                .optional("job", .text(max: 200), "the gc job; all of them when left out"),
                .optional("limit", .integer(1...10_000), "how many at most; 50 when left out"),
            ], results: [.required("plans", .list(.record(JobTables.plan)), "the plans")],
            example: "local plans = assert(jobs.plans())"
        ) { call in
            let limit = call["limit"].integer ?? 50
            return .array(try await jobs.plans(of: call["job"].string, limit: Int(limit)).map(JobTables.table))
        }
    }

    private static let name = Field.required("name", .text(max: 200), "the job's name")
}
