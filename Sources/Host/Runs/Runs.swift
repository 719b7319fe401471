import Glibc
import Runtime

/// Takes runs, keeps them and sees each to its one end, whatever happens to the process meanwhile.
///
/// What is said to be accepted, begun or ended is on the disk. What runs belongs to exactly one `LiveRun`, whose task
/// makes attempts with its engine and asks the hooks in between.
@Loop
final class Runs {
    let store: Store
    let settings: RunSettings
    let now: () -> Int64
    let log: Log
    let journal: RunJournal
    private(set) var isClosing = false
    /// Perigee stops, and nobody may follow any more.
    private(set) var isSilent = false
    /// Runs that have not ended.
    private(set) var live: [String: LiveRun] = [:]
    /// The same by user: each turn looks at those of its own user.
    private var liveOfUser: [String: [String: LiveRun]] = [:]
    var lanes = Lanes()
    var places: SharedPlaces
    let work: Scope
    private let policy: any RunPolicy
    private(set) var engines: [String: any Engine]
    private var feeds: [ObjectIdentifier: RunFeed] = [:]
    private let outcomes: Labelled<Counter>?

    /// Reads what the last process left; `start` deals with it.
    static func open(
        _ store: Store, engines: [any Engine], policy: any RunPolicy, settings: RunSettings = RunSettings(),
        now: @escaping () -> Int64 = Runs.wallClock, log: Log, metrics: Metrics? = nil, scope: Scope
    ) async throws -> Runs {
        let runs = Runs(store, engines, policy, settings, now, log, metrics, scope)
        let (found, unsure, moments, decisions) = try await store.read { snapshot in
            let found = try snapshot.all(RunsQueries.unfinished, atMost: 100_000)
            let unsure = Set(try snapshot.all(RunsQueries.unsure, atMost: 100_000))
            let moments = try found.map { try snapshot.first(RunsQueries.newestMoment, $0.id) ?? $0.createdAt }
            let decisions = try found.map { try StoredRun.firstDecisions(of: $0.id, snapshot).map(\.decision) }
            return (found, unsure, moments, decisions)
        }
        // A kill may have taken numbers with it that somebody has seen: they are not given again, and nothing is missing.
        let unused = zip(found, moments).filter { unsure.contains($0.0.id) }.map { run, moment in
            EventRow.unused(run.lastEvent + 1...run.lastEvent + RunLog.mostUnwritten, of: run.id, at: moment)
        }
        try await store.write { transaction in
            for row in unused { try row.write(transaction) }
            try transaction.run(RunsQueries.beUnsure)
        }
        for (index, stored) in found.enumerated() {
            var record = stored.with(stored.order.with(decisions[index]))
            let last = stored.lastEvent + (unsure.contains(stored.id) ? RunLog.mostUnwritten : 0)
            record.lastEvent = last
            let run = runs.enter(record, after: last, moment: moments[index])
            run.isLeftOver = true
            runs.guardLog(of: run)
        }
        return runs
    }

    private init(
        _ store: Store, _ engines: [any Engine], _ policy: any RunPolicy, _ settings: RunSettings,
        _ now: @escaping () -> Int64, _ log: Log, _ metrics: Metrics?, _ scope: Scope
    ) {
        self.store = store
        self.engines = Dictionary(uniqueKeysWithValues: engines.map { ($0.name, $0) })
        self.policy = policy
        self.settings = settings
        places = SharedPlaces(count: settings.places)
        self.now = now
        self.log = log
        let room = scope.child("runs")
        journal = RunJournal(store, log: log, scope: room)
        work = room.child("work")
        outcomes = metrics?.counters(
            "perigee_runs_total", "Runs that have ended.", labels: ["engine", "state"])
        metrics?.gauge("perigee_runs_unfinished", "Runs that are queued, at work or blocked.") { [weak self] in
            self.map { Double($0.live.count) }
        }
        metrics?.gauge("perigee_run_followers", "Readers of runs that have not ended.") { [weak self] in
            self.map { Double($0.followerCount) }
        }
    }

    var followerCount: Int { live.values.reduce(0) { $0 + $1.log.followerCount } }

    /// Goes on with what was unfinished, each run in its lane's turn: `reconcile` decides what becomes of it.
    func start() async {
        // Those that had begun first: what is at work already has its place.
        let found = live.values.filter { $0.isLeftOver && $0.task == nil }
        let inOrder = found.sorted { one, other in
            (one.record.startedAt == nil ? 1 : 0, one.id) < (other.record.startedAt == nil ? 1 : 0, other.id)
        }
        for run in inOrder where lanes.ready(run.id) { begin(run) }
    }

    /// On the disk when it returns, with what is to be written `beside` it. Where its lane is free it is begun meanwhile,
    /// and reaches the disk with the beginning of its prompt: before that it has no effect, and nobody knows of it.
    /// Whoever follows it reads the `notices` first.
    func accept(
        _ order: RunOrder, notices: [String] = [],
        beside: @escaping @Sendable (RunRecord, Store.Transaction) throws -> Void = { _, _ in }
    ) async throws -> RunRecord {
        guard !isClosing else { throw Runs.stopping }
        _ = try engine(order.engine)
        try checkRoom(for: order)
        var order = order
        order.prompt = order.prompt.beginning(16 << 10)
        let record = RunRecord(id: UUIDText.timeOrdered(), order: order, state: .queued, createdAt: now())
        let run = enter(record, after: 0, moment: record.createdAt)
        (run.isAccepted, run.books) = (false, .new)
        let isNext = lanes.ready(run.id)
        let waiter = journal.enter(run, holding: isNext, beside: beside)
        append(.state(.queued, reason: "accepted"), to: run)
        for notice in notices { append(.notice(notice), to: run) }
        if isNext { begin(run) }
        do {
            try await waiter.settled()
        } catch {
            discard(run)
            throw error
        }
        guardLog(of: run)
        run.isAccepted = true
        for told in [record] + run.untold { announce(told) }
        run.untold = []
        return run.record
    }

    /// What could not be written down was not accepted, whatever has been made ready for it.
    private func discard(_ run: LiveRun) {
        run.isDiscarded = true
        run.attempt?.finish()
        if run.task == nil { drop(run) } else { interrupt(run) }
    }

    func drop(_ run: LiveRun) {
        forget(run)
        if let next = lanes.leave(run.id).flatMap({ live[$0] }) { begin(next) }
        leavePlace(run)
    }

    /// As it stands now, whether it has ended or not.
    func run(_ id: String) async throws -> RunRecord? {
        if let run = live[id] { return run.record }
        let (found, decisions) = try await store.read { snapshot in
            (
                try snapshot.first(RunsQueries.run, id),
                try StoredRun.firstDecisions(of: id, snapshot).map(\.decision)
            )
        }
        return found.map { $0.with($0.order.with(decisions)) }
    }

    /// From a number on; 0 for all of it.
    func follow(_ id: String, after number: Int64 = 0) async throws -> RunFollower {
        guard !isSilent else { throw Runs.stopping }
        // What follows the largest number there is cannot be counted.
        let number = min(number, 1 << 53)
        if let run = live[id] {
            return RunFollower(id, after: number, log: run.log, store: store, scope: work)
        }
        guard try await store.read({ try $0.first(RunsQueries.standing, id) }) != nil else { throw unknown(id) }
        return RunFollower(id, after: number, log: live[id]?.log, store: store, scope: work)
    }

    /// Ends all following: a run may go on for hours, and whoever reads it must not hold the process that stops. The runs
    /// themselves go on.
    func endFollowing() {
        isSilent = true
        for run in live.values { run.log.stop() }
    }

    /// Stops what runs without ending it in the books: the next start decides what becomes of it.
    func close() async {
        isClosing = true
        let runs = Array(live.values)
        for run in runs { run.leash?.cancel() }
        await work.close()
        for run in runs where live[run.id] != nil { run.log.stop() }
        // Nothing that anybody has seen is missing from the disk from here on.
        _ = journal.submit { try $0.run(RunsQueries.beSure) }
        await journal.close()
        for run in runs { run.letGo() }
        live = [:]
        liveOfUser = [:]
        feeds = [:]
        engines = [:]
    }

    // MARK: for the other files of the room

    func engine(_ name: String) throws -> any Engine {
        if let engine = engines[name] { return engine }
        let known = engines.keys.sorted().joined(separator: ", ")
        throw Fault(.unavailable, "there is no engine \"\(name)\"", hint: "known are \(known)", isRetryable: false)
    }

    private nonisolated static let stopping = Fault(
        .unavailable, "Perigee is stopping", hint: "ask again in a moment")

    func unknown(_ id: String) -> Fault { Fault(.notFound, "there is no run \"\(id)\"") }

    func rules(of run: LiveRun) -> any RunRules {
        if let rules = run.rules { return rules }
        let rules = policy.begin()
        run.rules = rules
        return rules
    }

    func add(_ feed: RunFeed) { feeds[ObjectIdentifier(feed)] = feed }
    func remove(_ feed: RunFeed) { feeds[ObjectIdentifier(feed)] = nil }

    /// Numbers it, and tells who follows.
    func append(_ event: RunEventBody, to run: LiveRun) {
        guard let event = run.log.append(cleaned(event)) else { return }
        run.record.lastEvent = event.number
        run.lastMoment = event.at
    }

    /// Tells its new state.
    func tell(_ run: LiveRun, _ reason: String) {
        run.record.state = run.life.state
        append(.state(run.life.state, reason: reason), to: run)
        announce(run)
    }

    func announce(_ run: RunRecord) { for feed in feeds.values { feed.offer(run) } }

    private func announce(_ run: LiveRun) {
        if run.isAccepted { announce(run.record) } else { run.untold.append(run.record) }
    }

    func counted(_ run: RunRecord) { outcomes?.with(run.order.engine, run.state.rawValue).add() }

    func live(of user: String) -> some Collection<LiveRun> { liveOfUser[user, default: [:]].values }

    func forget(_ run: LiveRun) {
        live[run.id] = nil
        let user = run.record.order.user
        liveOfUser[user]?[run.id] = nil
        if liveOfUser[user]?.isEmpty == true { liveOfUser[user] = nil }
        run.letGo()
    }

    private func enter(_ record: RunRecord, after last: Int64, moment: Int64) -> LiveRun {
        let runLog = RunLog(record.id, after: last, moment: moment, journal: journal, now: now)
        let run = LiveRun(record, log: runLog, lastMoment: moment)
        live[record.id] = run
        liveOfUser[record.order.user, default: [:]][record.id] = run
        lanes.enter(record.id, lane: record.order.lane, user: record.order.waiter)
        return run
    }

    /// A run whose events are lost must not go on as if they were kept.
    private func guardLog(of run: LiveRun) {
        run.log.onLoss = { [weak self, weak run] fault in
            guard let self, let run else { return }
            self.fail(run, RunFailure(.diskFull, "its events cannot be kept: \(fault.message)", hint: fault.hint))
        }
    }

    nonisolated static func wallClock() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}

extension RunRecord {
    fileprivate func with(_ order: RunOrder) -> RunRecord {
        RunRecord(
            id: id, order: order, state: state, createdAt: createdAt, startedAt: startedAt, endedAt: endedAt,
            attempts: attempts, runner: runner, session: session, message: message, usage: usage, failure: failure,
            waitingFor: waitingFor, lastEvent: lastEvent)
    }
}

extension RunOrder {
    fileprivate func with(_ decisions: [Decision]) -> RunOrder {
        var order = self
        order.decisions = decisions
        return order
    }
}
