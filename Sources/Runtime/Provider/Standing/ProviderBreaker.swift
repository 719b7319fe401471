/// Keeps calls away from a provider that fails again and again, and lets one through now and then to find out whether it
/// is back. Moments come in; there is no clock in it.
public struct ProviderBreaker: Sendable, Equatable {
    public enum State: String, Sendable {
        case closed
        /// One call may find out.
        case halfOpen = "half_open"
        case open
    }

    /// Failures in a row that open it.
    static let patience = 3
    static let shortestPause = Duration.seconds(15)
    /// Each trial that fails doubles the pause, up to here.
    static let longestPause = Duration.seconds(300)

    private var failures = 0
    private var pause = shortestPause
    private var openUntil: Instant?
    private var isTrying = false

    public init() {}

    public func state(at now: Instant) -> State {
        guard let openUntil else { return .closed }
        // While one call finds out, the others wait for what it finds.
        return now < openUntil || isTrying ? .open : .halfOpen
    }

    /// How long it stays open; nil where a call may be made.
    public func wait(at now: Instant) -> Duration? {
        guard let openUntil, state(at: now) == .open else { return nil }
        return max(openUntil - now, .seconds(1))
    }

    /// A call is made. The owner's rule may make one although it is open.
    mutating func began(at now: Instant) {
        if state(at: now) == .halfOpen { isTrying = true }
    }

    mutating func succeeded() { self = ProviderBreaker() }

    /// `told` is how long the provider asked to be left alone.
    mutating func failed(at now: Instant, told: Duration? = nil) {
        let wasOpen = openUntil != nil
        isTrying = false
        failures += 1
        if let told, told > .zero {
            openUntil = now + told
        } else if wasOpen {
            pause = min(pause * 2, ProviderBreaker.longestPause)
            openUntil = now + pause
        } else if failures >= ProviderBreaker.patience {
            openUntil = now + pause
        }
    }

    /// The call ended without telling anything about the provider.
    mutating func toldNothing() { isTrying = false }
}
