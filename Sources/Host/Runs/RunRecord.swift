import Runtime

/// A run as the store knows it. Times are milliseconds since the epoch.
struct RunRecord: Sendable, Equatable {
    let id: String
    let order: RunOrder
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
}
