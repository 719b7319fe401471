import Runtime

extension ChatsQueries {
    /// Chats by their first turn, the newest chat first, older than one of them. Without an id of its own, each session is
    /// a chat.
    static let listed = Query(
        """
        SELECT f.run, n.run, n.user_key, n.chat, f.at, n.at, g.turns, n.session, r.title, r.persona, r.model, EXISTS (
            SELECT 1 FROM run_pins p JOIN chat_nodes c ON c.run = p.run
            WHERE c.user_key = n.user_key AND c.chat = n.chat AND (n.chat <> '' OR c.session = n.session))
        FROM (
            SELECT min(number) AS oldest, max(number) AS newest, count(*) AS turns FROM chat_nodes
            WHERE (? = '' OR user_key = ?)
            GROUP BY user_key, chat, CASE WHEN chat = '' THEN coalesce(session, run) ELSE '' END) g
            JOIN chat_nodes f ON f.number = g.oldest JOIN chat_nodes n ON n.number = g.newest
            LEFT JOIN runs r ON r.id = n.run
        WHERE f.run < ? ORDER BY f.run DESC LIMIT ?
        """, entry)
    static let oldestOf = Query(
        """
        SELECT c.run FROM chat_nodes t JOIN chat_nodes c ON c.user_key = t.user_key AND c.chat = t.chat
            AND (t.chat <> '' OR c.session = t.session OR c.run = t.run)
        WHERE t.run = ? ORDER BY c.number LIMIT 1
        """, String.self)
    static let turnsOf = Query(
        """
        SELECT c.run, c.session, c.voice, c.complete, c.at, r.state FROM chat_nodes t
            JOIN chat_nodes c ON c.user_key = t.user_key AND c.chat = t.chat
            AND (t.chat <> '' OR c.session = t.session OR c.run = t.run) LEFT JOIN runs r ON r.id = c.run
        WHERE t.run = ? ORDER BY c.number DESC LIMIT ?
        """
    ) { row in
        try ListedTurn(
            run: row.next(), session: row.next(), voice: row.next(), isComplete: row.next(), at: row.next(),
            state: row.next())
    }

    @Sendable
    private static func entry(_ row: inout Row) throws -> ListedChat {
        try ListedChat(
            id: row.next(), newest: row.next(), user: row.next(), chat: row.next(), startedAt: row.next(),
            usedAt: row.next(), turns: row.next(), session: row.next(), title: row.next(), persona: row.next(),
            model: row.next(), isPinned: row.next())
    }
}

/// A chat for doors. Its id is the run of its first turn, which stays while the chat goes on. Times are milliseconds since
/// the epoch.
struct ListedChat: Sendable, Equatable {
    let id: String
    let newest: String
    let user: String
    /// The client's own id of it; empty where the client has none.
    let chat: String
    let startedAt: Int64
    let usedAt: Int64
    let turns: Int64
    let session: String?
    /// Of its newest turn, as long as that run is kept.
    let title: String?
    let persona: String?
    let model: String?
    let isPinned: Bool
}

struct ListedTurn: Sendable, Equatable {
    let run: String
    let session: String?
    let voice: String
    let isComplete: Bool
    let at: Int64
    /// Nil when its run was cleared away.
    let state: String?
}
