import Glibc

/// The clocks of this machine.
@Loop
public final class SystemClock: WorldClock {
    public nonisolated init() {}

    public var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    public var elapsed: Duration { Instant.clock - Instant(nanoseconds: 0) }

    public func sleep(for duration: Duration) async throws { try await Loop.sleep(for: duration) }
}
