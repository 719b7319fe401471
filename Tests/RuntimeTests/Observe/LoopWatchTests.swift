import Glibc
import Testing

@testable import Runtime

@Suite("loop watch")
@Loop
struct LoopWatchTests {
    private func at(_ milliseconds: UInt64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }

    @Test("the first slow turn is told, then one a second with the number of the others")
    func rule() {
        var rule = SlowTurnRule(slow: .milliseconds(50))
        #expect(rule.turnEnded(length: .milliseconds(50), at: at(0)) == nil)
        #expect(rule.turnEnded(length: .milliseconds(51), at: at(0)) == .init(length: .milliseconds(51), others: 0))
        #expect(rule.turnEnded(length: .milliseconds(90), at: at(500)) == nil)
        #expect(rule.turnEnded(length: .milliseconds(90), at: at(999)) == nil)
        #expect(rule.turnEnded(length: .milliseconds(10), at: at(1500)) == nil)
        #expect(rule.turnEnded(length: .milliseconds(70), at: at(1600)) == .init(length: .milliseconds(70), others: 2))
        #expect(rule.turnEnded(length: .milliseconds(70), at: at(2600)) == .init(length: .milliseconds(70), others: 0))
    }

    @Test("a turn that holds everybody up gets a line, and a late timer is seen in the histogram")
    func slowTurn() async throws {
        let pipe = LogPipe()
        let log = pipe.log()
        let metrics = Metrics()
        let watch = LoopWatch(metrics: metrics, log: log)
        watch.start()
        defer { watch.stop() }
        let late = Waiter<Void>("a timer")
        let timer = Timer { late.finish(.success(())) }
        timer.schedule(after: .milliseconds(1))
        // In the turn that scheduled the timer, so that only the next one can find it due.
        usleep(80_000)
        try await Deadline.within(.seconds(10)) { try await late.value() }
        await Loop.yield()
        let lines = try pipe.lines(of: log).map { try StrictJSON.parse($0) }
        #expect(lines.contains { $0["message"]?.text?.hasPrefix("one turn of the loop") == true })
        let text = try PrometheusText(metrics.text())
        #expect(text["loop_turn_seconds_count", [:]]! > 0)
        #expect(
            text["loop_timer_lateness_seconds_count", [:]]! > text[
                "loop_timer_lateness_seconds_bucket", ["le": "0.05"]]!)
        #expect(text["loop_lag_seconds", [:]]! > 0.05)
        #expect(try PrometheusText(metrics.text())["loop_lag_seconds", [:]]! < 80)
    }
}
