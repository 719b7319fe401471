/// Work that waits for the writer. Either it is taken back before it begins, or it tells how it ended.
final class WriteJob: @unchecked Sendable {
    private enum Phase { case queued, begun, withdrawn }

    private let phase = Locked(Phase.queued)
    fileprivate let work: (Store.Transaction) throws -> Void
    /// Called on the loop after the commit, when it has done well and before it is on the disk.
    let committed: (@Loop () -> Void)?
    /// Called on the loop, when it is on the disk or has failed.
    let finish: @Loop (Result<Void, any Error>) -> Void

    init(
        _ work: @escaping @Sendable (Store.Transaction) throws -> Void,
        committed: (@Loop @Sendable () -> Void)? = nil,
        finish: @escaping @Loop @Sendable (Result<Void, any Error>) -> Void
    ) {
        self.work = work
        self.committed = committed
        self.finish = finish
    }

    func begin() -> Bool { move(to: .begun) }
    /// True when it will never run.
    func withdraw() -> Bool { move(to: .withdrawn) }

    private func move(to next: Phase) -> Bool {
        phase.withLock { phase in
            guard phase == .queued else { return false }
            phase = next
            return true
        }
    }
}

/// Runs the closures of many callers in one transaction, each in a savepoint of its own.
struct WriteGroup {
    typealias Outcome = Result<Void, any Error>

    let transaction: Store.Transaction
    /// A closure that holds the writer longer is stopped: everybody else waits for it.
    let limit: Duration

    private var database: Database { transaction.database }

    /// The outcome of each job, in order; success means that it is committed.
    ///
    /// Some failures (a full disk, an interrupt) make SQLite undo the whole transaction. Those who did nothing wrong
    /// are run again without the culprit, so closures must have no effect outside their transaction.
    func commit(_ jobs: [WriteJob]) -> [Outcome] {
        if let outcomes = together(jobs) { return outcomes }
        var outcomes = [Outcome?](repeating: nil, count: jobs.count)
        var losses = 0
        while outcomes.contains(where: { $0 == nil }) {
            let pending = jobs.indices.filter { outcomes[$0] == nil }
            let failure: (any Error)?
            do {
                failure = try attempt(jobs, pending, &outcomes) ? nil : Fault.undone
                losses += 1
                if failure != nil && losses <= 3 { continue }
            } catch {
                failure = error
            }
            for index in pending where outcomes[index] == nil {
                outcomes[index] = failure.map { .failure($0) } ?? .success(())
            }
        }
        return outcomes.map { $0! }
    }

    /// All without savepoints, in which SQLite keeps a copy of every page that they change. When one of several fails,
    /// nothing has happened, and nil asks for them to be told apart.
    private func together(_ jobs: [WriteJob]) -> [Outcome]? {
        do {
            try database.ours(kept: "BEGIN IMMEDIATE")
            for job in jobs { try run(job) }
            try database.ours(kept: "COMMIT")
            return jobs.map { _ in .success(()) }
        } catch {
            // The job's error is the one to tell.
            if database.isInTransaction { try? database.ours(kept: "ROLLBACK") }
            return jobs.count == 1 ? [.failure(error)] : nil
        }
    }

    /// One transaction. False when SQLite has undone it because of a job, whose outcome then stands. Throws when
    /// beginning or committing fails.
    private func attempt(_ jobs: [WriteJob], _ pending: [Int], _ outcomes: inout [Outcome?]) throws -> Bool {
        try database.ours(kept: "BEGIN IMMEDIATE")
        for index in pending {
            do {
                try member(jobs[index])
            } catch {
                outcomes[index] = .failure(error)
                guard database.isInTransaction else { return false }
            }
        }
        do {
            try database.ours(kept: "COMMIT")
        } catch {
            // The commit's error is the one to tell.
            if database.isInTransaction { try? database.ours(kept: "ROLLBACK") }
            throw error
        }
        return true
    }

    private func member(_ job: WriteJob) throws {
        try database.ours(kept: "SAVEPOINT member")
        do {
            try run(job)
        } catch {
            if database.isInTransaction {
                try database.ours(kept: "ROLLBACK TO member")
                try database.ours(kept: "RELEASE member")
            }
            throw error
        }
        try database.ours(kept: "RELEASE member")
    }

    private func run(_ job: WriteJob) throws {
        database.steps.watch("the write", until: Instant.clock + limit)
        transaction.isOpen = true
        defer {
            transaction.isOpen = false
            database.steps.rest()
        }
        try job.work(transaction)
    }
}

extension Fault {
    fileprivate static let undone = Fault(
        .unavailable, "the write was undone together with others that failed", hint: "try again")
}
