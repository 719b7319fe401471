/// Which of a transfer's deadlines is next, and which has passed. No clock inside: moments come with the calls.
struct Patience {
    enum Phase: Equatable { case connecting, awaitingHead, receiving }
    enum Passed: Equatable { case connect, head, idle, total }

    let deadlines: HTTPDeadlines
    private let began: Instant
    private(set) var phase = Phase.connecting
    /// When the present phase, or the last sign of life in it, was.
    private var since: Instant
    /// Our own side is what is waited for.
    private var isHeld = false

    init(_ deadlines: HTTPDeadlines, began: Instant, totalFrom: Instant) {
        self.deadlines = deadlines
        self.began = totalFrom
        since = began
    }

    mutating func connected(at now: Instant) { enter(.awaitingHead, now) }

    mutating func headCame(at now: Instant) { enter(.receiving, now) }

    /// A piece went or came: the clock of this phase starts again.
    mutating func moved(at now: Instant) { since = now }

    mutating func hold() { isHeld = true }

    mutating func release(at now: Instant) {
        isHeld = false
        since = now
    }

    /// The earliest deadline in force, if there is any.
    var next: (moment: Instant, passed: Passed)? {
        let total = deadlines.total.map { (moment: began + $0, passed: Passed.total) }
        guard !isHeld, let phase = phaseEnd else { return total }
        guard let total, total.moment <= phase.moment else { return phase }
        return total
    }

    func passed(at now: Instant) -> Passed? {
        guard let next, next.moment <= now else { return nil }
        return next.passed
    }

    private var phaseEnd: (moment: Instant, passed: Passed)? {
        switch phase {
        case .connecting: deadlines.connect.map { (since + $0, .connect) }
        case .awaitingHead: deadlines.head.map { (since + $0, .head) }
        case .receiving: deadlines.idle.map { (since + $0, .idle) }
        }
    }

    private mutating func enter(_ phase: Phase, _ now: Instant) {
        self.phase = phase
        since = now
    }

    func fault(_ passed: Passed, _ subject: String) -> Fault {
        let text =
            switch passed {
            case .connect: "no connection within \(Patience.text(deadlines.connect))"
            case .head: "no answer within \(Patience.text(deadlines.head)) of connecting"
            case .idle: "nothing more came for \(Patience.text(deadlines.idle)) in the middle of the answer"
            case .total: "not finished within \(Patience.text(deadlines.total))"
            }
        return Fault(.timeout, "\(subject): \(text)")
    }

    private static func text(_ duration: Duration?) -> String {
        let milliseconds = duration?.milliseconds ?? 0
        return milliseconds % 1000 == 0 ? "\(milliseconds / 1000) s" : "\(milliseconds) ms"
    }
}
