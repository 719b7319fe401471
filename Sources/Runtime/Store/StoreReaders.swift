import Glibc
import Synchronization

/// Work that waits for a reader.
final class ReadJob: Sendable {
    let deadline: Instant
    private let isUnwanted = Atomic<Bool>(false)
    private let work: @Sendable (Result<Store.Snapshot, any Error>) -> () -> Void

    /// `work` also hears why there is no snapshot.
    init(deadline: Instant, _ work: @escaping @Sendable (Result<Store.Snapshot, any Error>) -> () -> Void) {
        self.deadline = deadline
        self.work = work
    }

    /// Nobody waits for it any more: its statements are stopped, or it never runs.
    func abandon() { isUnwanted.store(true, ordering: .relaxed) }

    func run(in snapshot: Store.Snapshot) {
        guard !isUnwanted.load(ordering: .relaxed) else { return }
        snapshot.database.steps.watch("the read", until: deadline) { self.isUnwanted.load(ordering: .relaxed) }
        snapshot.isOpen = true
        let deliver = work(.success(snapshot))
        // Before the caller knows, so that a snapshot it kept is of no use to it.
        snapshot.isOpen = false
        snapshot.database.steps.rest()
        deliver()
    }

    func fail(_ error: any Error) { work(.failure(error))() }
}

/// A few threads that read, each on a connection of its own.
///
/// Point reads are cheap and thread hops are not, so a woken reader serves all that wait, in one snapshot that began
/// after each of them was asked for. Nothing is read on the loop's own thread: a cold page would stop everybody.
final class StoreReaders: Sendable {
    private struct State {
        var queue: [ReadJob] = []
        var head = 0
        /// Counts what was ever queued: the number of the last job in the queue.
        var last = 0
        var threads = 0
        var waiting = 0
        var isClosing = false

        var count: Int { queue.count - head }
    }

    private let path: String
    private let limit: Int
    private let queueLimit: Int
    private let state = Locked(State())
    private let arrived = Condition()
    private let onEnd: @Loop @Sendable () -> Void

    /// How long one snapshot serves others' reads: a checkpoint waits for it.
    private static let shareSnapshot = Duration.milliseconds(2)

    init(_ path: String, threads: Int, queueLimit: Int, onEnd: @escaping @Loop @Sendable () -> Void) {
        self.path = path
        limit = threads
        self.queueLimit = queueLimit
        self.onEnd = onEnd
    }

    func submit(_ job: ReadJob) throws {
        enum Decision { case wake, start, nothing, refuse(Fault) }
        let decision = state.withLock { state -> Decision in
            guard !state.isClosing else { return .refuse(.storeClosed) }
            guard state.count < queueLimit else {
                return .refuse(Fault(.overBudget, "\(queueLimit) reads wait for the store already"))
            }
            state.queue.append(job)
            state.last += 1
            if state.waiting > 0 {
                state.waiting -= 1
                return .wake
            }
            guard state.threads < limit else { return .nothing }
            state.threads += 1
            return .start
        }
        switch decision {
        case .wake: arrived.signal()
        case .start: startThread()
        case .nothing: break
        case .refuse(let fault): throw fault
        }
    }

    /// What is queued is still read; `onEnd` comes when the last thread has ended.
    func close() {
        let (sleeping, hasEnded) = state.withLock { state in
            defer { state.waiting = 0 }
            state.isClosing = true
            return (state.waiting, state.threads == 0)
        }
        for _ in 0..<sleeping { arrived.signal() }
        if hasEnded { Loop.post(onEnd) }
    }

    private func startThread() {
        do {
            try Thread.start("store reader") { self.work() }
        } catch {
            // Another thread may be there to serve the queue; if none is, those who wait hear why.
            let (orphans, hasEnded) = state.withLock { state -> ([ReadJob], Bool) in
                state.threads -= 1
                guard state.threads == 0 else { return ([], false) }
                return (takeAll(&state), state.isClosing)
            }
            for job in orphans { job.fail(error) }
            if hasEnded { Loop.post(onEnd) }
        }
    }

    private func takeAll(_ state: inout State) -> [ReadJob] {
        defer {
            state.queue = []
            state.head = 0
        }
        return Array(state.queue[state.head...])
    }

    private func work() {
        var snapshot: Store.Snapshot?
        while let (job, last) = waitForJob() {
            do {
                let reader = try snapshot ?? Store.Snapshot(Database(path, .reader))
                snapshot = reader
                try serve(job, upTo: last, in: reader)
            } catch {
                job.fail(error)
            }
        }
        snapshot = nil
        let isLast = state.withLock { state in
            state.threads -= 1
            return state.threads == 0
        }
        if isLast { Loop.post(onEnd) }
    }

    /// Serves `first` and others that were queued before this snapshot began: they may expect to see every write that
    /// was acknowledged before they were asked for.
    private func serve(_ first: ReadJob, upTo last: Int, in snapshot: Store.Snapshot) throws {
        try snapshot.database.ours(kept: "BEGIN")
        let enough = Instant.clock + StoreReaders.shareSnapshot
        var next: ReadJob? = first
        while let job = next {
            job.run(in: snapshot)
            next = Instant.clock < enough ? take(upTo: last) : nil
        }
        // An interrupt may have ended it already; a snapshot that only read loses nothing.
        if snapshot.database.isInTransaction { try? snapshot.database.ours(kept: "COMMIT") }
    }

    /// The next job, and the number of the newest one; nil when the store closes and nothing is left.
    private func waitForJob() -> (ReadJob, last: Int)? {
        while true {
            enum Next { case job(ReadJob, last: Int), wait, end }
            let next = state.withLock { state -> Next in
                if let job = pop(&state) { return .job(job, last: state.last) }
                if state.isClosing { return .end }
                state.waiting += 1
                return .wait
            }
            switch next {
            case .job(let job, let last): return (job, last)
            case .wait: arrived.wait()
            case .end: return nil
            }
        }
    }

    private func take(upTo last: Int) -> ReadJob? {
        state.withLock { state in
            let number = state.last - state.count + 1
            return number <= last ? pop(&state) : nil
        }
    }

    private func pop(_ state: inout State) -> ReadJob? {
        guard state.head < state.queue.count else { return nil }
        let job = state.queue[state.head]
        state.head += 1
        if state.head == state.queue.count {
            state.queue.removeAll(keepingCapacity: true)
            state.head = 0
        } else if state.head >= 4096 {
            state.queue.removeFirst(state.head)
            state.head = 0
        }
        return job
    }
}
