import LuaBridge

/// Why a job runs just now, as its script is told.
public struct JobOccasion: Sendable {
    public let reason: JobTimeline.Reason
    /// When it was due, in seconds since the epoch.
    public let due: Int64?
    /// 1, or more after failures.
    public let attempt: Int

    public init(reason: JobTimeline.Reason, due: Int64?, attempt: Int) {
        self.reason = reason
        self.due = due
        self.attempt = attempt
    }
}

extension Generation {
    /// Has a gc job say what could go.
    public func plan(_ job: ScriptJob, into list: PlanList) async throws {
        let results = try await call(job.body, of: job.script, as: .job, name: "plan", within: job.timeout) {
            $0.put(list.add)
        }
        // `return nil, err` is how scripts hand on a listing that did not work; half a plan is none.
        let answer = JobAnswer(results)
        if answer.isFailure { throw Fault(.script, "\(job.script): \(answer.message)") }
    }

    public func run(_ job: ScriptJob, _ occasion: JobOccasion) async throws -> JobAnswer {
        var facts: [LuaKey: LuaValue] = [
            "job": .string(job.name), "reason": .string(occasion.reason.rawValue),
            "attempt": .integer(Int64(occasion.attempt)),
        ]
        facts["due"] = occasion.due.map { .integer($0) }
        return JobAnswer(
            try await call(job.body, of: job.script, as: .job, name: "run", within: job.timeout) {
                $0.put(.table(facts))
            })
    }
}
