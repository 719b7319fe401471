import Runtime

/// All SQL about runners of our own.
enum RunnersQueries {
    static let schema: StaticString = """
        CREATE TABLE runner_leases (
            name TEXT NOT NULL PRIMARY KEY,
            mode TEXT NOT NULL,
            workspace TEXT NOT NULL,
            key_signature TEXT NOT NULL,
            -- The container's id, or pid, start time and boot; empty until it is there.
            identity TEXT NOT NULL,
            address TEXT NOT NULL,
            -- Its password, sealed, in base64.
            sealed TEXT NOT NULL,
            signature TEXT NOT NULL,
            -- Which state directory it belongs to.
            owner TEXT NOT NULL,
            started_at BIGINT NOT NULL,
            last_used_at BIGINT NOT NULL,
            state TEXT NOT NULL
        );
        """

    struct Row: Sendable {
        let name: String
        let mode: String
        let workspace: String
        let keySignature: String
        let identity: String
        let address: String
        let sealed: String
        let signature: String
        let startedAt: Int64
        let lastUsedAt: Int64
        let state: RunnerBook.Entry.State
    }

    static let all = Query(
        """
        SELECT name, mode, workspace, key_signature, identity, address, sealed, signature, started_at, last_used_at,
            state
        FROM runner_leases WHERE owner = ? ORDER BY name
        """
    ) { row in
        try Row(
            name: row.next(), mode: row.next(), workspace: row.next(), keySignature: row.next(), identity: row.next(),
            address: row.next(), sealed: row.next(), signature: row.next(), startedAt: row.next(),
            lastUsedAt: row.next(), state: row.next())
    }
    static let put: Query<Void> = """
        INSERT INTO runner_leases (name, mode, workspace, key_signature, identity, address, sealed, signature, owner,
            started_at, last_used_at, state)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (name) DO UPDATE SET mode = excluded.mode, workspace = excluded.workspace,
            key_signature = excluded.key_signature, identity = excluded.identity, address = excluded.address,
            sealed = excluded.sealed, signature = excluded.signature, owner = excluded.owner,
            started_at = excluded.started_at, last_used_at = excluded.last_used_at, state = excluded.state
        """
    static let mark: Query<Void> = "UPDATE runner_leases SET state = ? WHERE name = ?"
    static let use: Query<Void> = "UPDATE runner_leases SET last_used_at = ? WHERE name = ?"
    static let drop: Query<Void> = "DELETE FROM runner_leases WHERE name = ? AND identity = ?"
}
