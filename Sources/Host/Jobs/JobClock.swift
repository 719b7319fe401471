import Glibc
import Runtime

/// The wall clock that schedules are written in, and a way to be woken.
@Loop
protocol JobClock: AnyObject {
    /// Milliseconds since the epoch.
    var milliseconds: Int64 { get }
    var onWake: (() -> Void)? { get set }
    /// Calls `onWake` once; a later call moves it.
    func wake(after seconds: Int64)
    func rest()
}

extension JobClock {
    var seconds: Int64 { Int64((Double(milliseconds) / 1000).rounded(.down)) }
}

/// The system's clock.
@Loop
final class SystemJobClock: JobClock {
    var onWake: (() -> Void)?
    private lazy var timer = Timer { [weak self] in self?.onWake?() }

    var milliseconds: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }

    /// Wakes just after the second begins, as the wall clock shows it.
    func wake(after seconds: Int64) {
        timer.schedule(after: .milliseconds(max(1, seconds * 1000 - milliseconds % 1000)))
    }

    func rest() { timer.cancel() }
}
