import Runtime

/// What is asked for: all that a run is begun with, kept with it and never changed.
struct RunOrder: Sendable, Equatable {
    var door: String
    /// Which engine performs it, by `Engine.name`.
    var engine: String
    /// The user's key, and their workspace's id.
    var user: String
    var workspace: String
    /// The id of the API key that it came with. Only for the books of usage: it is not read back.
    var key: String?
    var persona: String?
    /// The client's id of the chat.
    var chat: String?
    /// Runs of the same lane are carried out one after the other, in the order in which they were accepted.
    var lane: String?
    /// As the client named it.
    var model: String?
    var title: String?
    /// What was asked, for people; cut to 16 KB.
    var prompt: String
    /// Whether a person is there to answer.
    var isAttended = true
    var input: RunInput
    /// What the client attached; not to be trusted.
    var meta: JSONObject = [:]
    /// What hooks decided on the way here.
    var decisions: [Decision] = []
}

/// What the engine is given.
struct RunInput: Sendable, Equatable, Codable {
    struct Part: Sendable, Equatable, Codable {
        /// Text, or nil for a file.
        var text: String?
        /// A file's media type, its `data:` or `file:` address, and its name.
        var mime: String?
        var url: String?
        var filename: String?

        static func text(_ text: String) -> Part { Part(text: text) }
    }

    struct Message: Sendable, Equatable, Codable {
        /// `user` or `assistant`.
        var role: String
        var text: String
    }

    /// The agent's name as the engine knows it: `build`, `plan`, or a persona's.
    var agent = "build"
    /// As provider/model; nil leaves it to the agent's configuration.
    var model: String?
    /// The whole system prompt: the locked core first, the user's own settings below it.
    var system: String?
    /// What is new: the user's message.
    var parts: [Part]
    /// What the client put before it, such as what it found in the user's documents. A session is told of it once.
    var context: String?
    /// Names of what the user attached to it in the client.
    var attached: [String]?
    /// The conversation before it, oldest first, for engines without a session and for new sessions of old chats.
    var history: [Message] = []
    /// Where in its chat this turn stands; nil for a run that is no turn of a chat, which gets a session of its own.
    var lineage: Lineage?
    var directory: String
    /// Who shares its runner, as `RunnerShare.Kind` names it; nil for all chats of its user.
    var isolation: String?
    /// The worktree that the directory is, where the run works on a repository.
    var worktree: WantedWorktree?
    /// A JSON schema that the answer must have.
    var schema: JSONValue?
    var reasoningEffort: String?
    // For engines that ask a model themselves; an agent has them from its own configuration.
    var temperature: Double?
    var maxTokens: Int?
    /// The agent's tools that it may not use.
    var withoutTools: [String]?
    /// A model's key for this run alone, sealed, in base64.
    var sealedKey: String?
    var bounds: RunBounds?

    /// What `sealedKey` is sealed for.
    static let keyPurpose = "a model's key of one run"

    /// What stands beside the user's own words, in one text.
    func beside(withContext: Bool = true) -> String? {
        let names = attached ?? []
        let named = names.isEmpty ? nil : "The user attached: \(names.joined(separator: ", "))."
        let texts = [withContext ? context : nil, named].compactMap { $0 }
        return texts.isEmpty ? Optional.none : texts.joined(separator: "\n\n")
    }
}

/// Where in its chat a turn stands, as the client tells it. Without ids only `history` of the input speaks.
struct Lineage: Sendable, Equatable, Codable {
    /// The client's id of the chat.
    var chat: String
    /// Sessions are kept apart by it: a persona, or a model.
    var voice: String
    /// The answer's own id, the user's message's and that of the answer before it.
    var message: String?
    var userMessage: String?
    var parent: String?
    /// False: the session is not kept for the next turn.
    var keepsSession = true
}
