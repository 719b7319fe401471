import Runtime

/// All SQL about those who were here, and those who were removed.
enum UsersQueries {
    static let schema: StaticString = """
        CREATE TABLE users (
            id TEXT NOT NULL PRIMARY KEY,
            user_key TEXT NOT NULL,
            name TEXT,
            email TEXT,
            source TEXT NOT NULL,
            first_seen BIGINT NOT NULL,
            last_seen BIGINT NOT NULL
        );
        INSERT INTO users (id, user_key, source, first_seen, last_seen)
            SELECT id, owner, 'workspace', created_at, last_used_at FROM workspaces;
        CREATE TABLE removed_users (
            id TEXT NOT NULL PRIMARY KEY,
            workspace TEXT NOT NULL,
            user_key TEXT NOT NULL,
            name TEXT,
            email TEXT,
            source TEXT NOT NULL,
            first_seen BIGINT NOT NULL,
            last_seen BIGINT NOT NULL,
            removed_at BIGINT NOT NULL,
            -- The directory of the workspace below its root.
            folder TEXT,
            -- `removing` until all is aside.
            state TEXT NOT NULL
        );
        """

    static let see: Query<Void> = """
        INSERT INTO users (id, user_key, name, email, source, first_seen, last_seen) VALUES (?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (id) DO UPDATE SET name = coalesce(excluded.name, users.name),
            email = coalesce(excluded.email, users.email), source = excluded.source, last_seen = excluded.last_seen
        """
    static let page = Query(
        """
        SELECT id, user_key, name, email, source, first_seen, last_seen FROM users WHERE id > ? ORDER BY id LIMIT ?
        """, user)
    static let one = Query(
        "SELECT id, user_key, name, email, source, first_seen, last_seen FROM users WHERE id = ?", user)
    static let drop: Query<Void> = "DELETE FROM users WHERE id = ?"

    // MARK: removal

    static let beginRemoval: Query<Void> = """
        INSERT INTO removed_users (id, workspace, user_key, name, email, source, first_seen, last_seen, removed_at,
            folder, state)
        SELECT ?, id, user_key, name, email, source, first_seen, last_seen, ?,
            (SELECT folder FROM workspaces WHERE workspaces.id = users.id), 'removing'
        FROM users WHERE id = ?
        """
    static let unfinished = Query(
        """
        SELECT id, workspace, user_key, name, email, source, first_seen, last_seen, removed_at, folder
        FROM removed_users WHERE state = 'removing' ORDER BY id
        """, removal)
    static let aside = Query(
        """
        SELECT id, workspace, user_key, name, email, source, first_seen, last_seen, removed_at, folder
        FROM removed_users WHERE state = 'aside' AND id > ? ORDER BY id LIMIT ?
        """, removal)
    static let removed = Query(
        """
        SELECT id, workspace, user_key, name, email, source, first_seen, last_seen, removed_at, folder
        FROM removed_users WHERE state = 'aside' AND id = ?
        """, removal)
    static let putAside: Query<Void> = "UPDATE removed_users SET state = 'aside' WHERE id = ?"
    static let dropRemoved: Query<Void> = "DELETE FROM removed_users WHERE id = ?"

    static let forgetChats: Query<Void> = "DELETE FROM chat_nodes WHERE user_key = ?"
    static let forgetAgents: Query<Void> = "DELETE FROM workspace_agents WHERE workspace = ?"
    static let forgetWorkspace: Query<Void> = "DELETE FROM workspaces WHERE id = ?"
    /// Runs of before their removal; a user who came back has others.
    static let runs = Query(
        "SELECT id FROM runs WHERE user_key = ? AND created_at <= ? AND ended_at IS NOT NULL ORDER BY id LIMIT ?",
        String.self)
    static let unpin: Query<Void> = "DELETE FROM run_pins WHERE run = ?"
    static let forgetKeys: Query<Void> = "DELETE FROM api_keys WHERE owner = ? AND revoked_at <= ?"
    static let forgetUsage: Query<Void> = "DELETE FROM usage WHERE user_key = ? AND day <= ?"

    @Sendable
    private static func user(_ row: inout Row) throws -> UserState {
        try UserState(
            id: row.next(), user: row.next(), name: row.next(), email: row.next(), source: row.next(),
            firstSeen: row.next(), lastSeen: row.next())
    }

    @Sendable
    private static func removal(_ row: inout Row) throws -> RemovedUser {
        let (id, workspace): (String, String) = try (row.next(), row.next())
        var user = try UserState(
            id: id, user: row.next(), name: row.next(), email: row.next(), source: row.next(), firstSeen: row.next(),
            lastSeen: row.next())
        user.removedAt = try row.next(Int64.self)
        return RemovedUser(state: user, workspace: workspace, folder: try row.next())
    }
}

/// Somebody whom the owner removed. `state.id` is the removal's: a user may come back and be removed again.
struct RemovedUser: Sendable, Equatable {
    let state: UserState
    let workspace: String
    let folder: String?
}
