import Runtime

extension Jobs {
    /// Takes the jobs of the scripts that are live from now on.
    func adopt(_ generation: Generation) {
        adopt(generation.jobs.map { definition($0, of: generation) }, generation: generation.number)
    }

    /// A run holds its generation, so that it ends on the scripts that it began with.
    private func definition(_ job: ScriptJob, of generation: Generation) -> JobDefinition {
        JobDefinition(
            name: job.name, kind: job.kind, script: job.script, description: job.description, schedule: job.schedule,
            rules: job.rules, timeout: job.timeout, isEnabled: job.isEnabled,
            retain: { generation.retain() }, release: { generation.release() },
            run: { [unowned self] run in
                if job.kind == .gc { return try await plans.run(run) { try await generation.plan(job, into: $0) } }
                let answer = try await generation.run(
                    job, JobOccasion(reason: run.reason, due: run.due, attempt: run.attempt))
                return JobResult(
                    message: answer.message, failure: answer.isFailure ? Fault(.script, answer.message) : nil)
            })
    }
}
