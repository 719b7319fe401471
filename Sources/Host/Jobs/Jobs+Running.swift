import Runtime

extension Jobs {
    /// One run from its first entry in the books to its last. Whoever kills the process in between leaves an entry
    /// without an end, which the next start sees.
    func carryOut(_ run: ActiveJob, _ entry: JobEntry) async {
        do {
            let id = try await opened(run)
            run.id = id
            run.opened.finish(.success(id))
            onRun?(run.record)
        } catch {
            run.opened.finish(.failure(error))
            log.error("job not started", error, ["job": LogValue(run.definition.name)])
            return ended(run, entry, nil)
        }
        log.debug("job started", ["job": LogValue(run.definition.name), "reason": LogValue(run.reason.rawValue)])
        let (outcome, result) = await outcome(of: run)
        var record = run.record
        record.endedAt = clock.milliseconds
        record.tookMilliseconds = (Instant.clock - run.began).milliseconds
        record.outcome = outcome
        record.message = String(result.message.prefix(2000))
        record.plan = result.plan
        await close(record)
        tell(record, result.failure)
        ended(run, entry, record)
    }

    private func opened(_ run: ActiveJob) async throws -> Int64 {
        let record = run.record
        let settlement = run.settlement
        return try await ledger.store.write { transaction in
            try settlement?.write(transaction)
            return try transaction.one(
                JobsQueries.open, record.job, record.reason, record.generation, record.startedAt)
        }
    }

    private func outcome(of run: ActiveJob) async -> (JobOutcome, JobResult) {
        let timeout = run.definition.timeout
        let end = Instant.clock + timeout
        let timer = Timer { run.task?.cancel() }
        timer.schedule(at: end)
        defer { timer.cancel() }
        let told = JobRun(
            id: run.id ?? 0, job: run.definition.name, reason: run.reason, generation: run.generation,
            due: run.due, attempt: run.attempt, plansOnly: run.plansOnly)
        do {
            let result = try await Deadline.by(end) { try await run.definition.run(told) }
            guard let failure = result.failure else { return (.succeeded, result) }
            var failed = result
            failed.message = failure.description
            return (.failed, failed)
        } catch {
            if run.isReplaced { return (.replaced, JobResult(message: "a newer run took its place")) }
            if isEnding { return (.interrupted, JobResult(message: "Perigee was stopped in the middle of it")) }
            let fault = Fault(error)
            if Instant.clock >= end {
                let text = "it took longer than \(Units.describe(timeout)), its timeout"
                return (.timedOut, JobResult(message: text, failure: Fault(.timeout, text)))
            }
            return (.failed, JobResult(message: fault.description, failure: fault))
        }
    }

    private func close(_ record: JobRecord) async {
        do {
            try await ledger.write { transaction in
                try transaction.run(
                    JobsQueries.close, record.outcome, record.message, record.endedAt, record.tookMilliseconds,
                    record.plan, record.id)
                try transaction.run(JobsQueries.trim, record.job, record.job, Jobs.kept)
            }
        } catch {
            // The next start will find it without an end and call it interrupted.
            log.error("the end of a job was not written down", error, ["job": LogValue(record.job)])
        }
    }

    private func tell(_ record: JobRecord, _ failure: Fault?) {
        var fields: LogFields = [
            "job": LogValue(record.job), "run": LogValue(record.id), "reason": LogValue(record.reason.rawValue),
            "outcome": LogValue(record.outcome?.rawValue ?? ""), "ms": LogValue(record.tookMilliseconds ?? 0),
        ]
        if let plan = record.plan { fields["plan"] = LogValue(plan) }
        if let failure { return log.error("job failed", failure, fields) }
        if !record.message.isEmpty { fields["result"] = LogValue(record.message) }
        log.info("job ended", fields)
    }
}
