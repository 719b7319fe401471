import Runtime

/// What an engine with sessions asks about the chat that a run is a turn of, and tells about what came of it.
@Loop
protocol SessionBook: AnyObject {
    /// Where the turn goes on.
    func plan(_ run: RunRecord) async throws -> SessionPlan
    /// The turn's prompt is in a session; told again when more is known.
    func ran(_ run: RunRecord, _ node: SessionNode) async
}

/// Where a turn goes on.
enum SessionPlan: Sendable, Equatable {
    /// In a new session; with `seed` it begins with a transcript of the conversation so far.
    case fresh(seed: Bool)
    case resume(session: String)
    /// In a copy of a session that ends right before one of its messages; the whole of it without `before`.
    case fork(session: String, before: String?)
}

/// A turn as the engine knows it.
struct SessionNode: Sendable, Equatable {
    let session: String
    /// The engine's id of the user's message.
    let userMessage: String?
    /// The engine's id of its last answer to it.
    let answer: String?
    let isComplete: Bool
}
