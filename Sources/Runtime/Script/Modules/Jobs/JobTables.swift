import LuaBridge

/// Jobs, their runs and plans as Lua tables. Times are seconds since the epoch.
enum JobTables {
    static let job = Record(
        "host.Job", "A scheduled script.",
        [
            .required("name", .text(), "what it is called"),
            .required("kind", .choice(["gc", "job"]), "whether it makes plans"),
            .required("script", .text(), "the file that declares it"),
            .required("description", .text(), "what it is for, in its own words"),
            .required("schedule", .text(), "a cron line, or a period such as \"every 15m\""),
            .required("tz", .text(), "the time zone of the schedule"),
            .required("enabled", .boolean, "false when its script switches it off"),
            .required("paused", .boolean, "whether somebody has paused it"),
            .required("running", .boolean, "whether a run is under way"),
            .required("generation", .integer(), "the generation of scripts that the next run uses"),
            .required("next", .list(.integer()), "the next five due times"),
            .optional("last", .record(run), "the last run that has ended"),
        ])

    static let run = Record(
        "host.JobRun", "One run of a job; an item for gc plans.",
        [
            .required("kind", .text(), "\"job_run\""),
            .required("id", .integer(), "its number"),
            .required("label", .text(), "the job and when it ran"),
            .required("job", .text(), "the job's name"),
            .required("reason", .text(), "why it ran, such as \"due\" or \"asked\""),
            .required("generation", .integer(), "the generation of scripts that it used"),
            .required("started", .integer(), "when it began"),
            .optional("ended", .integer(), "when it ended"),
            .optional("outcome", .text(), "how it ended; nil while it runs"),
            .required("message", .text(), "what it said, or what was wrong"),
            .optional("took", .number(), "how many seconds it took"),
            .optional("plan", .integer(), "the plan that it made"),
        ])

    static let plan = Record(
        "host.Plan", "What a gc job would remove, or has removed; an item for gc plans itself.",
        [
            .required("kind", .text(), "\"plan\""),
            .required("id", .integer(), "its number"),
            .required("label", .text(), "the job and when it was made"),
            .required("job", .text(), "the gc job that made it"),
            .required("generation", .integer(), "the generation of scripts that made it"),
            .required("made", .integer(), "when it was made"),
            .required("state", .text(), "\"open\", \"applying\", \"applied\" or \"expired\""),
            .required("removes", .integer(), "how many items it would remove"),
            .required("keeps", .integer(), "how many items it would keep"),
            .required("removed", .integer(), "how many it has removed"),
            .required("freed", .integer(), "bytes freed by it"),
        ])

    static func table(_ job: JobState) -> LuaValue {
        var fields: [LuaKey: LuaValue] = [
            "name": .string(job.name), "kind": .string(job.kind.rawValue), "script": .string(job.script),
            "description": .string(job.description), "schedule": .string(job.schedule), "tz": .string(job.zone),
            "enabled": .bool(job.isEnabled), "paused": .bool(job.isPaused), "running": .bool(job.running != nil),
            "generation": .integer(Int64(job.generation)), "next": .array(job.next.map { .integer($0) }),
        ]
        fields["last"] = job.last.map(table)
        return .table(fields)
    }

    static func table(_ run: JobRecord) -> LuaValue {
        var fields: [LuaKey: LuaValue] = [
            "kind": "job_run", "id": .integer(run.id), "label": .string(label(run.job, run.startedAt)),
            "job": .string(run.job), "reason": .string(run.reason.rawValue),
            "generation": .integer(Int64(run.generation)), "started": .integer(run.startedAt / 1000),
            "message": .string(run.message),
        ]
        fields["ended"] = run.endedAt.map { .integer($0 / 1000) }
        fields["outcome"] = run.outcome.map { .string($0.rawValue) }
        fields["took"] = run.tookMilliseconds.map { .number(Double($0) / 1000) }
        fields["plan"] = run.plan.map { .integer($0) }
        return .table(fields)
    }

    static func table(_ plan: PlanRecord) -> LuaValue {
        .table([
            "kind": "plan", "id": .integer(plan.id), "label": .string(label(plan.job, plan.madeAt)),
            "job": .string(plan.job), "generation": .integer(Int64(plan.generation)),
            "made": .integer(plan.madeAt / 1000), "state": .string(plan.state.rawValue),
            "removes": .integer(Int64(plan.removes)), "keeps": .integer(Int64(plan.keeps)),
            "removed": .integer(Int64(plan.removed)), "freed": .integer(plan.freed),
        ])
    }

    private static func label(_ job: String, _ milliseconds: Int64) -> String {
        "\(job) of \(CivilTime(secondsSinceEpoch: milliseconds / 1000)) UTC"
    }
}
