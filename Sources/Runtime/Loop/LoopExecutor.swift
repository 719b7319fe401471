import CLinux
import Glibc
import Synchronization

/// Runs Swift's tasks on the loop thread. On that thread itself, `enqueue` is a plain append.
final class LoopExecutor: SerialExecutor, TaskExecutor, @unchecked Sendable {
    static let shared = LoopExecutor()

    private struct Inbox {
        var jobs: [UnownedJob] = []
        var calls: [@Loop @Sendable () -> Void] = []
        var hasThread = false
        /// Set while the loop sleeps or is about to, so that a busy loop is not written to for each post.
        var isEmpty: Bool { jobs.isEmpty && calls.isEmpty }
    }

    private let inbox = Locked(Inbox())
    private let loopThread = Atomic<UInt>(0)
    let wakeUp = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))

    // Touched on the loop thread only.
    private var ready: [UnownedJob] = []
    private var running: [UnownedJob] = []

    var isCurrent: Bool { loopThread.load(ordering: .relaxed) == UInt(pthread_self()) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrent {
            ready.append(job)
        } else {
            deposit { $0.jobs.append(job) }
        }
    }

    func post(_ call: @escaping @Loop @Sendable () -> Void) {
        deposit { $0.calls.append(call) }
    }

    func isIsolatingCurrentContext() -> Bool? { isCurrent }

    func checkIsolated() { precondition(isCurrent, "called outside the loop thread") }

    // MARK: the thread

    func claimCurrentThread() {
        inbox.withLock {
            precondition(!$0.hasThread, "the loop runs already: call Loop.run before anything else uses it")
            $0.hasThread = true
        }
        loopThread.store(UInt(pthread_self()), ordering: .relaxed)
    }

    private func deposit(_ put: (inout Inbox) -> Void) {
        let (wasEmpty, needsThread) = inbox.withLock { inbox in
            defer { inbox.hasThread = true }
            let wasEmpty = inbox.isEmpty
            put(&inbox)
            return (wasEmpty, !inbox.hasThread)
        }
        if needsThread { startThread() }
        if wasEmpty { wake() }
    }

    private func wake() {
        var one: UInt64 = 1
        // It fails only when the counter is full, and then the loop wakes anyway.
        _ = write(wakeUp, &one, 8)
    }

    private func startThread() {
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { _ in
                LoopExecutor.shared.loopThread.store(UInt(pthread_self()), ordering: .relaxed)
                Loop.assumeIsolated { Poller.shared.run() }
                return nil
            }, nil)
        precondition(result == 0, "the kernel gives no thread for the loop")
    }

    // MARK: work, on the loop thread

    var hasWork: Bool { !ready.isEmpty }

    func takePosted() -> [@Loop @Sendable () -> Void] {
        inbox.withLock { inbox in
            ready.append(contentsOf: inbox.jobs)
            inbox.jobs.removeAll(keepingCapacity: true)
            let calls = inbox.calls
            inbox.calls.removeAll(keepingCapacity: true)
            return calls
        }
    }

    /// Runs what is ready, and what that makes ready, but lets the sockets have their turn after a while.
    func runReady() {
        let serial = asUnownedSerialExecutor()
        let task = asUnownedTaskExecutor()
        var passes = 0
        while !ready.isEmpty && passes < 64 {
            swap(&ready, &running)
            for job in running { job.runSynchronously(isolatedTo: serial, taskExecutor: task) }
            running.removeAll(keepingCapacity: true)
            passes += 1
        }
    }
}
