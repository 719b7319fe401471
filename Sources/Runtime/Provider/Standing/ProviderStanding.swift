/// How a provider does just now: what a choice between several goes by.
public struct ProviderStanding: Sendable, Equatable {
    public private(set) var breaker = ProviderBreaker()
    public private(set) var quota: ProviderQuota?
    /// Calls under way.
    public private(set) var inFlight = 0
    /// Seconds to the first token, of late.
    public private(set) var latency: Double?

    /// How much the newest call counts.
    private static let weight = 0.3

    public init(quota: ProviderQuota? = nil) { self.quota = quota }

    public mutating func began(at now: Instant) {
        inFlight += 1
        quota?.count(at: now)
        breaker.began(at: now)
    }

    public mutating func answered(after time: Duration) {
        let seconds = time.inSeconds
        latency = latency.map { $0 + (seconds - $0) * ProviderStanding.weight } ?? seconds
    }

    /// Nil for a call that ended well.
    public mutating func ended(at now: Instant, with failure: ProviderFailure?) {
        inFlight -= 1
        guard let failure else { return breaker.succeeded() }
        switch failure.kind {
        case .rateLimited, .overloaded: breaker.failed(at: now, told: failure.retryAfter.map { .seconds($0) })
        case .unauthorized, .misconfigured, .timeout, .broken: breaker.failed(at: now)
        // It works, and did not like what was asked.
        case .contextOverflow, .contentFiltered, .refused, .modelMissing: breaker.succeeded()
        case .cancelled: breaker.toldNothing()
        }
    }
}

extension ProviderFailure {
    /// Whether another provider may well answer what this one did not.
    public var concernsProvider: Bool {
        switch kind {
        case .rateLimited, .unauthorized, .overloaded, .modelMissing, .misconfigured, .timeout, .broken: true
        case .contextOverflow, .contentFiltered, .refused, .cancelled: false
        }
    }
}
