import Runtime

/// Clean-up on request: all gc jobs, or some, to their end or as plans only.
@Loop
struct CleaningDoor: Door {
    let name = "gc"
    private let gate: Gate
    private let cleaning: () throws -> Cleaning

    /// Whoever asks waits so long; then it goes on by itself.
    private static let patience = Duration.seconds(20)

    init(_ gate: Gate, _ cleaning: @escaping () -> Cleaning?) {
        self.gate = gate
        self.cleaning = { try served(cleaning(), "clean-up") }
    }

    var endpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/mgmt/gc", summary: "The clean-up that is under way, or the last one.",
                answers: [200: "how far it is", 404: "there was none since the start"], schema: .ref("Cleaning"),
                action: .plain(last)),
            Endpoint(
                method: .post, path: "/mgmt/gc",
                summary:
                    "Runs gc jobs, `jobs` or all of them; with `plan` they only say what would go. Each item is looked "
                    + "at again just before it goes.",
                answers: [
                    200: "it is done", 202: "it goes on; GET /mgmt/gc follows it",
                    404: "there is no such job", 409: "one is under way already",
                ],
                body: .optional(.ref("CleaningOrder")), schema: .ref("Cleaning"), action: .task(begin)),
        ]
    }

    private func last(_ request: Request) throws -> Response {
        try gate.require(.manage, request)
        guard let round = try cleaning().round else {
            throw Fault(.notFound, "there was no clean-up since the start", hint: "POST /mgmt/gc begins one")
        }
        return answer(round, status: 200)
    }

    private func begin(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        let order = try await request.fields(["jobs", "plan"])
        let jobs = try order.words("jobs")
        let plansOnly = try order.flag("plan") ?? false
        let cleaning = try cleaning()
        let begun = try cleaning.begin(jobs, plansOnly: plansOnly)
        let round = try await cleaning.wait(atMost: CleaningDoor.patience) ?? begun
        return answer(round, status: round.endedAt == nil ? 202 : 200)
    }

    private func answer(_ round: Cleaning.Round, status: Int) -> Response {
        var answer = JSONWriter()
        answer.object { root in
            root.member("id", Int(round.id))
            root.member("pruned", round.removed)
            root.member("freed", Int(round.freed))
            root.member("plan", round.plansOnly)
            root.member("done", round.endedAt != nil)
            root.member("started_at", JobTime.text(round.startedAt))
            if let end = round.endedAt { root.member("ended_at", JobTime.text(end)) }
            root.array("jobs") { list in for step in round.steps { list.object { CleaningDoor.put(step, &$0) } } }
        }
        return .json(answer.finish(), status: status)
    }

    private static func put(_ step: Cleaning.Step, _ job: inout JSONWriter) {
        job.member("job", step.job)
        if let run = step.run { job.member("run", Int(run)) }
        if let outcome = step.outcome { job.member("outcome", outcome.rawValue) }
        job.member("message", step.message)
        guard let plan = step.plan else { return }
        job.object("plan") { $0.put(plan, isActive: false) }
    }
}
