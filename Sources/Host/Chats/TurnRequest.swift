import Runtime

/// A turn as a door hands it over, whatever protocol it came in.
struct TurnRequest {
    let door: String
    let caller: Caller
    /// As the client named it.
    let model: String
    let facts: ClientFacts
    let messages: [ChatMessage]
    let wishes: AnswerWishes
    /// Fields of the body that are nobody's.
    var extra: JSONObject = [:]
    /// By their names in small letters, without keys and cookies.
    var headers: JSONObject = [:]
    /// The repository that it wants to work on.
    var repo: RepoWish?
    /// More that it wants beside it.
    var otherRepos: [RepoWish] = []
    /// The user's newest message; nil when the request ends with an answer, and asks to go on with it.
    private let newest: ChatMessage?
    /// The newest message as the client sent it.
    let newText: ClientText
    /// The conversation before it, without what tools gave.
    let history: [RunInput.Message]

    init(
        door: String, caller: Caller, model: String, facts: ClientFacts, messages: [ChatMessage],
        wishes: AnswerWishes, headers: JSONObject = [:], repo: RepoWish? = nil
    ) {
        (self.door, self.caller, self.model, self.facts) = (door, caller, model, facts)
        (self.messages, self.wishes, self.headers, self.repo) = (messages, wishes, headers, repo)
        let spoken = messages.filter { $0.role == .user || $0.role == .assistant }
        let last = spoken.last?.role == .user ? spoken.last : nil
        newest = last
        newText = ClientText(last?.text ?? "")
        history = (last == nil ? spoken[...] : spoken.dropLast()).compactMap { message in
            message.role == .assistant && message.text.isEmpty
                ? nil
                : RunInput.Message(
                    role: message.role.rawValue,
                    text: message.role == .user ? ClientText(message.text).words : message.text)
        }
    }

    /// Longer texts are cut for hooks, but for the newest message.
    private static let textLimit = 8 << 10

    /// As hooks see it.
    var hookFacts: JSONValue {
        var fields: JSONObject = [
            "door": .string(door), "user": caller.facts, "model": .string(model),
            "messages": .array(hookMessages), "stream": .bool(wishes.isStreamed),
            "has_tools": .bool(!wishes.tools.isEmpty),
            "meta": .object(facts.meta), "extra": .object(extra), "headers": .object(headers),
        ]
        if let client = facts.client { fields["client"] = .string(client) }
        if let id = facts.modelID { fields["model_id"] = .string(id) }
        if let chat = facts.chat { fields["chat"] = .string(chat) }
        if let task = facts.task { fields["task"] = .string(task) }
        return .object(fields)
    }

    private var hookMessages: [JSONValue] {
        messages.enumerated().map { index, message in
            let text = index == messages.count - 1 ? message.text : message.text.beginning(Self.textLimit)
            var fields: JSONObject = ["role": .string(message.role.rawValue), "text": .string(text)]
            if !message.files.isEmpty { fields["files"] = .integer(Int64(message.files.count)) }
            return .object(fields)
        }
    }

    /// Sessions of one chat are kept apart by it: two models may answer side by side.
    var voice: String { (facts.modelID ?? model) + (repo.map { "@\($0.repo)" } ?? "") }

    /// What a card gave back for one of our own asks, if the request ends with that.
    var cardReply: (place: (run: String, event: Int64), text: String)? {
        // Behind a card's answer Open WebUI puts what it found in documents, as a message of the user without a word.
        let said = messages.last { $0.role != .user || !ClientText($0.text).words.isEmpty || !$0.files.isEmpty }
        guard let last = said, last.role == .tool, let place = last.toolCall.flatMap(AskCard.place(ofCall:))
        else { return nil }
        return (place, last.text)
    }

    // MARK: what is new, and what was before

    static let goOn = "Go on with your last answer exactly where it stopped."

    var newParts: [RunInput.Part] {
        guard let newest else { return [.text(TurnRequest.goOn)] }
        let words = newText.words
        return (words.isEmpty ? [] : [.text(words)]) + newest.files
    }

}

extension TurnRequest {
    /// What a script asks in a user's name.
    @Loop init(_ order: ScriptRunOrder, _ generation: Generation) {
        let source = IdentitySource.script
        let identity = Decision(
            hook: "identify",
            value: [
                "user": .string(order.user), "source": .string(source.rawValue), "reason": "a script started it",
            ], generation: generation.number)
        let model = "open-persona/\(order.persona)"
        var facts = ClientFacts([:], model: model, extra: [:])
        facts.chat = order.chat
        facts.meta = order.meta
        self.init(
            door: "script", caller: Caller(user: order.user, source: source, decision: identity), model: model,
            facts: facts, messages: [ChatMessage(role: .user, text: order.prompt)], wishes: AnswerWishes())
        repo = RepoWish(model: model, headers: [:], extra: [:], meta: order.meta)
    }
}
