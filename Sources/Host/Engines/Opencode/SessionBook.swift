import Runtime

/// Knows in which session of the agent a turn is carried out. Chats keep it; the engine tells what became of it.
@Loop
protocol SessionBook: AnyObject {
    func plan(_ run: RunRecord) async throws -> SessionPlan
    /// A prompt of this run is in a session, answered or not.
    func ran(_ run: RunRecord, _ node: SessionNode) async
}

/// Which session a turn goes to.
enum SessionPlan: Sendable, Equatable {
    /// A new one, which is given the conversation so far when `seed` says so.
    case fresh(seed: Bool)
    case resume(session: String)
    /// A copy of a session from before one of its messages, or of all of it.
    case fork(session: String, before: String?)
}

/// Where a turn stands in its session.
struct SessionNode: Sendable, Equatable {
    let session: String
    let userMessage: String
    let answer: String?
    let isComplete: Bool
}
