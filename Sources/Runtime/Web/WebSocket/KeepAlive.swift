/// When to ask a silent peer whether it is still there, and when to stop waiting for its answer. Any byte is an answer.
struct KeepAlive {
    enum Step: Equatable { case nothing, ping, departed }

    private let period: Duration
    private let patience: Duration
    private var heard: Instant
    private var asked: Instant?

    init(period: Duration, patience: Duration, now: Instant) {
        self.period = period
        self.patience = patience
        heard = now
    }

    mutating func hear(at now: Instant) {
        heard = now
        asked = nil
    }

    /// When `tick` wants to be called next. It only moves later while bytes come, so nobody has to reschedule for them.
    var due: Instant { asked.map { $0 + patience } ?? heard + period }

    mutating func tick(at now: Instant) -> Step {
        guard now >= due else { return .nothing }
        if asked != nil { return .departed }
        asked = now
        return .ping
    }
}
