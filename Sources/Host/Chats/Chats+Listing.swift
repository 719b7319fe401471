import Runtime

extension Chats {
    /// The newest first; of one user if they are named.
    func list(user: String?, before: String, limit: Int) async throws -> [ListedChat] {
        // Ids are made of digits and the letters a to f.
        let (user, before) = (user ?? "", before.isEmpty ? "z" : before)
        return try await store.read { try $0.all(ChatsQueries.listed, user, user, before, limit) }
    }

    /// By the run of any of its turns; of one user if they are named.
    func get(_ id: String, user: String?) async throws -> (chat: ListedChat, turns: [ListedTurn]) {
        let found = try await store.read { snapshot -> (ListedChat?, [ListedTurn]) in
            guard let standing = try snapshot.first(ChatsQueries.standing, id),
                let oldest = try snapshot.first(ChatsQueries.oldestOf, id)
            else { return (nil, []) }
            let chats = try snapshot.all(ChatsQueries.listed, standing.user, standing.user, oldest + "0", 1)
            return (chats.first { $0.id == oldest }, try snapshot.all(ChatsQueries.turnsOf, id, 500))
        }
        guard let chat = found.0, user == nil || chat.user == user else {
            throw Fault(.notFound, "there is no chat \"\(id.prefix(80))\"", hint: "GET /mgmt/chats lists them")
        }
        return (chat, found.1)
    }

    /// Forgets which turns are in which session. The client has the text, and its next turn begins a new session with it.
    func forget(_ chat: ListedChat) async throws {
        let target = ChatTarget(
            store, isBusy: { _, _ in false }, onRemoved: { [weak self] in self?.forgot($1, of: $0) })
        _ = try await target.remove(PlanEntry(action: .remove, kind: "chat", id: chat.newest, reason: "asked for"))
        let isThere = try await store.read { try $0.first(ChatsQueries.standing, chat.newest) } != nil
        guard !isThere else {
            throw Fault(
                .conflict, "the chat \(chat.id) has gone on, or one of its runs is pinned", hint: "look at it again")
        }
    }

    /// Tells who keeps something of it.
    func forgot(_ chat: String, of user: String) {
        forgetRecent(of: user, chat)
        onChange?(user)
        onForget?(user, chat)
    }
}
