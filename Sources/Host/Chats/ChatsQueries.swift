import Runtime

/// All SQL about turns of chats.
enum ChatsQueries {
    static let schema: StaticString = """
        CREATE TABLE chat_nodes (
            number BIGINT NOT NULL PRIMARY KEY,
            run TEXT NOT NULL UNIQUE,
            user_key TEXT NOT NULL,
            chat TEXT NOT NULL,
            voice TEXT NOT NULL,
            message TEXT,
            user_message TEXT,
            parent TEXT,
            path TEXT NOT NULL,
            answer TEXT,
            session TEXT,
            engine_message TEXT,
            complete INTEGER NOT NULL,
            at BIGINT NOT NULL
        );
        CREATE INDEX chat_nodes_of_chat ON chat_nodes (user_key, chat, voice, number);
        CREATE INDEX chat_nodes_of_path ON chat_nodes (user_key, path);
        -- For scripts: the turns of chats and the sessions they are in. Times are milliseconds since the epoch.
        CREATE VIEW chat_turns AS
            SELECT number, run, user_key AS user, chat, voice, session, complete, at FROM chat_nodes;
        """

    static let more: StaticString = """
        -- Digest of what the client put before the turn's message.
        ALTER TABLE chat_nodes ADD COLUMN context TEXT;
        -- The client's id of the answer in which the turn went on after a reply in words.
        ALTER TABLE chat_nodes ADD COLUMN later_message TEXT;
        """

    static let pathsAlone: StaticString = """
        DROP INDEX chat_nodes_of_path;
        -- Paths are digests, so each turn in the index costs a page of its own.
        CREATE INDEX chat_nodes_of_path ON chat_nodes (user_key, path) WHERE chat = '';
        """

    /// Of all voices.
    static let ofChat = Query(
        """
        SELECT number, run, voice, message, user_message, parent, path, answer, session, engine_message, context,
            later_message
        FROM chat_nodes WHERE user_key = ? AND chat = ? ORDER BY number
        """, node)
    /// Turns of a client without chats that may stand before one with these paths, and what followed in their sessions.
    static let ofPath = Query(
        """
        SELECT number, run, voice, message, user_message, parent, path, answer, session, engine_message, context,
            later_message
        FROM chat_nodes WHERE user_key = ? AND chat = '' AND voice = ? AND session IN (
            SELECT session FROM chat_nodes
            WHERE user_key = ? AND path IN (?, ?) AND chat = '' AND voice = ?)
        ORDER BY number
        """, node)

    static let enter: Query<Void> = """
        INSERT INTO chat_nodes
            (number, run, user_key, chat, voice, message, user_message, parent, path, context, session, engine_message,
             complete, at)
        SELECT coalesce(max(number), 0) + 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM chat_nodes WHERE 1 = 1
        ON CONFLICT (run) DO UPDATE SET session = excluded.session, engine_message = excluded.engine_message,
            complete = excluded.complete
        """
    static let wentOn: Query<Void> = """
        UPDATE chat_nodes SET later_message = coalesce(?, later_message), path = ?, answer = NULL WHERE run = ?
        """
    static let laterMessage = Query("SELECT later_message FROM chat_nodes WHERE run = ?", String?.self)
    static let answered: Query<Void> = "UPDATE chat_nodes SET answer = ? WHERE run = ?"
    static let unheard = Query(
        """
        SELECT run FROM chat_nodes WHERE user_key = ? AND chat = ? AND voice = ? AND answer IS NULL
            AND (message = ? OR later_message = ?)
        ORDER BY number DESC LIMIT 1
        """, String.self)

    // MARK: clean-up

    /// Chats by their newest turn, the longest unused first. Without an id of its own, each session is a chat.
    static let unused = Query(
        """
        SELECT n.run, n.user_key, n.chat, n.at, g.turns, EXISTS (
            SELECT 1 FROM run_pins p JOIN chat_nodes c ON c.run = p.run
            WHERE c.user_key = n.user_key AND c.chat = n.chat AND (n.chat <> '' OR c.session = n.session))
        FROM chat_nodes n JOIN (
            SELECT max(number) AS newest, count(*) AS turns FROM chat_nodes
            GROUP BY user_key, chat, CASE WHEN chat = '' THEN coalesce(session, run) ELSE '' END) g
            ON n.number = g.newest
        WHERE n.at < ? AND n.run > ? ORDER BY n.run LIMIT ?
        """
    ) { row in
        try ChatSummary(
            newest: row.next(), user: row.next(), chat: row.next(), usedAt: row.next(), turns: row.next(),
            isPinned: row.next())
    }
    /// The chat of a turn, and what keeps it.
    static let standing = Query(
        """
        SELECT t.user_key, t.chat, t.session, (
            SELECT c.run FROM chat_nodes c WHERE c.user_key = t.user_key AND c.chat = t.chat
                AND (t.chat <> '' OR c.session = t.session OR c.run = t.run) ORDER BY c.number DESC LIMIT 1),
            EXISTS (
                SELECT 1 FROM run_pins p JOIN chat_nodes c ON c.run = p.run
                WHERE c.user_key = t.user_key AND c.chat = t.chat AND (t.chat <> '' OR c.session = t.session))
        FROM chat_nodes t WHERE t.run = ?
        """
    ) { row in
        try ChatStanding(
            user: row.next(), chat: row.next(), session: row.next(), newest: row.next(), isPinned: row.next())
    }
    static let forget: Query<Void> = """
        DELETE FROM chat_nodes WHERE user_key = ? AND chat = ? AND (? <> '' OR coalesce(session, run) = ?)
        """

    /// The newest session of each chat of a user.
    static let sessions = Query(
        """
        SELECT chat, session FROM chat_nodes WHERE number IN (
            SELECT max(number) FROM chat_nodes WHERE user_key = ? AND session IS NOT NULL AND chat <> '' GROUP BY chat)
        ORDER BY chat
        """, String.self, String.self)

    @Sendable
    private static func node(_ row: inout Row) throws -> ChatNode {
        try ChatNode(
            number: row.next(), run: row.next(), voice: row.next(), message: row.next(), userMessage: row.next(),
            parent: row.next(), path: row.next(), answer: row.next(), session: row.next(), engineMessage: row.next(),
            context: row.next(), laterMessage: row.next())
    }
}

/// A chat in a list, by the run of its newest turn. Times are milliseconds since the epoch.
struct ChatSummary: Sendable, Equatable {
    let newest: String
    let user: String
    /// Empty where the client has no ids of chats.
    let chat: String
    let usedAt: Int64
    let turns: Int64
    let isPinned: Bool
}

/// What clean-up needs to know of the chat that a turn belongs to.
struct ChatStanding: Sendable, Equatable {
    let user: String
    let chat: String
    let session: String?
    /// The run of its newest turn.
    let newest: String
    let isPinned: Bool
}
