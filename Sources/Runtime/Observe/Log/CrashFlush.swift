import Glibc
import Synchronization

/// Gives the writer thread a moment before the process ends, by `exit` or by a crash on another thread.
///
/// The handler does only what a signal handler may: it reads an atomic, sleeps, and hands over to who was there before.
enum CrashFlush {
    static func arm(_ queue: LogQueue) {
        precondition(armedQueue == nil, "one log survives the end of the process")
        armedQueue = Unmanaged.passRetained(queue)
        atexit { _ = armedQueue?.takeUnretainedValue().flush(atMost: .seconds(1)) }
        for (place, signal) in fatalSignals.enumerated() {
            var action = sigaction()
            action.__sigaction_handler.sa_handler = { waitForWriter($0) }
            action.sa_flags = SA_ONSTACK | Int32(bitPattern: UInt32(SA_RESETHAND))
            sigaction(signal, &action, &before[place])
        }
    }
}

private let fatalSignals = [SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT]
nonisolated(unsafe) private var armedQueue: Unmanaged<LogQueue>?
/// In the order of `fatalSignals`; written before a handler can run.
nonisolated(unsafe) private let before = UnsafeMutablePointer<sigaction>.allocate(capacity: 6)

private func waitForWriter(_ signal: Int32) {
    let place = fatalSignals.firstIndex(of: signal) ?? 0
    sigaction(signal, before + place, nil)
    if let queue = armedQueue?.takeUnretainedValue() {
        var rounds = 0
        while rounds < 50 && queue.unwritten.load(ordering: .relaxed) > 0 {
            var pause = timespec(tv_sec: 0, tv_nsec: 5_000_000)
            nanosleep(&pause, nil)
            rounds += 1
        }
    }
    // Delivered when this handler returns: to the runtime's own reporter, or as the end of the process.
    raise(signal)
}
