import Runtime

extension SessionPlanner {
    /// What a turn says of the conversation before it.
    struct Turn {
        let lineage: Lineage
        /// What was said before it, oldest first.
        let history: [RunInput.Message]
        /// Digest of what the client put before the turn's message.
        var context: String?
        /// It brings no message, and asks for more of the last answer.
        var goesOnWithAnswer = false
        /// Digest of the user's messages before it; empty for a first message.
        let path: String

        init(
            lineage: Lineage, history: [RunInput.Message], context: String? = nil, goesOnWithAnswer: Bool = false
        ) {
            self.lineage = lineage
            self.history = history
            self.context = context
            self.goesOnWithAnswer = goesOnWithAnswer
            path = HistoryDigest.path(history.lazy.filter { $0.role == "user" }.map(\.text))
        }

        init(_ input: RunInput, _ lineage: Lineage) {
            self.init(
                lineage: lineage, history: input.history, context: input.context.map(HistoryDigest.context),
                goesOnWithAnswer: input.parts.first?.text == TurnRequest.goOn)
        }

        var hasHistory: Bool { !history.isEmpty }

        /// Whether anything comes before it.
        var hasPast: Bool {
            guard lineage.hasIDs, let parent = lineage.parent else { return hasHistory }
            return !parent.isEmpty
        }

        /// The path at each of the user's messages, oldest first.
        var pathsBefore: [String] {
            users.reduce(into: []) { $0.append(HistoryDigest.path(history[$1].text, after: $0.last ?? "")) }
        }

        /// Places of the user's messages in the history.
        var users: [Int] { history.indices.filter { history[$0].role == "user" } }

        /// How many messages the last turns make.
        func count(ofTurns turns: Int) -> Int {
            guard turns > 0 else { return 0 }
            let users = users
            return turns > users.count ? history.count : history.count - users[users.count - turns]
        }

        /// How many messages come behind the user's message of a turn, counted from the last, which is 0.
        func countBehind(userOfTurn turn: Int) -> Int {
            let users = users
            return turn >= users.count ? history.count : history.count - users[users.count - 1 - turn] - 1
        }
    }
}

/// Finds where a turn stands by what the user has written in the chat, for clients that name no messages, and for
/// messages that nobody knows because Perigee never saw them.
struct PathSearch {
    /// Of one voice, oldest first.
    let nodes: [ChatNode]
    let turn: SessionPlanner.Turn

    /// The newest message of the user at which exactly one turn stands; where several do, the answer tells.
    var predecessor: SessionPlanner.Predecessor? {
        let users = turn.users
        let paths = turn.pathsBefore
        for (index, path) in paths.enumerated().reversed() {
            let end = index + 1 < users.count ? users[index + 1] : turn.history.count
            let answer = turn.history[users[index]..<end].last { $0.role == "assistant" }?.text
            let known = nodes.filter { $0.path == path && $0.session != nil }
            if let node = chosen(known, answer, isLast: index == paths.count - 1) {
                return SessionPlanner.Predecessor(node: node, missed: turn.history.count - end)
            }
            // Without an id of the chat only what got no answer may be passed over.
            guard !turn.lineage.chat.isEmpty || known.isEmpty && answer == nil else { return nil }
        }
        return nil
    }

    private func chosen(_ known: [ChatNode], _ answer: String?, isLast: Bool) -> ChatNode? {
        let digest = answer.map(HistoryDigest.answer)
        if let node = known.last(where: { $0.answer != nil && $0.answer == digest }) { return node }
        // Without an id of the chat, equal questions alone prove nothing.
        guard !turn.lineage.chat.isEmpty else { return nil }
        return known.count == 1 || isLast && !turn.lineage.hasIDs ? known.last : nil
    }
}
