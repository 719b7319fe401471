import Runtime

/// All SQL about API keys, and about the marks that this store was opened with.
enum KeysQueries {
    /// A key and the digest that finds it.
    struct Kept: Sendable {
        let digest: [UInt8]
        let key: APIKey
    }

    static let all = Query(
        """
        SELECT token_digest, id, name, owner, scopes, created_at, expires_at, revoked_at, last_used_at, setup
        FROM api_keys ORDER BY created_at, id
        """
    ) { row in
        let digest = Hex.decode(try row.next(String.self)) ?? []
        let id: String = try row.next()
        let name: String = try row.next()
        let owner: String = try row.next()
        let scopes = try row.next(String.self).split(separator: " ").compactMap { KeyScope(rawValue: String($0)) }
        return try Kept(
            digest: digest,
            key: APIKey(
                id: id, name: name, user: owner, scopes: Set(scopes), createdAt: row.next(), expiresAt: row.next(),
                revokedAt: row.next(), lastUsedAt: row.next(), isSetup: row.next()))
    }
    static let add: Query<Void> = """
        INSERT INTO api_keys (id, name, owner, scopes, token_digest, created_at, expires_at, setup)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """
    static let revoke: Query<Void> = "UPDATE api_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL"
    static let revokeSetup: Query<Void> =
        "UPDATE api_keys SET revoked_at = ? WHERE setup = 1 AND revoked_at IS NULL"
    static let forgetSetup: Query<Void> = "DELETE FROM api_keys WHERE setup = 1"
    static let use: Query<Void> = "UPDATE api_keys SET last_used_at = ? WHERE id = ?"

    static let mark = Query("SELECT value FROM about WHERE name = ?", String.self)
    static let setMark: Query<Void> = "INSERT INTO about (name, value) VALUES (?, ?)"
}
