import Glibc
import LuaBridge

/// The actor of these tests: one thread of its own, as the product's loop is.
@globalActor
actor LuaThread {
    static let shared = LuaThread()

    nonisolated var unownedExecutor: UnownedSerialExecutor { ThreadExecutor.shared.asUnownedSerialExecutor() }

    /// Lets whatever else is ready run first; counts, so that tests see that slices end.
    @LuaThread static func turn() async {
        turns += 1
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            ThreadExecutor.shared.soon { continuation.resume() }
        }
    }

    @LuaThread static var turns = 0
}

final class ThreadExecutor: SerialExecutor, @unchecked Sendable {
    static let shared = ThreadExecutor()

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs: [() -> Void] = []

    private init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
        var thread = pthread_t()
        let made = pthread_create(
            &thread, nil,
            { _ in
                ThreadExecutor.shared.run()
                return nil
            }, nil)
        precondition(made == 0)
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        soon { job.runSynchronously(on: ThreadExecutor.shared.asUnownedSerialExecutor()) }
    }

    func soon(_ work: @escaping () -> Void) {
        pthread_mutex_lock(mutex)
        jobs.append(work)
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    private func run() {
        while true {
            pthread_mutex_lock(mutex)
            while jobs.isEmpty { pthread_cond_wait(condition, mutex) }
            let batch = jobs
            jobs.removeAll()
            pthread_mutex_unlock(mutex)
            for job in batch { job() }
        }
    }
}

/// Something that happens once, awaited by host functions under test. Cancellation ends the wait.
@LuaThread
final class Event {
    private var happened = false
    private var waiting: [UnsafeContinuation<Void, Never>] = []

    func fire() {
        happened = true
        for continuation in waiting { continuation.resume() }
        waiting = []
    }

    func wait() async {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                if happened { continuation.resume() } else { waiting.append(continuation) }
            }
        } onCancel: {
            Task { @LuaThread in self.fire() }
        }
    }
}
