import Runtime

/// Remembers which turn of which chat is in which session of the engine.
@Loop
final class Chats: SessionBook {
    let store: Store
    private let log: Log
    /// The sessions that an earlier system left for a user's chats.
    var former: @Loop (_ user: String) async throws -> [String: String] = { _ in [:] }
    /// Called when a chat's session changed: for the readable mirror.
    var onChange: ((_ user: String) -> Void)?
    /// Called when all of a chat is forgotten: for what was kept for it alone.
    var onForget: ((_ user: String, _ chat: String) -> Void)?
    /// Told of each choice of a session, for whoever asks why.
    var onChoice: (@Loop (_ run: String, SessionPlanner.Choice) -> Void)?

    /// Digests of the newest answers by run, which may still be on their way to the store.
    private var answers = Recent<String, String>(most: 1024)
    private var recent = RecentChats()
    /// Messages in which runs have asked again what they asked.
    private var askedIn = Recent<String, [String]>(most: 256)

    init(_ store: Store, log: Log) {
        self.store = store
        self.log = log
    }

    // MARK: for engines

    func plan(_ run: RunRecord) async throws -> SessionPlan {
        let input = run.order.input
        guard let lineage = input.lineage else { return .fresh(seed: !input.history.isEmpty) }
        let turn = SessionPlanner.Turn(input, lineage)
        let user = run.order.user
        let found =
            lineage.chat.isEmpty ? try await standing(turn, lineage, user) : try await turns(of: lineage.chat, user)
        note(run, past: turn.path)
        // What an earlier attempt of this very run left counts only where its prompt arrived.
        let nodes = found.filter { $0.run != run.id || $0.session != nil }.map(withAnswer)
        let isNew = !nodes.contains { $0.session != nil }
        let old = isNew && turn.hasHistory ? try await former(user)[lineage.chat] : nil
        let choice = SessionPlanner(nodes: nodes, former: old).choose(turn)
        onChoice?(run.id, choice)
        return choice.plan
    }

    private func turns(of chat: String, _ user: String) async throws -> [ChatNode] {
        let key = RecentChats.Key(user: user, chat: chat)
        if let nodes = recent.nodes(of: key) { return nodes }
        let corrections = recent.corrections
        let stored = try await store.read { try $0.all(ChatsQueries.ofChat, user, chat) }
        return recent.read(stored, of: key, after: corrections)
    }

    /// Of a client without chats.
    private func standing(
        _ turn: SessionPlanner.Turn, _ lineage: Lineage, _ user: String
    ) async throws -> [ChatNode] {
        // A message before that got no answer is passed over.
        let before = turn.pathsBefore.dropLast().last ?? turn.path
        return try await store.read {
            try $0.all(ChatsQueries.ofPath, user, lineage.voice, user, turn.path, before, lineage.voice)
        }
    }

    /// A turn is planned while its predecessor's answer may still be on its way to the disk: so it is kept at hand.
    private func withAnswer(_ node: ChatNode) -> ChatNode {
        guard let digest = answers[node.run] else { return node }
        var node = node
        node.answer = digest
        return node
    }

    /// It is on the disk, or will be with the beginning of its prompt. One that is planned already is known.
    func accepted(_ run: RunRecord) {
        if recent.turn(run.id) == nil { note(run) }
    }

    /// Where a turn stands, for those that are planned before the store has it. `past` is the path of what was said before.
    private func note(_ run: RunRecord, past: String? = nil, _ node: SessionNode? = nil) {
        guard let lineage = run.order.input.lineage, !lineage.chat.isEmpty else { return }
        let input = run.order.input
        let path = past.map { HistoryDigest.path(input.text, after: $0) } ?? recent.turn(run.id)?.path
        var turn = ChatNode(run, lineage, path: path ?? HistoryDigest.path(input.userTexts))
        turn.session = node?.session
        turn.engineMessage = node?.userMessage
        recent.put(turn, in: RecentChats.Key(user: run.order.user, chat: lineage.chat))
    }

    func ran(_ run: RunRecord, _ node: SessionNode) async {
        guard run.order.input.lineage?.keepsSession == true else { return }
        note(run, node)
        do {
            // It goes with the run's end, which the chat's next turn waits for.
            try store.writeLater(bytes: 256) { try Chats.enter(run, node, $0) }
            onChange?(run.order.user)
        } catch {
            // The turn itself is fine; the next one goes on where the one before it was.
            log.error("a turn's session is not remembered", Fault(error), ["run": LogValue(run.id)])
        }
    }

    /// Every turn is remembered from the moment in which it is accepted: one that fails before it reaches a session must
    /// not part those behind it from those before.
    nonisolated static func entering(_ run: RunRecord, _ transaction: Store.Transaction) throws {
        try enter(run, nil, transaction)
    }

    private nonisolated static func enter(
        _ run: RunRecord, _ node: SessionNode?, _ transaction: Store.Transaction
    ) throws {
        let input = run.order.input
        guard let lineage = input.lineage else { return }
        try transaction.run(
            ChatsQueries.enter, run.id, run.order.user, lineage.chat, lineage.voice, lineage.message,
            lineage.userMessage, lineage.parent, HistoryDigest.path(input.userTexts),
            input.context.map(HistoryDigest.context), node?.session, node?.userMessage, node?.isComplete ?? false,
            run.createdAt)
    }

    // MARK: for doors

    /// The answer as the client got it, so that a client without ids is known again by its history.
    func answered(_ run: String, _ text: String) {
        let digest = HistoryDigest.answer(text)
        answers[run] = digest
        do {
            try store.writeLater(bytes: 64) { try $0.run(ChatsQueries.answered, digest, run) }
        } catch {
            log.warning("an answer's digest is not kept: \(Fault(error))", ["run": LogValue(run)])
        }
    }

    /// The user replied in words to what a run asked: it goes on in another answer, behind one more message.
    func wentOn(_ run: String, in message: String?, _ userTexts: [String]) async throws {
        let id = message.flatMap { $0.isEmpty ? nil : $0 }
        let path = HistoryDigest.path(userTexts)
        answers[run] = nil
        askedIn[run] = nil
        try await store.write { try $0.run(ChatsQueries.wentOn, id, path, run) }
        recent.drop(run)
    }

    /// The user's reply was not understood, and the same was asked in one more message.
    func askedAgain(_ run: String, in message: String?) {
        if let message, !message.isEmpty { askedIn[run] = (askedIn[run] ?? []) + [message] }
    }

    /// The client's ids of the messages in which a run asks what it asks just now.
    func messages(of run: RunRecord) async throws -> [String] {
        let later = try await store.read { try $0.first(ChatsQueries.laterMessage, run.id) } ?? nil
        return [later ?? run.order.input.lineage?.message].compactMap { $0 } + (askedIn[run.id] ?? [])
    }

    /// The run before a turn, by the client's ids, whose answer the client has not had all of, as far as is known.
    func unheard(before lineage: Lineage, of user: String) async throws -> String? {
        guard let parent = lineage.parent, !parent.isEmpty else { return nil }
        let known = recent.nodes(of: RecentChats.Key(user: user, chat: lineage.chat))?.last {
            $0.voice == lineage.voice && $0.isAt(parent)
        }
        if let known, withAnswer(known).answer != nil { return nil }
        let run = try await store.read { snapshot in
            try snapshot.first(ChatsQueries.unheard, user, lineage.chat, lineage.voice, parent, parent)
        }
        return run.flatMap { answers[$0] == nil ? $0 : nil }
    }

    /// The store has forgotten it, or all chats of a user.
    func forgetRecent(of user: String, _ chat: String? = nil) {
        recent.forget { $0.user == user && (chat == nil || $0.chat == chat) }
    }

    /// The newest session of each of a user's chats.
    func sessions(of user: String) async throws -> [(chat: String, session: String)] {
        try await store.read { try $0.all(ChatsQueries.sessions, user) }.map { (chat: $0.0, session: $0.1) }
    }
}

extension RunInput {
    /// What the user wrote, this turn's message last.
    var userTexts: [String] { history.filter { $0.role == "user" }.map(\.text) + [text] }

    /// The text of what is new.
    var text: String { parts.compactMap(\.text).joined(separator: "\n") }
}
