import Runtime

/// Remembers which turn of which chat is in which session of the engine.
@Loop
final class Chats: SessionBook {
    private let store: Store
    private let log: Log
    private let now: @Loop () -> Int64
    /// The sessions that an earlier system left for a user's chats.
    var former: @Loop (_ user: String) async throws -> [String: String] = { _ in [:] }
    /// Called when a chat's session changed: for the readable mirror.
    var onChange: ((_ user: String) -> Void)?

    init(_ store: Store, log: Log, now: @escaping @Loop () -> Int64) {
        self.store = store
        self.log = log
        self.now = now
    }

    // MARK: for engines

    func plan(_ run: RunRecord) async throws -> SessionPlan {
        let input = run.order.input
        guard let lineage = input.lineage else { return .fresh(seed: !input.history.isEmpty) }
        let turn = SessionPlanner.Turn(input, lineage)
        let user = run.order.user
        let nodes = try await store.read { snapshot in
            if lineage.chat.isEmpty {
                try snapshot.all(ChatsQueries.ofPath, user, lineage.voice, user, turn.path, lineage.voice)
            } else {
                try snapshot.all(ChatsQueries.ofChat, user, lineage.chat, lineage.voice)
            }
        }
        let old = nodes.isEmpty && turn.hasHistory ? try await former(user)[lineage.chat] : nil
        return SessionPlanner(nodes: nodes, former: old).plan(turn)
    }

    func ran(_ run: RunRecord, _ node: SessionNode) async {
        guard let lineage = run.order.input.lineage, lineage.keepsSession else { return }
        let path = HistoryDigest.path(run.order.input.userTexts)
        let (user, moment) = (run.order.user, now())
        do {
            try await store.write { transaction in
                try transaction.run(
                    ChatsQueries.enter, run.id, user, lineage.chat, lineage.voice, lineage.message,
                    lineage.userMessage, lineage.parent, path, node.session, node.userMessage, node.isComplete, moment)
            }
            onChange?(user)
        } catch {
            // The turn itself is fine; the next one begins a new session with a transcript.
            log.error("a turn's session is not remembered", Fault(error), ["run": LogValue(run.id)])
        }
    }

    // MARK: for doors

    /// The answer as the client got it, so that a client without ids is known again by its history.
    func answered(_ run: String, _ text: String) {
        let digest = HistoryDigest.answer(text)
        do {
            try store.writeLater(bytes: 64) { try $0.run(ChatsQueries.answered, digest, run) }
        } catch {
            log.warning("an answer's digest is not kept: \(Fault(error))", ["run": LogValue(run)])
        }
    }

    /// The newest session of each of a user's chats.
    func sessions(of user: String) async throws -> [(chat: String, session: String)] {
        try await store.read { try $0.all(ChatsQueries.sessions, user) }.map { (chat: $0.0, session: $0.1) }
    }
}

extension SessionPlanner.Turn {
    init(_ input: RunInput, _ lineage: Lineage) {
        self.init(
            lineage: lineage, path: HistoryDigest.path(input.history.lazy.filter { $0.role == "user" }.map(\.text)),
            lastAnswer: input.history.last { $0.role == "assistant" }.map { HistoryDigest.answer($0.text) },
            hasHistory: !input.history.isEmpty)
    }
}

extension RunInput {
    /// What the user wrote, this turn's message last.
    var userTexts: [String] { history.filter { $0.role == "user" }.map(\.text) + [text] }

    /// The text of what is new.
    var text: String { parts.compactMap(\.text).joined(separator: "\n") }
}
