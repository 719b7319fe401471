import Runtime

/// Something that a person has to answer before the agent goes on.
struct Ask: Sendable, Equatable, Codable {
    enum Kind: String, Sendable, Codable {
        /// May the agent do this?
        case permission
        /// The agent wants to know something.
        case question
        /// Perigee asks what becomes of the run itself: go on, run it again, or leave it.
        case recovery
    }

    /// One of its questions, with what can be chosen; nothing to choose means free text.
    struct Question: Sendable, Equatable, Codable {
        struct Option: Sendable, Equatable, Codable {
            var label: String
            var description = ""
        }

        /// A word or two.
        var header = ""
        var text: String
        var options: [Option] = []
        var allowsSeveral = false
        var allowsOther = true

        private enum CodingKeys: String, CodingKey {
            case header, text, options
            case allowsSeveral = "several"
            case allowsOther = "other"
        }
    }

    /// The engine's own id for it; one run never uses it twice.
    var id: String
    var kind: Kind
    /// In one line.
    var title: String
    var questions: [Question] = []

    // For permissions: what is wanted.
    var permission: String?
    var patterns: [String] = []
    /// What `always` would allow from then on.
    var always: [String] = []
    var tool: String?
    var input: JSONValue?
    var isSubtask = false

    /// Milliseconds since the epoch at which `AskAnswer.expired` answers; nil waits for ever.
    var until: Int64?

    private enum CodingKeys: String, CodingKey {
        case id, kind, title, questions, permission, patterns, always, tool, input, until
        case isSubtask = "subtask"
    }
}

struct AskAnswer: Sendable, Equatable, Codable {
    enum Verdict: String, Sendable, Codable {
        case once, always, reject
        /// A question was answered, in `answers`.
        case answered
        /// The person wants no answer to be given.
        case dismissed
        /// Nobody answered in time.
        case expired
        /// The engine no longer waits for it: it was answered elsewhere, or the turn ended.
        case withdrawn
    }

    let ask: String
    var verdict: Verdict
    /// For each question, the labels that were chosen or the text that was written.
    var answers: [[String]] = []
    /// What the agent is told with a rejection.
    var message: String?
    /// `hook`, `chat`, `site`, `mgmt`, …: where it came from.
    var by: String
}
