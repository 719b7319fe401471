import Runtime

/// What an API key may do.
enum KeyScope: String, Sendable, CaseIterable {
    /// Ask agents, as the user whom the key stands for.
    case chat
    /// Name other users, as a client with sign-in of its own does.
    case speakFor = "speak-for"
    /// Run this server: jobs, plans, scripts, workspaces.
    case manage
    /// Take work as a remote worker.
    case worker
    /// Everything, and make keys.
    case admin
}

/// An API key as the store knows it: never its text. Times are milliseconds since the epoch.
struct APIKey: Sendable, Equatable {
    enum State: String, Sendable { case active, expired, revoked }

    let id: String
    let name: String
    /// The user that it stands for.
    let user: String
    let scopes: Set<KeyScope>
    let createdAt: Int64
    var expiresAt: Int64?
    var revokedAt: Int64?
    var lastUsedAt: Int64?
    /// Made at the first start, to make the first real key with; gone with it.
    var isSetup = false

    func allows(_ scope: KeyScope) -> Bool { scopes.contains(scope) || scopes.contains(.admin) }

    func state(at now: Int64) -> State {
        if revokedAt != nil { return .revoked }
        return expiresAt.map { now >= $0 } ?? false ? .expired : .active
    }

    /// In the order of the declaration, so that it reads the same everywhere. `admin` spells out what it implies.
    var effectiveScopes: [KeyScope] { KeyScope.allCases.filter(allows) }
    var ownScopes: [KeyScope] { KeyScope.allCases.filter(scopes.contains) }

    /// As `/mgmt/keys` and `perigee key --json` show it.
    func shown(at now: Int64) -> JSONObject {
        var shown: JSONObject = [
            "id": .string(id), "name": .string(name), "user": .string(user),
            "scopes": .array(ownScopes.map { .string($0.rawValue) }), "state": .string(state(at: now).rawValue),
            "created_at": .string(JobTime.text(createdAt)),
        ]
        let times: KeyValuePairs = ["expires_at": expiresAt, "revoked_at": revokedAt, "last_used_at": lastUsedAt]
        for (name, time) in times { shown[name] = time.map { .string(JobTime.text($0)) } ?? .null }
        if isSetup { shown["setup"] = true }
        return shown
    }
}

/// A key that has just been made: the one time that its text is seen.
struct IssuedKey: Sendable {
    let key: APIKey
    let token: Secret
}

/// The text of a key: a mark that scanners for leaked secrets can look for, and 32 random bytes.
enum KeyToken {
    static let mark = "pk_"

    static func random() -> String { mark + Random.token() }

    /// What is kept of it. A random text of this length needs no slow hash.
    static func digest(_ token: String) -> [UInt8] { SHA256.hash(token) }
}
