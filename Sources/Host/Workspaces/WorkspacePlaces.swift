import Glibc
import Runtime

/// Where workspaces and key files are, and the work on the disk. All of it blocks, so it runs on the pool.
struct WorkspacePlaces: Sendable {
    /// Resolved, so that what is handed to runners is the real place.
    let root: String
    /// Outside of every workspace; readable by this program's user alone.
    let keys: String

    /// Makes both directories where they are missing.
    static func open(root: String, keys: String) throws -> WorkspacePlaces {
        for path in [root, keys] { try OwnDirectory.make(path, setting: "WORKSPACE_ROOT") }
        guard let resolved = realpath(root, nil) else { throw Fault.system("workspace root", root, errno: errno) }
        defer { free(resolved) }
        return WorkspacePlaces(root: String(cString: resolved), keys: keys)
    }

    func path(_ folder: String) -> String { "\(root)/\(folder)" }

    /// Made on first use, for this program's user alone.
    func prepare(_ folder: String) throws { _ = try workspace(folder) }

    /// What an older installation left in it.
    func formerFiles(_ folder: String) throws -> (sessions: [UInt8]?, personas: [UInt8]?, owner: [UInt8]?) {
        let workspace = try workspace(folder)
        let owner = try workspace.read(FormerFiles.ownerName, limit: FormerFiles.limit)
        guard let former = try workspace.folder(FormerFiles.folder) else { return (nil, nil, owner) }
        return (
            try former.read(FormerFiles.sessionsName, limit: FormerFiles.limit),
            try former.read(FormerFiles.personasName, limit: FormerFiles.limit), owner
        )
    }

    /// Which user each directory of the root names in its `openwebui.config`, for those that go by another name than
    /// that user's.
    func owners() throws -> [(folder: String, user: String)] {
        let root = try GuardedFolder.root(root)
        return try root.names(atMost: 20_000).compactMap { name in
            // What is no directory, or may not be read, is nobody's workspace.
            guard let folder = try? root.folder(name),
                // As above.
                let bytes = try? folder.read(FormerFiles.ownerName, limit: FormerFiles.limit),
                let user = FormerFiles.owner(bytes), Workspace.id(of: user) != name
            else { return nil }
            return (name, user)
        }
    }

    func has(_ folder: String) throws -> Bool { try GuardedFolder.root(root).folder(folder) != nil }

    /// Writes a mirror for people, only where it says something else than before.
    func mirror(_ bytes: [UInt8], _ name: String, in folder: String, inside: Bool) throws {
        let workspace = try workspace(folder)
        if inside {
            guard let former = try workspace.folder(FormerFiles.folder, creating: true) else { return }
            if try former.read(name, limit: FormerFiles.limit) != bytes { try former.write(bytes, to: name) }
        } else if try workspace.read(name, limit: FormerFiles.limit) != bytes {
            try workspace.write(bytes, to: name)
        }
    }

    /// One file a provider; those of providers without a key go.
    func writeKeys(_ given: ProviderKeys, of id: String) throws {
        guard let folder = try GuardedFolder.root(keys).folder(id, creating: true) else { return }
        for provider in Provider.allCases {
            guard let key = given[provider] else {
                try folder.remove(provider.rawValue)
                continue
            }
            let bytes = key.withBytes { Array($0) }
            if try folder.read(provider.rawValue, limit: Provider.longestKey) != bytes {
                try folder.write(bytes, to: provider.rawValue, mode: 0o600)
            }
        }
    }

    func keyFile(_ provider: Provider, of id: String) -> String { "\(keys)/\(id)/\(provider.rawValue)" }

    func workspace(_ folder: String) throws -> GuardedFolder {
        guard let found = try GuardedFolder.root(root).folder(folder, creating: true) else {
            throw Fault(.notFound, "the workspace \(path(folder)) went away", isRetryable: true)
        }
        return found
    }
}
