import Runtime

/// The workspaces: made when their user first comes, with their keys sealed in the store.
@Loop
final class Workspaces {
    let places: WorkspacePlaces
    let store: Store
    let sealer: Sealer
    let log: Log
    let now: @Loop () -> Int64
    private let defaults: ProviderKeys
    /// One thing at a time happens to a workspace.
    let turns = Turns("the workspace")

    /// What is known without asking the store. At the bound the oldest go.
    private struct Known {
        let record: WorkspaceRecord
        var keys: ProviderKeys
        var useWritten: Int64
    }
    private var known: [String: Known] = [:]
    private var order: [String] = []
    static let mostKnown = 1024
    /// The users' keys for integrations, by workspace: asked for at every call of a tool.
    var integrationKeysKnown: [String: [String: Secret]] = [:]
    private static let useInterval: Int64 = 60_000

    init(
        _ store: Store, places: WorkspacePlaces, sealer: Sealer, defaults: ProviderKeys = ProviderKeys(), log: Log,
        now: @escaping @Loop () -> Int64
    ) {
        self.store = store
        self.places = places
        self.sealer = sealer
        self.defaults = defaults
        self.log = log
        self.now = now
        for provider in defaults.providers { log.secrets.add(defaults[provider]?.reveal() ?? "") }
    }

    /// The workspace of a user, as `Caller.user` names them; `source` is only for the log.
    func workspace(for user: String, source: IdentitySource) async throws -> Workspace {
        guard !user.isEmpty, user.utf8.count <= 256 else {
            throw Fault(.invalidInput, "a workspace needs a user of 1 to 256 bytes")
        }
        let id = Workspace.id(of: user)
        return try await turns.run(id) {
            if let known = known[id] {
                try check(user, known.record)
                let places = places
                try await BlockingPool.shared.run("workspace \(id)") { try places.prepare(known.record.folder) }
                noteUse(id)
                return view(known.record, known.keys)
            }
            let (record, keys) = try await load(id, user, source)
            return view(record, keys)
        }
    }

    private func load(
        _ id: String, _ user: String, _ source: IdentitySource
    ) async throws -> (WorkspaceRecord, ProviderKeys) {
        let moment = now()
        let (record, sealed) = try await store.write { store in
            try store.run(WorkspacesQueries.add, id, user, id, moment, moment)
            return (
                try store.one(WorkspacesQueries.one, id), try store.all(WorkspacesQueries.keys, id)
            )
        }
        try check(user, record)
        let places = places
        try await BlockingPool.shared.run("workspace \(id)") { try places.prepare(record.folder) }
        if record.importedAt == nil {
            try await takeOver(record)
            log.info("workspace", ["workspace": LogValue(id), "source": LogValue(source.rawValue)])
        }
        let keys = try open(sealed, of: id)
        remember(Known(record: record, keys: keys, useWritten: record.lastUsedAt))
        noteUse(id)
        return (record, keys)
    }

    /// Two users whose hashes begin alike must not meet.
    private func check(_ user: String, _ record: WorkspaceRecord) throws {
        guard record.user == user else {
            throw Fault(.conflict, "the workspace \(record.id) belongs to another user")
        }
    }

    private func view(_ record: WorkspaceRecord, _ keys: ProviderKeys) -> Workspace {
        let all = keys.filled(from: defaults)
        return Workspace(
            id: record.id, user: record.user, directory: places.path(record.folder), keySignature: all.signature,
            keyNames: all.providers.map(\.rawValue))
    }

    private func remember(_ entry: Known) {
        if known.updateValue(entry, forKey: entry.record.id) == nil { order.append(entry.record.id) }
        while order.count > Workspaces.mostKnown { known[order.removeFirst()] = nil }
    }

    /// What was known of one that was taken away.
    func forget(_ id: String) {
        known[id] = nil
        order.removeAll { $0 == id }
        integrationKeysKnown[id] = nil
    }

    private func noteUse(_ id: String) {
        let moment = now()
        guard let entry = known[id], moment - entry.useWritten >= Workspaces.useInterval else { return }
        known[id]?.useWritten = moment
        // For people and gc, to the minute: a store that cannot keep up just now shall not refuse the request.
        try? store.writeLater(bytes: 64) { try $0.run(WorkspacesQueries.use, moment, id) }
    }

    // MARK: keys

    /// Sets the keys that a request brings, forgets those that it gives as nil, and leaves the others.
    func setKeys(_ changes: [Provider: Secret?], of workspace: Workspace) async throws -> Workspace {
        for case let secret? in changes.values { log.secrets.add(secret.reveal()) }
        return try await turns.run(workspace.id) {
            let record = try await record(workspace.id)
            var keys = try await ownKeys(of: workspace.id)
            let before = keys
            for (provider, secret) in changes { keys[provider] = secret }
            guard keys != before else { return view(record, keys) }
            try await writeKeys(
                Dictionary(uniqueKeysWithValues: changes.map { ($0.key.rawValue, $0.value) }), of: workspace.id)
            known[workspace.id]?.keys = keys
            return view(record, keys)
        }
    }

    /// The user's own keys, and the defaults of the settings where there is none: by provider.
    func keys(of workspace: Workspace) async throws -> [String: Secret] {
        let keys = try await ownKeys(of: workspace.id).filled(from: defaults)
        return Dictionary(
            uniqueKeysWithValues: keys.providers.compactMap { provider in
                keys[provider].map { (provider.rawValue, $0) }
            })
    }

    func ownKeys(of id: String) async throws -> ProviderKeys {
        if let known = known[id] { return known.keys }
        return try open(try await store.read { try $0.all(WorkspacesQueries.keys, id) }, of: id)
    }

    func effectiveKeys(of id: String) async throws -> ProviderKeys {
        try await ownKeys(of: id).filled(from: defaults)
    }

    private func open(_ sealed: [(String, String)], of id: String) throws -> ProviderKeys {
        var keys = ProviderKeys()
        for (name, text) in sealed {
            guard let provider = Provider(rawValue: name) else { continue }
            keys[provider] = try open(text, named: name, of: id)
        }
        return keys
    }

    // MARK: asking

    func record(_ id: String) async throws -> WorkspaceRecord {
        if let known = known[id] { return known.record }
        guard let record = try await store.read({ try $0.first(WorkspacesQueries.one, id) }) else {
            throw Fault(.notFound, "there is no workspace \(id)", hint: "`perigee workspaces` lists them")
        }
        return record
    }

    func get(_ id: String) async throws -> (record: WorkspaceRecord, workspace: Workspace) {
        guard let record = try await store.read({ try $0.first(WorkspacesQueries.one, id) }) else {
            throw Fault(.notFound, "there is no workspace \(id)", hint: "`perigee workspaces` lists them")
        }
        return (record, view(record, try await ownKeys(of: id)))
    }

    /// By id, behind `after`.
    func list(after: String = "", limit: Int) async throws -> [(record: WorkspaceRecord, workspace: Workspace)] {
        let records = try await store.read { try $0.all(WorkspacesQueries.page, after, limit) }
        var found: [(record: WorkspaceRecord, workspace: Workspace)] = []
        for record in records { found.append((record, view(record, try await ownKeys(of: record.id)))) }
        return found
    }
}
