import Testing

@testable import Runtime

@Suite("timers")
@Loop
struct TimerTests {
    @Test("timers that are due together fire in the order of their times")
    func order() async throws {
        let fired = Mailbox<Int>("timers")
        let base = Loop.now
        let timers = [30, 10, 20].map { milliseconds in
            let timer = Timer { fired.send(milliseconds) }
            timer.schedule(at: base + .milliseconds(milliseconds))
            return timer
        }
        var seen: [Int] = []
        while seen.count < 3, let next = try await fired.next() { seen.append(next) }
        #expect(seen == [10, 20, 30])
        #expect(timers.allSatisfy { !$0.isScheduled })
    }

    @Test("a cancelled timer stays silent, also when another timer of the same moment cancels it")
    func cancelledByAnother() async throws {
        let done = Waiter<Void>("the last timer")
        var fired: [String] = []
        let victim = Timer { fired.append("victim") }
        let killer = Timer {
            fired.append("killer")
            victim.cancel()
        }
        let last = Timer { done.finish(.success(())) }
        let moment = Loop.now + .milliseconds(1)
        killer.schedule(at: moment)
        victim.schedule(at: moment + .nanoseconds(1))
        last.schedule(at: moment + .nanoseconds(2))
        try await done.value()
        #expect(fired == ["killer"])
    }

    @Test("a timer that schedules itself for now lets the loop go on")
    func selfScheduling() async throws {
        var count = 0
        var own: Timer?
        own = Timer {
            count += 1
            if count < 100 { own?.schedule(after: .zero) }
        }
        own?.schedule(after: .zero)
        try await Loop.sleep(for: .milliseconds(1))
        while count < 100 { await Loop.yield() }
        own = nil
        #expect(count == 100)
    }

    @Test("the heap gives timers back in order whatever was inserted, moved and removed")
    func heap() {
        var generator = SeededGenerator(seed: 7)
        let heap = TimerHeap()
        let now = Instant(nanoseconds: 1000)
        for _ in 0..<50 {
            var expected: [UInt64] = []
            var fired: [UInt64] = []
            var timers: [Timer] = []
            for _ in 0..<200 {
                let due = UInt64.random(in: 1...900, using: &generator)
                timers.append(heap.schedule(due) { fired.append(due) })
                expected.append(due)
            }
            for _ in 0..<60 {
                let victim = Int.random(in: 0..<timers.count, using: &generator)
                heap.remove(timers.remove(at: victim))
                expected.remove(at: victim)
            }
            heap.fire(at: now)
            #expect(fired == expected.sorted())
            #expect(heap.earliest == nil)
        }
    }
}

extension TimerHeap {
    fileprivate func schedule(_ due: UInt64, _ callback: @escaping () -> Void) -> Timer {
        let timer = Timer(callback)
        insert(timer, due: Instant(nanoseconds: due))
        return timer
    }
}
