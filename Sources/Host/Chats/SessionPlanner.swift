import Runtime

/// Decides in which session a turn goes on, from what the client says and what is remembered of the chat.
///
/// A session that ends with the turn's predecessor is continued. One that went on since then, because the user now
/// regenerates or edits, is forked right before what followed. What nobody knows begins anew, with a transcript.
struct SessionPlanner {
    /// Of one user, chat and voice, oldest first.
    let nodes: [ChatNode]
    /// The session that an earlier system had for the chat.
    var former: String?

    /// What a turn says of the conversation before it.
    struct Turn {
        let lineage: Lineage
        /// Digest of the user's messages before it; empty for a first message.
        let path: String
        /// Digest of the answer right before it.
        let lastAnswer: String?
        let hasHistory: Bool
    }

    func plan(_ turn: Turn) -> SessionPlan {
        guard turn.lineage.keepsSession else { return .fresh(seed: turn.hasHistory) }
        let predecessor = turn.lineage.hasIDs ? byID(turn) : byHistory(turn)
        switch predecessor {
        case .none: return .fresh(seed: turn.hasHistory)
        case .unknown:
            // It holds what came before, as long as nothing has gone on elsewhere.
            if let former, nodes.isEmpty { return .resume(session: former) }
            return .fresh(seed: turn.hasHistory)
        case .node(let node): return after(node)
        }
    }

    private enum Predecessor {
        /// It is a first message.
        case none
        case unknown
        case node(ChatNode)
    }

    private func byID(_ turn: Turn) -> Predecessor {
        // The same answer goes on: it was cut, or it waited for the user.
        if let message = turn.lineage.message, let node = placed(message) { return .node(node) }
        guard let parent = turn.lineage.parent, !parent.isEmpty else { return .none }
        if let node = revised(turn) { return .node(node) }
        return placed(parent).map { .node($0) } ?? .unknown
    }

    /// "The same again, but shorter": the answer that is to be revised stands in the history, though the lineage skips it.
    private func revised(_ turn: Turn) -> ChatNode? {
        nodes.last {
            $0.userMessage == turn.lineage.userMessage && $0.parent == turn.lineage.parent && $0.path == turn.path
                && $0.session != nil
        }
    }

    private func byHistory(_ turn: Turn) -> Predecessor {
        guard turn.hasHistory else { return .none }
        let known = nodes.filter { $0.path == turn.path && $0.session != nil && !$0.path.isEmpty }
        if let node = known.last(where: { $0.answer != nil && $0.answer == turn.lastAnswer }) { return .node(node) }
        // Without an id of the chat, equal questions alone prove nothing.
        guard !turn.lineage.chat.isEmpty, let node = known.last else { return .unknown }
        return .node(node)
    }

    /// The turn with that answer, or the nearest one before it that reached a session.
    private func placed(_ message: String) -> ChatNode? {
        var wanted: String? = message
        var seen: Set<String> = []
        while let id = wanted, !id.isEmpty, seen.insert(id).inserted {
            guard let node = nodes.last(where: { $0.message == id || "resp_\($0.run)" == id }) else { return nil }
            if node.session != nil { return node }
            wanted = node.parent
        }
        return nil
    }

    private func after(_ node: ChatNode) -> SessionPlan {
        guard let session = node.session else { return .fresh(seed: true) }
        let next = nodes.first { $0.session == session && $0.number > node.number && $0.engineMessage != nil }
        guard let next else { return .resume(session: session) }
        return .fork(session: session, before: next.engineMessage)
    }
}

extension Lineage {
    /// Whether the client names turns; if not, its history has to tell.
    var hasIDs: Bool { [message, userMessage, parent].contains { $0?.isEmpty == false } }
}
