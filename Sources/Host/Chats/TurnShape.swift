import Runtime

/// What a door, or a script, makes of a turn that is no message of a chat.
struct TurnShape {
    var isAttended = true
    var title: String?
    /// Once it is known which engine carries it out, before that engine is made ready; gives the workspace as it is then.
    var placed: @Loop (_ engine: String, Workspace) async throws -> Workspace = { $1 }
    /// Has the last word on the order, and gives what is to be told of it.
    var finish: @Loop (inout RunOrder) throws -> [String] = { _ in [] }
    /// Written with the run.
    var beside: @Sendable (RunRecord, Store.Transaction) throws -> Void = Chats.entering
}
