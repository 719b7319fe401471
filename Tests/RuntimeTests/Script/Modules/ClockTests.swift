import Testing

@testable import Runtime

@Suite("clocks of the world")
@Loop
struct ClockTests {
    @Test("the machine's clocks go forward")
    func system() {
        let clock = SystemClock()
        let (now, elapsed) = (clock.now, clock.elapsed)
        #expect(now > 1_700_000_000)
        #expect(clock.elapsed >= elapsed)
    }

    @Test("a manual clock stands still until it is moved, and setting it does not touch what was measured")
    func manual() {
        let clock = ManualClock(1000)
        #expect(clock.now == 1000)
        clock.advance(by: .milliseconds(1500))
        #expect(clock.now == 1001.5)
        clock.set(50)
        #expect(clock.now == 50)
        #expect(clock.elapsed == .milliseconds(1500))
    }

    @Test("sleeping moves it by what was slept, and those who sleep at once wake in the order of their times")
    func sleeping() async throws {
        let clock = ManualClock(0)
        let woken = Mailbox<String>("woken")
        let scope = Scope.forTest()
        for (name, seconds) in [("late", 30), ("early", 10), ("middle", 20), ("early too", 10)] {
            scope.spawn(name) {
                try await clock.sleep(for: .seconds(seconds))
                woken.send("\(name) \(Int(clock.now))")
            }
        }
        var seen: [String] = []
        while seen.count < 4, let name = try await woken.next() { seen.append(name) }
        #expect(seen == ["early 10", "early too 10", "middle 20", "late 30"])
        await scope.close()
    }

    @Test("a cancelled sleeper moves nothing and holds up nobody")
    func cancelled() async throws {
        let clock = ManualClock(0)
        let scope = Scope.forTest()
        let outcome = Mailbox<Fault.Kind?>("outcome")
        let task = scope.spawn("sleeps") {
            do {
                try await clock.sleep(for: .seconds(5))
                outcome.send(nil)
            } catch {
                outcome.send(Fault(error).kind)
            }
        }
        task.cancel()
        #expect(try await outcome.next() == .cancelled)
        try await clock.sleep(for: .seconds(60))
        #expect(clock.now == 60)
        await scope.close()
    }
}
