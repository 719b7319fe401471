import Runtime

/// All SQL about workspaces, their keys and what was taken over with them.
enum WorkspacesQueries {
    static let add: Query<Void> = """
        INSERT INTO workspaces (id, owner, folder, created_at, last_used_at) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (id) DO NOTHING
        """
    static let one = Query(
        "SELECT id, owner, folder, created_at, last_used_at, imported_at FROM workspaces WHERE id = ?", record)
    static let page = Query(
        """
        SELECT id, owner, folder, created_at, last_used_at, imported_at FROM workspaces WHERE id > ?
        ORDER BY id LIMIT ?
        """, record)
    static let use: Query<Void> = "UPDATE workspaces SET last_used_at = ? WHERE id = ?"

    static let keys = Query("SELECT provider, sealed FROM workspace_keys WHERE workspace = ?", String.self, String.self)
    static let setKey: Query<Void> = """
        INSERT INTO workspace_keys (workspace, provider, sealed, changed_at) VALUES (?, ?, ?, ?)
        ON CONFLICT (workspace, provider) DO UPDATE SET sealed = excluded.sealed, changed_at = excluded.changed_at
        """
    static let dropKey: Query<Void> = "DELETE FROM workspace_keys WHERE workspace = ? AND provider = ?"

    static let config = Query("SELECT config FROM workspaces WHERE id = ?", String?.self)
    static let setConfig: Query<Void> = "UPDATE workspaces SET config = ? WHERE id = ?"

    static let claimImport: Query<Void> =
        "UPDATE workspaces SET imported_at = ? WHERE id = ? AND imported_at IS NULL"
    static let addImport: Query<Void> = """
        INSERT INTO workspace_imports (workspace, kind, name, content) VALUES (?, ?, ?, ?)
        ON CONFLICT (workspace, kind, name) DO NOTHING
        """
    static let imports = Query(
        "SELECT name, content FROM workspace_imports WHERE workspace = ? AND kind = ? ORDER BY name", String.self,
        String.self)

    static let rootSeen = Query("SELECT seen_at FROM workspace_roots WHERE path = ?", Int64.self)
    static let noteRoot: Query<Void> =
        "INSERT INTO workspace_roots (path, seen_at) VALUES (?, ?) ON CONFLICT (path) DO NOTHING"

    @Sendable
    private static func record(_ row: inout Row) throws -> WorkspaceRecord {
        try WorkspaceRecord(
            id: row.next(), user: row.next(), folder: row.next(), createdAt: row.next(), lastUsedAt: row.next(),
            importedAt: row.next())
    }
}
