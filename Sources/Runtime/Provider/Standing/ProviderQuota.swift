/// So many calls in a window that the first of them begins. Moments come in; there is no clock in it.
public struct ProviderQuota: Sendable, Equatable {
    public let limit: Int
    public let window: Duration
    private var count = 0
    private var began: Instant?

    public init(limit: Int, window: Duration) {
        self.limit = limit
        self.window = window
    }

    public func used(at now: Instant) -> Int { isOver(at: now) ? 0 : count }

    /// Until the window ends; nothing while none has begun.
    public func resetsIn(at now: Instant) -> Duration {
        guard let began, !isOver(at: now) else { return .zero }
        return began + window - now
    }

    mutating func count(at now: Instant) {
        if isOver(at: now) {
            began = now
            count = 0
        }
        count += 1
    }

    private func isOver(at now: Instant) -> Bool { began.map { now >= $0 + window } ?? true }
}
