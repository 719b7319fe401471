import Runtime

/// One event of a streamed answer, as it goes out.
struct StreamFrame: Sendable, Equatable {
    var event: String?
    let data: [UInt8]

    init(_ data: [UInt8], event: String? = nil) {
        self.data = data
        self.event = event
    }
}

/// Tells what an agent does in the words of one API. A state machine without a clock or a socket: what it returns is to
/// be sent, in this order.
protocol Narrator {
    /// All text so far, as the client has it.
    var content: String { get }

    /// Before anything has happened.
    mutating func begin() -> [StreamFrame]
    mutating func text(_ text: String, part: String) -> [StreamFrame]
    mutating func reasoning(_ text: String, part: String) -> [StreamFrame]
    /// A tool as it stands now, and how it is shown.
    mutating func tool(_ tool: ToolUse, _ rendering: Rendering) -> [StreamFrame]
    /// A line that people should see and that is no part of the answer. A passing one goes when the turn goes on.
    mutating func notice(_ text: String, isPassing: Bool) -> [StreamFrame]
    /// The turn goes on: what was passing has passed.
    mutating func goesOn() -> [StreamFrame]
    /// Text of our own between the agent's.
    mutating func block(_ text: String) -> [StreamFrame]
    /// Everything that is shown as under way is shown as ended, for this reason.
    mutating func closeItems(_ reason: String) -> [StreamFrame]
    /// Has the client ask its user.
    mutating func ask(call id: String, name: String, arguments: String) -> [StreamFrame]
    /// All of it at once, for a client that wants no stream.
    mutating func whole(_ finish: ChatChunks.Finish, reasoning: String, usage: Usage?) throws -> [UInt8]
    /// The end of it all.
    mutating func end(_ ending: ChatReply.Ending, usage: Usage?) throws -> [StreamFrame]
}

extension Narrator {
    mutating func notice(_ text: String) -> [StreamFrame] { notice(text, isPassing: false) }
    mutating func closeItems() -> [StreamFrame] { closeItems("This was still running when the answer ended.") }
}
