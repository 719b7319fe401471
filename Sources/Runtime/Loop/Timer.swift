/// Calls back once after a while. Scheduling it again moves it; an unscheduled one costs nothing.
@Loop
public final class Timer {
    private let callback: () -> Void
    fileprivate var due = Instant(nanoseconds: 0)
    /// Its place in the heap, so that cancelling needs no search; -1 when it is not scheduled.
    fileprivate var place = -1

    public init(_ callback: @escaping () -> Void) { self.callback = callback }

    public var isScheduled: Bool { place >= 0 }

    public func schedule(after delay: Duration) { schedule(at: Loop.now + delay) }

    public func schedule(at due: Instant) {
        cancel()
        Poller.shared.timers.insert(self, due: due)
    }

    public func cancel() {
        if isScheduled { Poller.shared.timers.remove(self) }
    }

    fileprivate func fire() { callback() }
}

/// A binary heap by due time that knows where each timer stands.
@Loop
final class TimerHeap {
    private var heap: [Timer] = []

    var earliest: Instant? { heap.first?.due }

    func insert(_ timer: Timer, due: Instant) {
        timer.due = due
        timer.place = heap.count
        heap.append(timer)
        rise(timer.place)
    }

    func remove(_ timer: Timer) {
        let place = timer.place
        let last = heap.removeLast()
        timer.place = -1
        guard last !== timer else { return }
        heap[place] = last
        last.place = place
        rise(place)
        sink(last.place)
    }

    /// Fires what is due, and no more timers than there were: one that reschedules itself for now cannot hold the turn.
    func fire(at now: Instant) {
        var allowance = heap.count
        while allowance > 0, let first = heap.first, first.due <= now {
            allowance -= 1
            remove(first)
            first.fire()
        }
    }

    private func rise(_ start: Int) {
        var place = start
        while place > 0, heap[place].due < heap[(place - 1) / 2].due {
            exchange(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    private func sink(_ start: Int) {
        var place = start
        while true {
            var smallest = place
            for child in [2 * place + 1, 2 * place + 2] where child < heap.count {
                if heap[child].due < heap[smallest].due { smallest = child }
            }
            if smallest == place { return }
            exchange(place, smallest)
            place = smallest
        }
    }

    private func exchange(_ a: Int, _ b: Int) {
        heap.swapAt(a, b)
        heap[a].place = a
        heap[b].place = b
    }
}
