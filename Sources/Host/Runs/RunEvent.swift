import Runtime

/// One entry of a run's log. Numbers grow by one, so that a client can say what it has seen.
struct RunEvent: Sendable, Equatable {
    /// From 1.
    let number: Int64
    /// Milliseconds since the epoch.
    let at: Int64
    let body: RunEventBody
}

/// What happened. An engine says it in these words whatever it stands on, and a door turns them into its client's.
///
/// What is large and rare stands aside, so that a piece of text, which comes all the time, is small.
enum RunEventBody: Sendable, Equatable {
    case state(RunState, reason: String)
    /// The next piece of the answer. `part` tells apart texts that have something between them.
    case text(String, part: String)
    case reasoning(String, part: String)
    /// A tool call as it stands now; the same `id` again replaces what was said of it.
    indirect case tool(ToolUse)
    /// The whole list as it stands now.
    case todo([TodoItem])
    indirect case ask(Ask)
    indirect case answer(AskAnswer)
    /// What the run has used so far, in all.
    case usage(Usage)
    case artifact(JSONValue)
    /// Something that people should know and that is no part of the answer. A passing one holds until the turn goes on.
    case notice(String, isPassing: Bool = false)
    /// The answer ends at the model's output limit, and counts as an answer all the same.
    case cut(String)
    indirect case error(RunFailure)
    /// Its place in the queue, from 1, when it gets there.
    case place(Int)
}

/// A call of a tool by the agent, or a subtask of its own.
struct ToolUse: Sendable, Equatable, Codable {
    enum Status: String, Sendable, Codable { case pending, running, completed, failed }

    var id: String
    var name: String
    var status: Status
    /// In a line, when the tool says so.
    var title: String?
    var input: JSONValue = .object([:])
    /// All of it so far; cut to 64 KB from its end.
    var output = ""
    var error: String?
    var seconds: Double?
    /// The agent that does a subtask.
    var agent: String?
    /// Set for what a subtask's own agent calls: the id of the subtask.
    var parent: String?
}

struct TodoItem: Sendable, Equatable, Codable {
    let text: String
    /// `pending`, `in_progress`, `completed` or `cancelled`.
    let status: String
    var priority: String?
}

/// Tokens and dollars.
struct Usage: Sendable, Equatable, Codable {
    /// Cached ones included.
    var input = 0
    /// Reasoning included.
    var output = 0
    var reasoning = 0
    var cached = 0
    /// Nil where the price is not known.
    var cost: Double?

    static func + (one: Usage, other: Usage) -> Usage {
        Usage(
            input: one.input + other.input, output: one.output + other.output,
            reasoning: one.reasoning + other.reasoning, cached: one.cached + other.cached,
            cost: one.cost == nil && other.cost == nil ? nil : (one.cost ?? 0) + (other.cost ?? 0))
    }
}
