/// Sees whether the loop keeps up: how long its turns take and how late its timers fire.
///
/// Everything waits for the turn that runs, so one that takes longer than 50 ms gets a line, at most one a second.
@Loop
public final class LoopWatch: TurnWatching {
    private let turns: Histogram
    private let lateness: Histogram
    private let log: Log
    private var rule: SlowTurnRule
    private var worst = Duration.zero

    public init(metrics: Metrics, log: Log, slow: Duration = .milliseconds(50)) {
        let bounds = [0.0001, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5]
        turns = metrics.histogram("loop_turn_seconds", "How long a turn of the loop took.", buckets: bounds)
        lateness = metrics.histogram(
            "loop_timer_lateness_seconds", "How much later than asked a timer fired.", buckets: bounds)
        rule = SlowTurnRule(slow: slow)
        self.log = log.part("loop")
        metrics.gauge("loop_lag_seconds", "The latest timer since the last collection.") { [weak self] in
            guard let self else { return nil }
            defer { worst = .zero }
            return worst.inSeconds
        }
    }

    public func start() { Loop.setWatch(self) }
    public func stop() { Loop.setWatch(nil) }

    public func turnEnded(_ turn: LoopTurn) {
        turns.observe(turn.length)
        if let late = turn.lateness {
            lateness.observe(late)
            worst = max(worst, late)
        }
        if let report = rule.turnEnded(length: turn.length, at: turn.began) {
            log.warning(
                "one turn of the loop took long: everything else waited",
                ["ms": .duration(report.length), "others": LogValue(report.others)])
        }
    }
}

/// Which slow turns get a line: the first, and then at most one a second, with the number of those between.
struct SlowTurnRule {
    struct Report: Equatable {
        let length: Duration
        let others: Int
    }

    let slow: Duration
    private var silentUntil = Instant(nanoseconds: 0)
    private var others = 0

    init(slow: Duration) { self.slow = slow }

    mutating func turnEnded(length: Duration, at now: Instant) -> Report? {
        guard length > slow else { return nil }
        guard now >= silentUntil else {
            others += 1
            return nil
        }
        defer { others = 0 }
        silentUntil = now + .seconds(1)
        return Report(length: length, others: others)
    }
}
