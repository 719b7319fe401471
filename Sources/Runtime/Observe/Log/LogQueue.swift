import Glibc
import Synchronization

/// Lines on their way to the descriptor, and the thread that writes them.
///
/// A thread, because nothing else keeps the loop from blocking: O_NONBLOCK belongs to the open file, which the terminal
/// shares with the shell, and `poll` promises nothing about a file on a stuck disk. It starts with the first line.
/// A reader that is too slow costs the oldest lines; how many is said in a line of its own.
final class LogQueue: @unchecked Sendable {
    private let descriptor: Int32
    private let limits: Log.Limits
    private let format: LogFormat
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let work = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let settled = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    // Behind the mutex.
    private var lines: [[UInt8]] = []
    private var head = 0
    private var bytes = 0
    private var droppedSinceReport = 0
    private var filter = RepeatFilter()
    private var hasThread = false
    private var isClosed = false

    /// Lines that are not written yet; all that a signal handler may look at.
    let unwritten = Atomic<Int>(0)
    /// Lines lost for ever: the queue was full, or the descriptor took them no more.
    private let lost = Atomic<Int>(0)

    init(_ descriptor: Int32, format: LogFormat, limits: Log.Limits) {
        self.descriptor = descriptor
        self.format = format
        self.limits = limits
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(work, &attributes)
        pthread_cond_init(settled, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(work)
        pthread_cond_destroy(settled)
        pthread_mutex_destroy(mutex)
        work.deallocate()
        settled.deallocate()
        mutex.deallocate()
    }

    var lostLines: Int { lost.load(ordering: .relaxed) }

    func put(_ body: [UInt8]) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard !isClosed, filter.admits(body, at: .clock) else { return }
        append(format.line(body, at: LogTime.now))
        if !hasThread { startThread() }
        pthread_cond_signal(work)
    }

    /// Waits until all that was put before is written; false when that took longer than `limit`.
    func flush(atMost limit: Duration) -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        report(at: Instant(nanoseconds: .max))
        if head < lines.count && !hasThread && !isClosed { startThread() }
        pthread_cond_signal(work)
        let deadline = Instant.clock + limit
        while unwritten.load(ordering: .relaxed) > 0 {
            if !wait(settled, until: deadline) { return false }
        }
        return true
    }

    /// The thread writes what is queued and ends.
    func close() {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        report(at: Instant(nanoseconds: .max))
        isClosed = true
        pthread_cond_signal(work)
    }

    // MARK: behind the mutex

    private func append(_ line: [UInt8]) {
        while head < lines.count, lines.count - head >= limits.queuedLines || bytes + line.count > limits.queuedBytes {
            bytes -= lines[head].count
            lines[head] = []
            head += 1
            droppedSinceReport += 1
            lost.wrappingAdd(1, ordering: .relaxed)
            unwritten.wrappingSubtract(1, ordering: .relaxed)
        }
        compact()
        lines.append(line)
        bytes += line.count
        unwritten.wrappingAdd(1, ordering: .relaxed)
    }

    private func compact() {
        guard head == lines.count || head > 1024 else { return }
        lines.removeSubrange(..<head)
        head = 0
    }

    private func report(at now: Instant) {
        for report in filter.expire(at: now) {
            append(format.line(report.body, at: LogTime.now, repeated: report.count))
        }
    }

    private func next() -> [UInt8]? {
        if droppedSinceReport > 0 {
            let fields: LogFields = ["lines": LogValue(droppedSinceReport)]
            droppedSinceReport = 0
            let body = format.body(
                .warning, "log lines dropped: the reader is too slow", part: nil, context: [:], fields)
            unwritten.wrappingAdd(1, ordering: .relaxed)
            return format.line(body, at: LogTime.now)
        }
        guard head < lines.count else { return nil }
        let line = lines[head]
        lines[head] = []
        head += 1
        bytes -= line.count
        compact()
        return line
    }

    /// False when the moment has passed.
    private func wait(_ condition: UnsafeMutablePointer<pthread_cond_t>, until moment: Instant?) -> Bool {
        guard let moment else { return pthread_cond_wait(condition, mutex) == 0 }
        var time = timespec(
            tv_sec: Int(moment.nanoseconds / 1_000_000_000), tv_nsec: Int(moment.nanoseconds % 1_000_000_000))
        return pthread_cond_timedwait(condition, mutex, &time) != ETIMEDOUT
    }

    // MARK: the thread

    /// It inherits a mask that blocks every signal: they belong to the loop, and a closed pipe must not end the program.
    private func startThread() {
        hasThread = true
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self).toOpaque()
        let result = pthread_create(
            &thread, nil,
            { context in
                Unmanaged<LogQueue>.fromOpaque(context!).takeRetainedValue().write()
                return nil
            }, context)
        precondition(result == 0, "the kernel gives no thread for the log")
        pthread_detach(thread)
    }

    private func write() {
        pthread_mutex_lock(mutex)
        while true {
            report(at: .clock)
            if let line = next() {
                pthread_mutex_unlock(mutex)
                if !LogQueue.write(line, to: descriptor) { lost.wrappingAdd(1, ordering: .relaxed) }
                pthread_mutex_lock(mutex)
                unwritten.wrappingSubtract(1, ordering: .relaxed)
            } else {
                pthread_cond_broadcast(settled)
                if isClosed { break }
                _ = wait(work, until: filter.nextReport)
            }
        }
        pthread_mutex_unlock(mutex)
    }

    /// One `write` a line, so that lines of several processes do not mix; the rest only after a partial one.
    private static func write(_ line: [UInt8], to descriptor: Int32) -> Bool {
        line.withUnsafeBytes { bytes in
            var sent = 0
            while sent < bytes.count {
                let count = Glibc.write(descriptor, bytes.baseAddress! + sent, bytes.count - sent)
                if count >= 0 {
                    sent += count
                } else if errno == EAGAIN {
                    // Somebody who shares the descriptor made it non-blocking.
                    var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&waiting, 1, 1000)
                } else if errno != EINTR {
                    return false
                }
            }
            return true
        }
    }
}
