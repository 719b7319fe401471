import LuaBridge

// What files in gc/ and jobs/ return.

extension Contract {
    static let recurrence = Shape.grammar(name: "a schedule such as \"30 3 * * *\" or \"every 15m\"") { text in
        complaint { _ = try Recurrence(text) }
    }

    static let zone = Shape.grammar(name: "a time zone such as \"Europe/Berlin\"") { text in
        complaint { _ = try Zone(named: text) }
    }

    static let retry = Record(
        "host.Retry", "What happens after a run that failed.",
        [
            .required("times", .integer(0...20), "How often it is tried again."),
            .optional("after", .duration, "How long the first pause is; each later one is twice as long."),
        ])

    static let occasion = Record(
        "host.Occasion", "Why a job runs just now.",
        [
            .required("job", word, "The job's name."),
            .required(
                "reason", .choice(["due", "caught_up", "retry", "asked", "queued"]),
                "It is due, was missed before, failed before, was asked for, or waited for the run before it."),
            .optional("due", moment, "The time that it was due."),
            .required("attempt", .integer(1 ... .max), "1, or more after failures."),
        ])

    private static let rules: [Field] = [
        .required("name", name, "Its name in the history, in logs and on the command line."),
        .optional("description", .text(max: 500), "What it is for, in a line."),
        .required("schedule", recurrence, "When it runs: a cron line, or `every 15m`."),
        .optional("tz", zone, "The time zone of the schedule. UTC, if left out."),
        .optional("jitter", .duration, "Up to how much later it runs, the same for a job every time."),
        .optional(
            "overlap", .choice(JobTimeline.Overlap.allCases.map(\.rawValue)),
            "What happens when it is due and the run before it has not ended. `skip`, if left out."),
        .optional(
            "catch_up", .choice(JobTimeline.CatchUp.allCases.map(\.rawValue)),
            "Whether what was missed while Perigee was off is run once. `none`, if left out."),
        .optional("timeout", .duration, "How long it may take."),
        .optional("retry", .record(retry), "What happens after a failure. Nothing, if left out."),
        .optional("enabled", .boolean, "Whether it runs by itself. It does, if left out."),
    ]

    /// What `plan` calls for each thing that it looked at.
    static let add = Record(
        "host.PlanAdd", "Takes down what goes and what stays.",
        [
            .required("remove", planEntry, "This could go, and why."),
            .required("keep", planEntry, "This stays, and why."),
        ])

    private static let planEntry = Shape.function(
        Signature([
            .required("item", .any, "A thing as the host lists it: it knows how to look again, and how to remove it."),
            .required("reason", .text(max: 500), "Why, for the person who reads the plan."),
        ]))

    public static let gcJob = Record(
        "host.GCFile", "Work that removes things by a plan: what a file in gc/ returns.",
        rules + [
            .required(
                "plan", .function(Signature([.required("add", .record(add), "Takes down what goes and what stays.")])),
                "Lists what could go and what stays. The host looks at each thing again and removes exactly the list.")
        ])

    public static let job = Record(
        "host.JobFile", "Work at set times: what a file in jobs/ returns.",
        rules + [
            .required(
                "run",
                .function(
                    Signature(
                        [.required("occasion", .record(occasion), "Why it runs just now.")],
                        results: [
                            .optional("outcome", .any, "What came of it: text, or a small table for the history."),
                            .optional("err", .record(error), "Why it failed."),
                        ])), "Does it.")
        ])

    private static func complaint(_ check: () throws -> Void) -> String? {
        do {
            try check()
            return nil
        } catch {
            let fault = Fault(error)
            return fault.message + (fault.hint.map { "; \($0)" } ?? "")
        }
    }
}
