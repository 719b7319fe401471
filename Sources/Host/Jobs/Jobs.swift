import Runtime

/// Runs the jobs that scripts declare when they are due, and keeps what came of it.
///
/// When is `JobTimeline`'s decision; this does what it says, writes it down first, and looks again at the next due time,
/// or after a minute, because clocks can be set.
@Loop
final class Jobs {
    /// Outcomes that are kept of each job.
    nonisolated static let kept = 50
    /// Never longer without a look at the clock.
    nonisolated static let longestWait: Int64 = 60

    let ledger: Ledger
    let plans: Plans
    let clock: any JobClock
    let log: Log
    private(set) var entries: [String: JobEntry] = [:]
    private let work: Scope
    private let outcomes: Labelled<Counter>?
    /// Told of each run that begins or ends.
    var onRun: ((JobRecord) -> Void)?
    private var known: [String: JobsQueries.Known] = [:]
    /// The newest run of each job that the store knew at the start.
    private var found: [String: JobRecord] = [:]
    private var isClosing = false

    /// Reads what the last process left. What it had not ended is over now.
    static func open(
        _ store: Store, clock: any JobClock, targets: GCTargets, log: Log, metrics: Metrics? = nil, scope: Scope
    ) async throws -> Jobs {
        let jobs = Jobs(Ledger(store, log: log, scope: scope), clock, targets, log, metrics, scope)
        let now = clock.milliseconds
        try await store.write { transaction in
            try transaction.run(JobsQueries.interrupt, now)
        }
        let (known, lasts) = try await store.read { snapshot in
            (try snapshot.all(JobsQueries.known), try snapshot.all(JobsQueries.lasts))
        }
        for job in known { jobs.known[job.name] = job }
        for run in lasts { jobs.found[run.job] = run }
        try await jobs.plans.start()
        return jobs
    }

    private init(
        _ ledger: Ledger, _ clock: any JobClock, _ targets: GCTargets, _ log: Log, _ metrics: Metrics?, _ scope: Scope
    ) {
        self.ledger = ledger
        self.clock = clock
        self.log = log
        work = scope.child("jobs")
        plans = Plans(ledger, clock, targets, log, metrics, scope: work)
        outcomes = metrics?.counters(
            "perigee_job_runs_total", "Runs of jobs that have ended.", labels: ["job", "outcome"])
        clock.onWake = { [weak self] in self?.look() }
    }

    /// Takes the jobs of a new generation. Those whose schedule is as it was stay where they are in time; those that are
    /// gone run no more; what runs now ends with the code it began with.
    func adopt(_ definitions: [JobDefinition], generation: Int) {
        guard !isClosing else { return }
        let names = Set(definitions.map(\.name))
        for entry in entries.values where !names.contains(entry.name) { leave(entry) }
        for definition in definitions {
            if let entry = entries[definition.name] {
                change(entry, to: definition, generation)
            } else {
                enter(definition, generation)
            }
        }
        look()
    }

    /// Does what is due now, and sets the clock for the next time.
    func look() {
        guard !isClosing else { return }
        let now = clock.seconds
        for entry in entries.values.sorted(by: { $0.name < $1.name }) where !entry.isDead {
            tick(entry, now)
            settle(entry)
        }
        setClock()
    }

    /// Ends what runs and writes it down; its outcome is `interrupted`.
    func close() async {
        isClosing = true
        clock.rest()
        clock.onWake = nil
        await work.close()
        await ledger.close()
        // They hold generations, whose modules hold this.
        entries = [:]
    }

    /// Runs that have not been written down yet.
    var runningCount: Int { entries.values.count { $0.running != nil } }

    func entry(_ name: String) throws -> JobEntry {
        if let entry = entries[name], !entry.isGone { return entry }
        let near = NearestName.of(name, among: entries.values.filter { !$0.isGone }.map(\.name))
        throw Fault(
            .notFound, "there is no job \"\(name)\"",
            hint: near.map { "did you mean \"\($0)\"?" } ?? "`perigee jobs` lists them")
    }

    // MARK: generations

    private func enter(_ definition: JobDefinition, _ generation: Int) {
        let now = clock.seconds
        let rules = definition.rules
        let stored = known[definition.name]
        let isSame = stored?.pace == definition.pace
        var timeline = JobTimeline(rules, last: isSame ? stored!.settled : now)
        if stored?.isPaused == true { timeline.pause() }
        let entry = JobEntry(definition, generation: generation, timeline: timeline)
        if isSame { entry.storedDue = timeline.due }
        let last = found.removeValue(forKey: definition.name)
        entry.last = last
        entries[definition.name] = entry
        guard !entry.isDead else { return settle(entry) }
        tick(entry, now)
        // One that was made up for already is not made up for again, lest a job that ends the process does so for ever.
        if entry.running == nil, last?.outcome == .interrupted, last?.reason != .caughtUp {
            perform(entry.timeline.interrupted(rules), entry)
        }
        settle(entry)
    }

    private func change(_ entry: JobEntry, to definition: JobDefinition, _ generation: Int) {
        let isSame = entry.definition.pace == definition.pace && entry.definition.isEnabled == definition.isEnabled
        entry.definition = definition
        entry.generation = generation
        entry.isGone = false
        if !isSame { entry.timeline.reschedule(at: clock.seconds, definition.rules) }
        settle(entry)
    }

    private func leave(_ entry: JobEntry) {
        entry.isGone = true
        if entry.running == nil { remove(entry) }
    }

    private func remove(_ entry: JobEntry) {
        entries[entry.name] = nil
        // Should its script come back, it goes on from here.
        known[entry.name] = JobsQueries.Known(
            name: entry.name, pace: entry.definition.pace, settled: entry.timeline.settled(entry.definition.rules),
            isPaused: entry.timeline.isPaused)
        found[entry.name] = entry.last
    }

    // MARK: actions

    private func tick(_ entry: JobEntry, _ now: Int64) {
        let due = entry.timeline.due
        let action = entry.timeline.tick(now, entry.definition.rules)
        if due <= now, entry.timeline.due != due { entry.occasion = due }
        perform(action, entry)
    }

    func perform(_ action: JobTimeline.Action, _ entry: JobEntry) {
        switch action {
        case .start(let reason): begin(entry, reason)
        case .cancelRunning:
            entry.running?.isReplaced = true
            entry.running?.task?.cancel()
        case .skip(let why): skip(entry, why)
        case .nothing: break
        }
    }

    @discardableResult
    func begin(_ entry: JobEntry, _ reason: JobTimeline.Reason, plansOnly: Bool = false) -> ActiveJob {
        let run = ActiveJob(entry, reason, plansOnly: plansOnly, startedAt: clock.milliseconds)
        run.settlement = settlement(entry)
        entry.running = run
        entry.hasToldSkip = false
        run.definition.retain()
        run.task = work.spawn("job \(entry.name)") { [self] in await carryOut(run, entry) }
        return run
    }

    /// The run is in the books: what comes next?
    func ended(_ run: ActiveJob, _ entry: JobEntry, _ record: JobRecord?) {
        entry.running = nil
        run.definition.release()
        if let record {
            entry.last = record
            onRun?(record)
            outcomes?.with(record.job, record.outcome?.rawValue ?? "").add()
        }
        guard !isClosing else { return }
        if entry.isGone { return remove(entry) }
        let hasFailed = record == nil || record?.outcome == .failed || record?.outcome == .timedOut
        let next = entry.timeline.ended(failed: hasFailed, at: clock.seconds, entry.definition.rules)
        if entry.isDead { return }
        perform(next, entry)
        setClock()
    }

    var isEnding: Bool { isClosing }

    private func skip(_ entry: JobEntry, _ why: String) {
        log.info("job skipped", ["job": LogValue(entry.name), "reason": LogValue(why)])
        guard !entry.hasToldSkip else { return }
        entry.hasToldSkip = true
        let (name, generation, now) = (entry.name, entry.generation, clock.milliseconds)
        ledger.note { transaction in
            try transaction.run(JobsQueries.skip, name, generation, now, now, why)
            try transaction.run(JobsQueries.trim, name, name, Jobs.kept)
        }
    }

    /// Keeps how far the schedule has been dealt with, when that has changed.
    private func settle(_ entry: JobEntry) {
        guard let settlement = settlement(entry) else { return }
        ledger.note { try settlement.write($0) }
    }

    private func settlement(_ entry: JobEntry) -> JobSettlement? {
        guard entry.storedDue != entry.timeline.due else { return nil }
        entry.storedDue = entry.timeline.due
        let definition = entry.definition
        return JobSettlement(
            job: definition.name, pace: definition.pace, settled: entry.timeline.settled(definition.rules))
    }

    private func setClock() {
        guard !isClosing else { return }
        let next = entries.values.lazy.filter { !$0.isDead }.compactMap { $0.timeline.wakeAt }.min()
        clock.wake(after: max(1, min(Jobs.longestWait, (next ?? .max) - clock.seconds)))
    }
}
