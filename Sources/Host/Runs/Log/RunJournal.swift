import Runtime

/// Writes the event logs of all runs, in the order in which things happened: tokens within 50 ms or 16 KB, everything
/// that somebody waits for at once, with all that came before it.
///
/// One batch is written at a time. What is written is written whatever happens to the task that asked for it.
@Loop
final class RunJournal {
    nonisolated static let delay = Duration.milliseconds(50)
    nonisolated static let bytesThatLeave = 16 << 10
    /// What is accepted waits so long for what follows at once, so that both go in one transaction.
    nonisolated static let holding = Duration.milliseconds(3)
    /// More than this does not wait for the store: then runs fail rather than forget.
    nonisolated static let byteLimit = 8 << 20

    /// What somebody waits for.
    enum Standing {
        /// The end of this process cannot take it away any more.
        case committed
        /// Nor can a power cut.
        case onDisk
    }

    private enum Entry {
        case row(EventRow, RunLog)
        case work(@Sendable (Store.Transaction) throws -> Void, Waiter<Void>?, Standing = .onDisk)
        /// A new run, with what is written beside it.
        case run(LiveRun, beside: @Sendable (RunRecord, Store.Transaction) throws -> Void, Waiter<Void>)
    }

    private let store: Store
    private let log: Log
    private let scope: Scope
    private var waiting: [Entry] = []
    private var bytes = 0
    /// Logs with a group that is not in a row yet.
    private var open: [RunLog] = []
    /// Runs that are written as they stand when the next batch leaves.
    private var changed: [LiveRun] = []
    private var isWriting = false
    private var mustGoOn = false
    private var due = Instant(nanoseconds: 0)
    private lazy var timer = Timer { [weak self] in self?.flush() }

    init(_ store: Store, log: Log, scope: Scope) {
        self.store = store
        self.log = log
        self.scope = scope.child("journal")
    }

    // MARK: what comes in

    func put(_ row: EventRow, _ runLog: RunLog) {
        guard bytes + row.bytes <= RunJournal.byteLimit else {
            return runLog.lost(Fault(.overBudget, "\(bytes) bytes of events wait for the store already"))
        }
        waiting.append(.row(row, runLog))
        // What is in a group was counted as it came.
        if !row.kind.isGrouped { grew(by: row.bytes) }
    }

    func opened(_ runLog: RunLog, bytes: Int) {
        open.append(runLog)
        grew(by: bytes)
    }

    func grew(by count: Int) {
        bytes += count
        if bytes >= RunJournal.bytesThatLeave {
            flush()
        } else {
            leave(within: RunJournal.delay)
        }
    }

    /// Writes the run as it stands then, soon, and once for all its changes until then.
    func note(_ run: LiveRun) {
        guard run.books == .current else { return }
        run.books = .behind
        changed.append(run)
        grew(by: 256)
    }

    /// Writes soon; nobody waits for it.
    func note(_ work: @escaping @Sendable (Store.Transaction) throws -> Void) {
        waiting.append(.work(work, nil))
        grew(by: 256)
    }

    /// Hands it over now and returns what tells when it stands so.
    func submit(
        until standing: Standing = .onDisk, _ work: @escaping @Sendable (Store.Transaction) throws -> Void
    ) -> Waiter<Void> {
        let written = Waiter<Void>("an entry in the log of a run")
        collect()
        waiting.append(.work(work, written, standing))
        flush()
        return written
    }

    /// Takes a new run, as it stands when it leaves, and returns what tells when it is on the disk. While `holding` it
    /// leaves with what is handed over next, or by itself in a moment.
    func enter(
        _ run: LiveRun, holding: Bool, beside: @escaping @Sendable (RunRecord, Store.Transaction) throws -> Void
    ) -> Waiter<Void> {
        let written = Waiter<Void>("the entry of a run")
        collect()
        waiting.append(.run(run, beside: beside, written))
        if holding { leave(within: RunJournal.holding) } else { flush() }
        return written
    }

    /// Returns when it and all before it stands so, also to a caller that has been cancelled.
    func write(
        until standing: Standing = .onDisk, _ work: @escaping @Sendable (Store.Transaction) throws -> Void
    ) async throws {
        try await submit(until: standing, work).settled()
    }

    /// Returns when everything is on the disk, or lost.
    func close() async {
        let last = submit { _ in }
        // Its outcome says nothing of the others, which have told their own.
        _ = try? await last.settled()
        timer.cancel()
        await scope.close(grace: .seconds(10))
    }

    // MARK: what goes out

    private func leave(within delay: Duration) {
        let moment = Loop.now + delay
        guard !timer.isScheduled || moment < due else { return }
        due = moment
        timer.schedule(at: moment)
    }

    private func flush() {
        timer.cancel()
        mustGoOn = true
        guard !isWriting else { return }
        isWriting = true
        scope.spawn("the journal of runs") { [self] in await Deadline.lifted { await writeAll() } }
    }

    private func collect() {
        let logs = open
        open = []
        for log in logs { log.closeGroup() }
        let runs = changed
        changed = []
        for run in runs where run.books == .behind {
            run.books = .current
            let record = run.record
            waiting.append(.work({ try StoredRun.save(record, $0) }, nil))
        }
    }

    private func writeAll() async {
        while mustGoOn {
            mustGoOn = false
            collect()
            let batch = waiting
            waiting = []
            bytes = 0
            if !batch.isEmpty { await write(batch) }
        }
        isWriting = false
    }

    private func write(_ batch: [Entry]) async {
        let works = batch.map(RunJournal.work)
        do {
            try await store.write {
                for case .work(_, let waiter?, .committed) in batch { waiter.finish(.success(())) }
            } _: { transaction in
                for work in works { try work(transaction) }
            }
            // The newest are told first: an agent waits for the beginning of its prompt, and for its acceptance, which came
            // before, only a client that hears nothing before the agent speaks.
            for entry in batch.reversed() { RunJournal.wrote(entry) }
        } catch {
            if batch.count > 1 {
                // One of them is to blame: the others must not go with it.
                for entry in batch { await write([entry]) }
            } else if let entry = batch.first {
                lost(entry, Fault(error))
            }
        }
    }

    private func lost(_ entry: Entry, _ fault: Fault) {
        switch entry {
        case .row(let row, let runLog):
            log.error("an event was not written down", fault, ["run": LogValue(row.run)])
            runLog.lost(fault)
        case .work(_, let waiter, _):
            if waiter == nil { log.error("a note about a run was not written down", fault) }
            waiter?.finish(.failure(fault))
        case .run(_, _, let waiter): waiter.finish(.failure(fault))
        }
    }

    private static func wrote(_ entry: Entry) {
        switch entry {
        case .row(let row, let runLog): runLog.wrote(upTo: row.last)
        case .work(_, let waiter, _): waiter?.finish(.success(()))
        case .run(_, _, let waiter): waiter.finish(.success(()))
        }
    }

    /// What it does as things stand now.
    private static func work(_ entry: Entry) -> @Sendable (Store.Transaction) throws -> Void {
        switch entry {
        case .row(let row, _): return { try row.write($0) }
        case .work(let work, _, _): return work
        case .run(let run, let beside, _):
            run.books = .current
            let record = run.record
            return { transaction in
                try StoredRun.add(record, transaction)
                try beside(record, transaction)
            }
        }
    }
}
