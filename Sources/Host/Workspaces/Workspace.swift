import Glibc
import Runtime

/// The directory and the keys of one user.
struct Workspace: Sendable, Equatable {
    let id: String
    let user: String
    let directory: String
    /// See `ProviderKeys.signature`.
    let keySignature: String
    /// Providers that it has a key for, by name.
    let keyNames: [String]

    /// The first 16 hex digits of the SHA-256 of the user.
    static func id(of user: String) -> String { Hex.encode(SHA256.hash(user).prefix(8)) }

    /// As hooks see it: `host.Workspace`.
    var facts: JSONObject {
        [
            "id": .string(id), "user": .string(user), "directory": .string(directory),
            "keys": .array(keyNames.map { .string($0) }), "key_signature": .string(keySignature),
        ]
    }
}

/// A workspace as the store knows it. Times are milliseconds since the epoch.
struct WorkspaceRecord: Sendable, Equatable {
    let id: String
    let user: String
    /// Below the root; mostly the id.
    let folder: String
    let createdAt: Int64
    let lastUsedAt: Int64
    /// When what an older installation left in it was taken over.
    let importedAt: Int64?
}

extension Settings {
    /// Where the workspaces are.
    var workspaceRoot: String {
        let chosen = self[SettingTable.workspaceRoot]
        if !chosen.isEmpty { return chosen }
        let former = "/workspace/open-persona"
        return access(former, R_OK | W_OK | X_OK) == 0 ? former : "\(stateDirectory)/workspaces"
    }

    var defaultProviderKeys: ProviderKeys {
        var keys = ProviderKeys()
        for (provider, setting) in SettingTable.providerKeys where !self[setting].isEmpty {
            keys[provider] = Secret(self[setting])
        }
        return keys
    }
}
