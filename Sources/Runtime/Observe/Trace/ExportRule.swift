/// What to do with a batch after each attempt to send it. Without clock and socket.
struct ExportRule {
    enum Outcome: Equatable {
        case answered(status: Int, retryAfter: Duration?)
        case failed(String)
    }

    enum Action: Equatable {
        case delivered
        case retry(after: Duration)
        case giveUp(String)
    }

    static let attempts = 5
    static let longestPause = Duration.seconds(60)
    private var failures = 0

    /// `jitter` in 0…1 spreads the programs that a collector turned away together.
    mutating func next(_ outcome: Outcome, jitter: Double) -> Action {
        let pause: Duration?
        let reason: String
        switch outcome {
        case .answered(200..<300, _): return .delivered
        case .answered(let status, let retryAfter):
            // What OTLP names as worth another try; anything else would be refused again.
            guard [429, 502, 503, 504].contains(status) else { return .giveUp("the collector answered \(status)") }
            (pause, reason) = (retryAfter, "the collector answered \(status)")
        case .failed(let message): (pause, reason) = (nil, message)
        }
        failures += 1
        guard failures < ExportRule.attempts else { return .giveUp("\(reason), \(failures) times") }
        if let pause, pause > ExportRule.longestPause { return .giveUp("\(reason) and asks for a pause of \(pause)") }
        let backOff = Duration.seconds(1 << (failures - 1)) * (0.5 + jitter / 2)
        return .retry(after: pause ?? backOff)
    }
}
