import Runtime

/// Knows in which session of the agent a turn is carried out. Chats keep it; the engine tells what became of it.
@Loop
protocol SessionBook: AnyObject {
    func plan(_ run: RunRecord) async throws -> SessionPlan
    /// A prompt of this run is in a session, answered or not. It is on the disk with whatever is written next, which is the
    /// run's end at the latest.
    func ran(_ run: RunRecord, _ node: SessionNode) async
}

/// Which session a turn goes to.
enum SessionPlan: Sendable, Equatable {
    /// A new one, which is given the conversation so far when `seed` says so.
    case fresh(seed: Bool)
    case resume(session: String, knowing: SessionKnowledge = .all)
    /// A copy of a session from before one of its messages, or of all of it.
    case fork(session: String, before: String?, knowing: SessionKnowledge = .all)
}

/// What a session that goes on has been told already.
struct SessionKnowledge: Sendable, Equatable {
    /// The last messages of the history that it has not seen.
    var missed = 0
    /// The turn's context is known to it.
    var hasContext = false

    static let all = SessionKnowledge()
}

/// Where a turn stands in its session.
struct SessionNode: Sendable, Equatable {
    let session: String
    let userMessage: String
    let answer: String?
    let isComplete: Bool
}
