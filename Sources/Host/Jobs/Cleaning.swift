import Runtime

/// All gc jobs one after the other, because somebody asked: their plans only, or with all that follows from them. One round
/// at a time.
@Loop
final class Cleaning {
    struct Step: Sendable {
        let job: String
        var run: Int64?
        var outcome: JobOutcome?
        var message = ""
        var plan: PlanRecord?
    }

    struct Round: Sendable {
        let id: Int64
        let plansOnly: Bool
        let startedAt: Int64
        var endedAt: Int64?
        var steps: [Step]

        var removed: Int { steps.reduce(0) { $0 + ($1.plan?.removed ?? 0) } }
        var freed: Int64 { steps.reduce(0) { $0 + ($1.plan?.freed ?? 0) } }
    }

    private let jobs: Jobs
    private let scope: Scope
    private var waiting: [Waiter<Void>] = []
    /// The one under way, or the last one.
    private(set) var round: Round?

    init(_ jobs: Jobs, scope: Scope) {
        self.jobs = jobs
        self.scope = scope
    }

    var isUnderWay: Bool { round.map { $0.endedAt == nil } ?? false }

    /// Begins one; nil for `names` means every gc job that is not turned off or paused.
    func begin(_ names: [String]?, plansOnly: Bool) throws -> Round {
        guard !isUnderWay else {
            throw Fault(.conflict, "a clean-up is under way already", hint: "GET /mgmt/gc shows how far it is")
        }
        let all = jobs.list().filter { $0.kind == .gc }
        for name in names ?? [] where !all.contains(where: { $0.name == name }) {
            let near = NearestName.of(name, among: all.map(\.name))
            throw Fault(
                .notFound, "there is no gc job \"\(name.prefix(80))\"",
                hint: near.map { "did you mean \"\($0)\"?" } ?? "known are \(all.map(\.name).joined(separator: ", "))")
        }
        let chosen = all.filter { job in names?.contains(job.name) ?? (job.isEnabled && !job.isPaused) }
        let now = jobs.clock.milliseconds
        let round = Round(
            id: max(now, (self.round?.id ?? 0) + 1), plansOnly: plansOnly, startedAt: now,
            steps: chosen.map { Step(job: $0.name) })
        self.round = round
        scope.spawn("clean-up") { [weak self] in await self?.carryOut() }
        return round
    }

    /// The round as it is at its end, or when the patience is over.
    func wait(atMost patience: Duration) async throws -> Round? {
        guard isUnderWay else { return round }
        let waiter = Waiter<Void>("the end of the clean-up")
        waiting.append(waiter)
        do {
            try await Deadline.within(patience) { try await waiter.value() }
        } catch let fault as Fault where fault.kind == .timeout {
            // It goes on, and can be followed.
        }
        return round
    }

    private func carryOut() async {
        for index in round?.steps.indices ?? 0..<0 where !Task.isCancelled {
            let step = await outcome(of: round!.steps[index], plansOnly: round!.plansOnly)
            round?.steps[index] = step
        }
        round?.endedAt = jobs.clock.milliseconds
        for waiter in waiting { waiter.finish(.success(())) }
        waiting = []
    }

    private func outcome(of step: Step, plansOnly: Bool) async -> Step {
        var step = step
        do {
            let run = try await jobs.run(step.job, plansOnly: plansOnly)
            step.run = run
            await jobs.waitForEnd(of: step.job, run)
            let record = try await jobs.history(step.job, limit: Jobs.kept).first { $0.id == run }
            step.outcome = record?.outcome
            step.message = record?.message ?? ""
            if let plan = record?.plan { step.plan = try await jobs.plans.get(plan) }
        } catch {
            step.outcome = .failed
            step.message = Fault(error).description
        }
        return step
    }
}
