import Glibc

/// A few threads for calls that block: file trees, password hashing, name lookups. Bounded; full means an error at once.
public final class BlockingPool: Sendable {
    public static let shared = BlockingPool("pool", threads: 4)

    private struct State {
        var jobs: [@Sendable () -> Void] = []
        var head = 0
        var threads = 0
        var idle = 0
    }

    private let name: String
    private let limit: Int
    private let threads: Int
    private let state = Locked(State())
    private let available = Condition()

    public init(_ name: String, threads: Int, limit: Int = 4096) {
        self.name = name
        self.threads = threads
        self.limit = limit
    }

    /// Runs `work` on a thread of the pool. A cancelled caller returns at once; work that has begun ends by itself.
    @Loop
    public func run<Value: Sendable>(
        _ subject: String, _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try Task.checkCancellation()
        let waiter = Waiter<Value>(subject)
        let accepted = submit {
            let result = Result { try work() }
            Loop.post { waiter.finish(result) }
        }
        guard accepted else { throw full(subject) }
        return try await waiter.value()
    }

    /// The same for short work whose outcome must be known: neither cancellation nor a deadline ends the wait.
    @Loop
    public func settle<Value: Sendable>(
        _ subject: String, _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        let waiter = Waiter<Value>(subject)
        let accepted = submit {
            let result = Result { try work() }
            Loop.post { waiter.finish(result) }
        }
        guard accepted else { throw full(subject) }
        return try await waiter.settled()
    }

    private func full(_ subject: String) -> Fault {
        Fault(.overBudget, "\(subject): \(limit) jobs wait for the \(name) already", hint: "try again in a moment")
    }

    /// Runs `work` some time soon, or never where the pool is full: for what may as well be done another time.
    public func later(_ work: @escaping @Sendable () -> Void) { _ = submit(work) }

    /// Runs `job` without anybody waiting; false when the pool is full and it never will.
    func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
        let decision = state.withLock { state -> (accepted: Bool, needsThread: Bool) in
            guard state.jobs.count - state.head < limit else { return (false, false) }
            state.jobs.append(job)
            let needsThread = state.idle == 0 && state.threads < threads
            if needsThread { state.threads += 1 }
            return (true, needsThread)
        }
        if decision.needsThread { startThread() }
        if decision.accepted { available.signal() }
        return decision.accepted
    }

    private func startThread() {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self).toOpaque()
        let result = pthread_create(
            &thread, nil,
            { context in
                Unmanaged<BlockingPool>.fromOpaque(context!).takeRetainedValue().work()
                return nil
            }, context)
        precondition(result == 0, "the kernel gives no thread for the \(name)")
        pthread_detach(thread)
    }

    private func work() {
        while true {
            let job = state.withLock { state -> (@Sendable () -> Void)? in
                guard state.head < state.jobs.count else {
                    state.idle += 1
                    return nil
                }
                let job = state.jobs[state.head]
                state.head += 1
                if state.head == state.jobs.count {
                    state.jobs.removeAll(keepingCapacity: true)
                    state.head = 0
                }
                return job
            }
            if let job {
                job()
            } else {
                available.wait()
                state.withLock { $0.idle -= 1 }
            }
        }
    }
}

/// A counting signal between threads.
final class Condition: @unchecked Sendable {
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func signal() { sem_post(semaphore) }

    func wait() { while sem_wait(semaphore) != 0 && errno == EINTR {} }
}
