/// The SQL of the values that scripts keep.
enum ValueQueries {
    static let get = Query(
        "SELECT value FROM script_values WHERE namespace = ? AND key = ? AND (expires_at IS NULL OR expires_at > ?)",
        String.self)

    /// The value with its end, for changes that keep it.
    static let find = Query(
        """
        SELECT value, expires_at FROM script_values
        WHERE namespace = ? AND key = ? AND (expires_at IS NULL OR expires_at > ?)
        """, String.self, StoredValue.self)

    static let set = Query<Void>(
        """
        INSERT INTO script_values (namespace, key, value, expires_at) VALUES (?, ?, ?, ?)
        ON CONFLICT (namespace, key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at
        """)

    static let remove = Query<Void>(
        "DELETE FROM script_values WHERE namespace = ? AND key = ? AND (expires_at IS NULL OR expires_at > ?)")

    static let list = Query(
        """
        SELECT key, value FROM script_values
        WHERE namespace = ? AND key >= ? AND key > ? AND (expires_at IS NULL OR expires_at > ?)
        ORDER BY key LIMIT ?
        """, String.self, String.self)

    static let expired = Query(
        "SELECT count(*), coalesce(sum(length(value)), 0) FROM script_values WHERE expires_at <= ?", Int.self,
        Int64.self)

    static let removeExpired = Query<Void>(
        """
        DELETE FROM script_values WHERE (namespace, key) IN (
            SELECT namespace, key FROM script_values WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)
        """)
}

extension StoredValues {
    /// The table, as a step of the schema of whoever opens the store.
    public nonisolated static let schema: StaticString = """
        CREATE TABLE script_values (
            namespace TEXT NOT NULL,
            key TEXT NOT NULL,
            value TEXT NOT NULL,
            expires_at BIGINT,
            PRIMARY KEY (namespace, key)
        );
        CREATE INDEX script_values_by_end ON script_values (expires_at);
        """
}
