import CSQLite
import Glibc

/// The thread that writes. What waits when it comes round becomes one transaction.
final class StoreWriter: Sendable {
    private struct State {
        var queue: [WriteJob] = []
        var isWaiting = false
        var isClosing = false
    }

    private let database: Database
    private let group: Locked<WriteGroup>
    private let queueLimit: Int
    private let state = Locked(State())
    private let arrived = Condition()
    private let copier: WALCopier
    /// Brings commits to the disk.
    private let sync: @Sendable (Database) throws -> Void
    /// The disk has refused a sync. What it has of the WAL nobody knows then, so nothing more is acknowledged.
    private let failure = Locked<Fault?>(nil)
    private let onEnd: @Loop @Sendable () -> Void

    /// More members would only make the first of them wait longer.
    private static let largestGroup = 512

    init(
        _ database: Database, queueLimit: Int, closureLimit: Duration,
        sync: @escaping @Sendable (Database) throws -> Void,
        onEnd: @escaping @Loop @Sendable () -> Void
    ) {
        self.database = database
        self.sync = sync
        self.queueLimit = queueLimit
        self.onEnd = onEnd
        copier = WALCopier(database.path)
        group = Locked(WriteGroup(transaction: Store.Transaction(database), limit: closureLimit))
    }

    func start() throws { try Thread.start("store writer") { self.work() } }

    /// Queues jobs, all or none.
    func submit(_ jobs: [WriteJob]) throws {
        let (fault, wakes) = state.withLock { state -> (Fault?, Bool) in
            guard !state.isClosing else { return (.storeClosed, false) }
            guard state.queue.count + jobs.count <= queueLimit else {
                return (Fault(.overBudget, "\(queueLimit) writes wait for the store already"), false)
            }
            state.queue.append(contentsOf: jobs)
            defer { state.isWaiting = false }
            return (nil, state.isWaiting)
        }
        if wakes { arrived.signal() }
        if let fault { throw fault }
    }

    /// What is queued is still written; `onEnd` comes after that.
    func close() {
        let wakes = state.withLock { state in
            defer { state.isWaiting = false }
            state.isClosing = true
            return state.isWaiting
        }
        if wakes { arrived.signal() }
    }

    private func work() {
        var policy = CheckpointPolicy()
        while true {
            let (jobs, isClosing) = take()
            if !jobs.isEmpty {
                write(jobs.filter { $0.begin() })
                checkpoint(&policy)
            } else if isClosing {
                break
            } else {
                waitForWork()
            }
        }
        copier.close()
        Loop.post(onEnd)
    }

    private func take() -> (jobs: [WriteJob], isClosing: Bool) {
        state.withLock { state in
            let jobs = Array(state.queue.prefix(StoreWriter.largestGroup))
            state.queue.removeFirst(jobs.count)
            return (jobs, state.isClosing)
        }
    }

    private func waitForWork() {
        let mustWait = state.withLock { state in
            state.isWaiting = state.queue.isEmpty && !state.isClosing
            return state.isWaiting
        }
        if mustWait { arrived.wait() }
    }

    private func write(_ jobs: [WriteJob]) {
        guard !jobs.isEmpty else { return }
        if let failure = failure.withLock({ $0 }) { return finish(jobs, jobs.map { _ in .failure(failure) }) }
        let outcomes = group.withLock { $0.commit(jobs) }
        tellCommitted(jobs, outcomes)
        do {
            try sync(database)
            finish(jobs, outcomes)
        } catch {
            failure.withLock { $0 = Fault.notSynced(Fault(error)) }
            finish(jobs, outcomes.map { outcome in outcome.flatMap { .failure(error) } })
        }
    }

    private func tellCommitted(_ jobs: [WriteJob], _ outcomes: [WriteGroup.Outcome]) {
        let told = zip(jobs, outcomes).compactMap { job, outcome in
            if case .success = outcome { job.committed } else { nil }
        }
        if !told.isEmpty { Loop.post { for tell in told { tell() } } }
    }

    private func finish(_ jobs: [WriteJob], _ outcomes: [WriteGroup.Outcome]) {
        Loop.post {
            for (job, outcome) in zip(jobs, outcomes) { job.finish(outcome) }
        }
    }

    /// A checkpoint that fails leaves everything in the WAL, where it is safe; the next attempt may do better.
    private func checkpoint(_ policy: inout CheckpointPolicy) {
        let step = policy.next(frames: database.walFrames)
        // One that is under way is let end: commits would wait for it.
        guard step != .nothing, !copier.isAtWork else { return }
        if step == .passive {
            copier.copy()
            return policy.did(step, frames: database.walFrames)
        }
        sqlite3_busy_timeout(database.handle, 100)
        let code = sqlite3_wal_checkpoint_v2(database.handle, nil, SQLITE_CHECKPOINT_RESTART, nil, nil)
        sqlite3_busy_timeout(database.handle, 5000)
        policy.did(step, frames: database.walFrames, succeeded: code == SQLITE_OK)
    }
}

extension Fault {
    static let storeClosed = Fault(.unavailable, "the store is closed", isRetryable: false)

    fileprivate static func notSynced(_ fault: Fault) -> Fault {
        Fault(
            .unavailable, "nothing more is written, because the disk has failed: \(fault.message)",
            hint: "see the kernel's log, then start Perigee again", isRetryable: false)
    }
}

/// A thread of the store's own.
enum Thread {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    static func start(_ name: String, _ run: @escaping @Sendable () -> Void) throws {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(Body(run)).toOpaque()
        let code = pthread_create(
            &thread, nil,
            { context in
                Unmanaged<Body>.fromOpaque(context!).takeRetainedValue().run()
                return nil
            }, context)
        guard code == 0 else {
            Unmanaged<Body>.fromOpaque(context).release()
            throw Fault.system("start a thread", "for the \(name)", errno: code)
        }
        pthread_detach(thread)
    }
}
