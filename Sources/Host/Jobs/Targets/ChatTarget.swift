import Runtime

/// What is remembered of a chat: which turn is in which session. An item's id is the run of the chat's newest turn, which
/// no other chat ever has. A user who comes back to a chat that was forgotten gets a new session with a transcript.
@Loop
final class ChatTarget: GCTarget {
    let kind = "chat"
    private let store: Store
    private let isBusy: (_ user: String, _ chat: String) -> Bool
    private let onRemoved: (_ user: String, _ chat: String) -> Void

    init(
        _ store: Store, isBusy: @escaping (_ user: String, _ chat: String) -> Bool,
        onRemoved: @escaping (_ user: String, _ chat: String) -> Void
    ) {
        self.store = store
        self.isBusy = isBusy
        self.onRemoved = onRemoved
    }

    func check(_ item: PlanEntry) async throws -> GCVerdict {
        let id = item.id
        guard let chat = try await store.read({ try $0.first(ChatsQueries.standing, id) }) else { return .gone }
        return verdict(chat, id)
    }

    func remove(_ item: PlanEntry) async throws -> Int64 {
        let id = item.id
        let busy = isBusy
        guard let chat = try await store.read({ try $0.first(ChatsQueries.standing, id) }), !busy(chat.user, chat.chat)
        else { return 0 }
        let isRemoved = try await store.write { transaction in
            // Looked at again here: a turn may have come in between.
            guard let chat = try transaction.first(ChatsQueries.standing, id), chat.newest == id, !chat.isPinned else {
                return false
            }
            try transaction.run(ChatsQueries.forget, chat.user, chat.chat, chat.chat, chat.session ?? id)
            return true
        }
        if isRemoved { onRemoved(chat.user, chat.chat) }
        return 0
    }

    private func verdict(_ chat: ChatStanding, _ id: String) -> GCVerdict {
        if chat.newest != id { return .stays("it has gone on since") }
        if chat.isPinned { return .stays("one of its runs is pinned") }
        return isBusy(chat.user, chat.chat) ? .stays("a turn of it is under way") : .removable
    }
}
