import Runtime

/// Decides in which session a turn goes on, from what the client says and what is remembered of the chat.
///
/// A session that ends with the turn's predecessor is continued. One that went on since then, because the user now
/// regenerates or edits, is forked right before what followed. What lies between the predecessor and the turn, because it
/// failed or somebody else answered it, is handed over. What nobody knows begins anew, with a transcript.
struct SessionPlanner {
    /// Of one user and chat, of all voices, oldest first.
    let nodes: [ChatNode]
    /// The session that an earlier system had for the chat.
    var former: String?

    /// What is done, and why: for people who ask.
    struct Choice: Equatable {
        let plan: SessionPlan
        let reason: String
    }

    /// The last turn of this voice before the one that is planned.
    struct Predecessor {
        let node: ChatNode
        /// How many messages of the history came behind it.
        var missed = 0
    }

    func plan(_ turn: Turn) -> SessionPlan { choose(turn).plan }

    func choose(_ turn: Turn) -> Choice {
        let anew = SessionPlan.fresh(seed: turn.hasHistory)
        guard turn.lineage.keepsSession else { return Choice(plan: anew, reason: "the persona keeps no session") }
        if let found = predecessor(of: turn) { return after(found, turn) }
        guard turn.hasPast else { return Choice(plan: anew, reason: "it is a first message") }
        // It holds what came before, as long as nothing has gone on elsewhere.
        if let former, !nodes.contains(where: { $0.session != nil }) {
            return Choice(plan: .resume(session: former), reason: "an earlier system had this session for the chat")
        }
        return Choice(plan: anew, reason: "no session is known for what was said before")
    }

    private func predecessor(of turn: Turn) -> Predecessor? {
        let own = nodes.filter { $0.voice == turn.lineage.voice }
        let byPath = { PathSearch(nodes: own, turn: turn).predecessor }
        guard turn.lineage.hasIDs else { return byPath() }
        // The same answer goes on: it was cut, or it waited for the user.
        if let message = turn.lineage.message, let node = own.last(where: { $0.isAt(message) && $0.session != nil }) {
            return Predecessor(node: node)
        }
        // A client that names messages and not the one before, or one without any before it.
        guard let parent = turn.lineage.parent else { return byPath() }
        guard !parent.isEmpty else { return nil }
        if let node = revised(turn, own) { return Predecessor(node: node) }
        return placed(turn, own) ?? byPath()
    }

    /// "The same again, but shorter": the answer that is to be revised stands in the history, though the lineage skips it.
    private func revised(_ turn: Turn, _ own: [ChatNode]) -> ChatNode? {
        own.last {
            $0.userMessage == turn.lineage.userMessage && $0.parent == turn.lineage.parent && $0.path == turn.path
                && $0.session != nil
        }
    }

    /// The turn with the answer before this one, or the nearest one before that of this voice which reached a session.
    private func placed(_ turn: Turn, _ own: [ChatNode]) -> Predecessor? {
        var wanted = turn.lineage.parent
        var seen: Set<String> = []
        // Turns on the way whose messages the session has not seen.
        var passed = turn.goesOnWithAnswer ? 1 : 0
        while let id = wanted, !id.isEmpty, seen.insert(id).inserted {
            let node = own.last { $0.isAt(id) }
            if let node, node.session != nil { return Predecessor(node: node, missed: turn.count(ofTurns: passed)) }
            guard let stop = node ?? nodes.last(where: { $0.isAt(id) }) else { return nil }
            // Several voices answered the same message, and the chat went on from another one's answer.
            if let user = stop.userMessage, !user.isEmpty,
                let beside = own.last(where: { $0.userMessage == user && $0.session != nil })
            {
                return Predecessor(node: beside, missed: turn.countBehind(userOfTurn: passed))
            }
            passed += 1
            wanted = stop.parent
        }
        return nil
    }

    private func after(_ found: Predecessor, _ turn: Turn) -> Choice {
        let node = found.node
        guard let session = node.session else { preconditionFailure("a predecessor without a session") }
        let inSession = nodes.filter { $0.session == session && $0.engineMessage != nil }
        let hasContext =
            turn.context != nil && inSession.contains { $0.number <= node.number && $0.context == turn.context }
        let knowing = SessionKnowledge(missed: found.missed, hasContext: hasContext)
        let rest = found.missed == 0 ? "" : ", and is told of \(found.missed) messages in between"
        guard let next = inSession.first(where: { $0.number > node.number }) else {
            return Choice(
                plan: .resume(session: session, knowing: knowing), reason: "it goes on behind run \(node.run)\(rest)")
        }
        return Choice(
            plan: .fork(session: session, before: next.engineMessage, knowing: knowing),
            reason: "it branches off behind run \(node.run), where the session went on\(rest)")
    }
}

extension ChatNode {
    /// Whether the client means its answer by that id.
    func isAt(_ id: String) -> Bool { message == id || laterMessage == id || "resp_\(run)" == id }
}

extension Decision {
    /// As a run's story tells it.
    init(_ choice: SessionPlanner.Choice) {
        var value: JSONObject = ["reason": .string(choice.reason)]
        switch choice.plan {
        case .fresh(let seed):
            value["session"] = "new"
            value["transcript"] = .bool(seed)
        case .resume(let session, _): value["session"] = .string(session)
        case .fork(let session, let before, _):
            value["fork_of"] = .string(session)
            if let before { value["before"] = .string(before) }
        }
        self.init(hook: "session", value: .object(value), generation: 0)
    }
}

extension Lineage {
    /// Whether the client names turns; if not, its history has to tell.
    var hasIDs: Bool { [message, userMessage, parent].contains { $0?.isEmpty == false } }
}
