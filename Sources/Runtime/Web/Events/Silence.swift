/// When a stream that says nothing must show that it lives: soon for the first time, because an impatient proxy or person
/// may be waiting for the first byte, and seldom from then on.
struct Silence {
    private let first: Duration
    private let period: Duration
    private var spoke: Instant
    private var hasPinged = false

    init(first: Duration, period: Duration, now: Instant) {
        self.first = first
        self.period = period
        spoke = now
    }

    /// When `tick` wants to be called next; it only moves later while the stream speaks.
    var due: Instant { spoke + (hasPinged ? period : first) }

    mutating func speak(at now: Instant) { spoke = now }

    /// True when a ping is to be sent now.
    mutating func tick(at now: Instant) -> Bool {
        guard now >= due else { return false }
        hasPinged = true
        spoke = now
        return true
    }
}
