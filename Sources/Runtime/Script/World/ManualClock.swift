/// A clock that stands still until it is moved, for specs and tests.
///
/// Sleeping moves it: who sleeps wakes within a few turns of the loop, at the time when he wanted to. Those who sleep
/// at once wake in the order of their times.
@Loop
public final class ManualClock: WorldClock {
    public private(set) var now: Double
    public private(set) var elapsed = Duration.zero
    private var sleepers: [Sleeper] = []
    private var lastSleeper = 0
    /// Somebody has just woken and shall act before time goes on.
    private var isHeld = false

    private struct Sleeper {
        let id: Int
        let end: Duration
    }

    public init(_ now: Double) { self.now = now }

    /// Sets the wall clock, as an administrator may; what was measured by `elapsed` stays right.
    public func set(_ now: Double) { self.now = now }

    public func advance(by duration: Duration) {
        elapsed += duration
        now += duration.inSeconds
    }

    public func sleep(for duration: Duration) async throws {
        lastSleeper += 1
        let me = Sleeper(id: lastSleeper, end: elapsed + duration)
        let place = sleepers.firstIndex { $0.end > me.end } ?? sleepers.endIndex
        sleepers.insert(me, at: place)
        defer { sleepers.removeAll { $0.id == me.id } }
        repeat {
            // Whoever is about to sleep as well shall be in the list first.
            await Loop.yield()
            if Task.isCancelled { throw Fault.cancelled }
        } while isHeld || sleepers.first?.id != me.id
        if me.end > elapsed { advance(by: me.end - elapsed) }
        hold()
    }

    /// Until what the woken one does next has had its turn.
    private func hold() {
        isHeld = true
        Loop.post { [weak self] in
            Loop.post { self?.isHeld = false }
        }
    }
}
