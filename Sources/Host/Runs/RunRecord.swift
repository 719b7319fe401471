import Runtime

/// A run as the store knows it. Times are milliseconds since the epoch.
struct RunRecord: Sendable, Equatable {
    let id: String
    /// It never changes and is large, so that all copies share one.
    private let kept: KeptOrder
    var state: RunState
    let createdAt: Int64
    /// When its prompt began; nil while nothing can have happened yet.
    var startedAt: Int64?
    var endedAt: Int64?
    /// How often it was begun.
    var attempts = 0
    var runner: String?
    var session: String?
    /// The engine's own id of the user's message.
    var message: String?
    var usage = Usage()
    var failure: RunFailure?
    /// What a person was asked, while it is blocked.
    var waitingFor: String?
    /// The number of its newest event.
    var lastEvent: Int64 = 0

    var order: RunOrder { kept.order }

    init(
        id: String, order: RunOrder, state: RunState, createdAt: Int64, startedAt: Int64? = nil,
        endedAt: Int64? = nil, attempts: Int = 0, runner: String? = nil, session: String? = nil,
        message: String? = nil, usage: Usage = Usage(), failure: RunFailure? = nil, waitingFor: String? = nil,
        lastEvent: Int64 = 0
    ) {
        self.id = id
        kept = KeptOrder(order)
        self.state = state
        self.createdAt = createdAt
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.attempts = attempts
        self.runner = runner
        self.session = session
        self.message = message
        self.usage = usage
        self.failure = failure
        self.waitingFor = waitingFor
        self.lastEvent = lastEvent
    }
}

private final class KeptOrder: Sendable, Equatable {
    let order: RunOrder

    init(_ order: RunOrder) { self.order = order }

    static func == (one: KeptOrder, other: KeptOrder) -> Bool { one === other || one.order == other.order }
}
