import Runtime

/// Keeps what gc jobs would remove, and removes exactly that when it is told to.
@Loop
final class Plans {
    /// Plans that are kept of each job, and how long one may be applied after it was made.
    nonisolated static let kept = 50
    nonisolated static let lifetime: Int64 = 24 * 3_600_000
    /// Items that are written, or removed, between two entries in the books.
    nonisolated static let groupSize = 500
    nonisolated static let stepSize = 50

    let ledger: Ledger
    let clock: any JobClock
    let targets: GCTargets
    let log: Log
    let freed: Counter?
    /// Told of each plan that is made, begun or done with.
    var onChange: ((PlanRecord) -> Void)?
    /// Plans that this process is applying just now.
    private(set) var active: Set<Int64> = []
    private let scope: Scope

    init(
        _ ledger: Ledger, _ clock: any JobClock, _ targets: GCTargets, _ log: Log, _ metrics: Metrics?, scope: Scope
    ) {
        self.ledger = ledger
        self.clock = clock
        self.targets = targets
        self.log = log
        self.scope = scope
        freed = metrics?.counter("perigee_gc_freed_bytes_total", "Bytes freed by gc plans.")
    }

    /// Lets go of what the last process had only half written.
    func start() async throws {
        try await ledger.store.write { transaction in
            try transaction.run(PlansQueries.dropHalfItems)
            try transaction.run(PlansQueries.dropHalf)
        }
    }

    /// What a gc job does when it runs: fill a list, store it, and apply it unless only the plan was asked for.
    func run(_ run: JobRun, fill: @Loop (PlanList) async throws -> Void) async throws -> JobResult {
        let list = PlanList(kinds: targets.kinds)
        try await fill(list)
        let id = try await make(run.job, generation: run.generation, list.entries)
        let plan = try await told(id)
        guard !run.plansOnly, plan.removes > 0 else {
            let verb = run.plansOnly ? "would remove" : "removed"
            if !run.plansOnly { try await close(id) }
            return JobResult(message: "\(verb) \(plan.removes), keeps \(plan.keeps)", plan: id)
        }
        active.insert(id)
        defer { active.remove(id) }
        try await claim(id)
        let done = try await apply(id)
        let text =
            "removed \(done.removed), skipped \(done.skipped), kept \(done.keeps), freed "
            + Units.describe(bytes: Int(done.freed))
        guard done.failed > 0 else { return JobResult(message: text, plan: id) }
        return JobResult(
            message: text, plan: id,
            failure: Fault(
                .unavailable, "\(done.failed) of \(done.removes) items could not be removed; \(text)",
                hint: "`perigee gc --show \(id)` shows why"))
    }

    /// Stores a plan. It is seen by others when all of it is there.
    func make(_ job: String, generation: Int, _ entries: [PlanEntry]) async throws -> Int64 {
        let now = clock.milliseconds
        let removes = entries.filter { $0.action == .remove }
        let bytes = removes.reduce(Int64(0)) { $0 &+ ($1.bytes ?? 0) }
        let (removed, kept) = (removes.count, entries.count - removes.count)
        let id = try await ledger.store.write { transaction in
            try transaction.run(PlansQueries.expire, now - Plans.lifetime)
            return try transaction.one(PlansQueries.begin, job, generation, now, removed, kept, bytes)
        }
        var start = 0
        while start < entries.count {
            let end = min(start + Plans.groupSize, entries.count)
            let (group, first) = (entries[start..<end], start)
            try await ledger.store.write { try Plans.add(group, to: id, after: first, $0) }
            start = end
        }
        try await ledger.store.write { transaction in
            try transaction.run(PlansQueries.open, id)
            for old in try transaction.all(PlansQueries.old, job, job, Plans.kept) {
                try transaction.run(PlansQueries.dropItems, old)
                try transaction.run(PlansQueries.drop, old)
            }
        }
        return id
    }

    /// The newest first, older than one of them if it is named.
    func list(_ job: String?, before: Int64 = .max, limit: Int) async throws -> [PlanRecord] {
        let plans = try await ledger.store.read { snapshot in
            if let job { return try snapshot.all(PlansQueries.plansOfJob, job, before, limit) }
            return try snapshot.all(PlansQueries.plans, before, limit)
        }
        return plans.map(aged)
    }

    func get(_ id: Int64) async throws -> PlanRecord {
        let plan = try await ledger.store.read { try $0.first(PlansQueries.plan, id) }
        guard let plan else {
            throw Fault(.notFound, "there is no plan \(id)", hint: "`perigee gc --list` lists them")
        }
        return aged(plan)
    }

    /// Those after a position, in order.
    func items(of id: Int64, after position: Int, limit: Int) async throws -> [PlanItem] {
        try await ledger.store.read { try $0.all(PlansQueries.items, id, position, limit) }
    }

    /// Starts to apply a plan and returns when that is on the disk. One that a dead process began is gone on with.
    func startApplying(_ id: Int64) async throws {
        guard active.insert(id).inserted else { throw conflict(id, "is being applied already") }
        do {
            let plan = try await get(id)
            switch plan.state {
            case .open: try await claim(id)
            case .applying: break
            case .applied: throw conflict(id, "has been applied already")
            case .expired, .building: throw conflict(id, "is older than a day")
            }
        } catch {
            active.remove(id)
            throw error
        }
        scope.spawn("plan \(id)") { [self] in
            defer { active.remove(id) }
            _ = try await apply(id)
        }
    }

    /// Goes on with what a process that was killed had begun: each item is looked at again, as always. What was begun too
    /// long ago is left to whoever reads it.
    func goOn() async throws {
        let oldest = clock.milliseconds - Plans.lifetime
        for (id, appliedAt) in try await ledger.store.read({ try $0.all(PlansQueries.interrupted) })
        where !active.contains(id) && (appliedAt ?? 0) >= oldest {
            log.info("going on with a plan that was interrupted", ["plan": LogValue(id)])
            try await startApplying(id)
        }
    }

    private func told(_ id: Int64) async throws -> PlanRecord {
        let plan = try await get(id)
        onChange?(plan)
        return plan
    }

    /// As it stands now; the store learns of it when the next plan is made.
    private func aged(_ plan: PlanRecord) -> PlanRecord {
        guard plan.state == .open, plan.madeAt < clock.milliseconds - Plans.lifetime else { return plan }
        var plan = plan
        plan.state = .expired
        return plan
    }

    private func conflict(_ id: Int64, _ what: String) -> Fault {
        Fault(.conflict, "plan \(id) \(what)", hint: "make a new one with `perigee gc`")
    }

    private func claim(_ id: Int64) async throws {
        let now = clock.milliseconds
        let count = try await ledger.write { try $0.run(PlansQueries.claim, now, id) }
        guard count == 1 else { throw conflict(id, "is being applied already") }
        if onChange != nil { _ = try await told(id) }
    }

    /// One with nothing to remove is done as soon as it is made.
    private func close(_ id: Int64) async throws {
        try await claim(id)
        try await ledger.write { try $0.run(PlansQueries.finish, PlanRecord.State.applied, id) }
    }

    private nonisolated static func add(
        _ entries: ArraySlice<PlanEntry>, to plan: Int64, after first: Int, _ transaction: Store.Transaction
    ) throws {
        for (offset, entry) in entries.enumerated() {
            try transaction.run(
                PlansQueries.add, plan, first + offset + 1, entry.action, entry.kind, entry.id, entry.label,
                entry.reason, entry.bytes, entry.stamp, entry.since)
        }
    }
}
