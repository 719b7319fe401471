import Runtime

/// Tells whether a message stands right behind the answer of a run that asks something, so that its words are meant for
/// that run. A message that was edited, or that goes on elsewhere in the chat, answers nothing.
struct ReplyStanding {
    /// The client says where its messages stand in the chat.
    let namesTurns: Bool
    /// The answer before the message, as the client names it.
    let parent: String?
    /// What was said right before the message, for clients that name nothing.
    let before: String?

    /// `messages` are those in which it asks, by the client's ids.
    func follows(run: String, messages: [String]) -> Bool {
        guard namesTurns else { return before.flatMap(AskCard.run(inLine:)) == run }
        guard let parent, !parent.isEmpty else { return false }
        return messages.contains(parent) || parent == "resp_\(run)"
    }
}

extension TurnRequest {
    var standing: ReplyStanding {
        // A channel puts what was said before it into the instructions.
        let speaker: ChatMessage.Role = facts.isChannel ? .system : .assistant
        return ReplyStanding(
            namesTurns: facts.namesTurns, parent: facts.parent, before: messages.last { $0.role == speaker }?.text)
    }

    /// The words of the newest message. A channel says first who speaks, and to whom.
    var reply: String? {
        guard messages.last?.role == .user, let text = newParts.first?.text else { return nil }
        guard facts.isChannel, let mark = text.firstRange(of: ": ") else { return text }
        return text[mark.upperBound...].split(separator: " ").drop { $0.hasPrefix("@") }.joined(separator: " ")
    }
}
