import Runtime

/// The API keys: made, listed, revoked, and looked up for each request.
///
/// All of them are held in memory, so that a look-up waits for nothing and a revoked key is worth nothing at once.
@Loop
final class Keys {
    /// What the owner has not cleared away by then is no list of keys any more.
    nonisolated static let most = 10_000
    /// A key's last use is written at most this often.
    private static let useInterval: Int64 = 60_000
    static let setupLifetime = Duration.seconds(86400)

    private let store: Store
    private let now: @Loop () -> Int64
    private var kept: [[UInt8]: APIKey] = [:]
    private var usesWritten: [String: Int64] = [:]

    /// `now` is the wall clock in milliseconds since the epoch.
    static func open(_ store: Store, now: @escaping @Loop () -> Int64) async throws -> Keys {
        let known = try await store.read { try $0.all(KeysQueries.all, atMost: Keys.most * 2) }
        return Keys(store, known, now)
    }

    private init(_ store: Store, _ known: [KeysQueries.Kept], _ now: @escaping @Loop () -> Int64) {
        self.store = store
        self.now = now
        for one in known { kept[one.digest] = one.key }
        isAnyMade = kept.values.contains { !$0.isSetup }
    }

    /// Whether the owner ever made one. From then on nobody is served for sitting at this machine alone.
    private(set) var isAnyMade = false

    /// The oldest first.
    func list() -> [APIKey] {
        kept.values.sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
    }

    func issue(_ order: KeyOrder) async throws -> IssuedKey {
        let id = "key_" + Hex.encode(Random.bytes(6))
        let made = now()
        let lifetime = order.lifetime.map { Int64($0 / .milliseconds(1)) }
        let key = APIKey(
            id: id, name: order.name, user: order.user ?? "key:\(id)", scopes: order.scopes, createdAt: made,
            expiresAt: lifetime.map { made + $0 })
        let token = KeyToken.random()
        try await keep(key, token) { try $0.run(KeysQueries.revokeSetup, made) }
        for (digest, key) in kept where key.isSetup && key.revokedAt == nil { kept[digest]?.revokedAt = made }
        return IssuedKey(key: key, token: Secret(token))
    }

    /// The key for whoever set this server up, when there is none to begin with: it lasts until a real one is made, and
    /// a day at most. Nil while one is valid, because its text is shown once.
    func makeSetupKey() async throws -> IssuedKey? {
        let made = now()
        guard !isAnyMade, !kept.values.contains(where: { $0.state(at: made) == .active }) else { return nil }
        let id = "key_setup_" + Hex.encode(Random.bytes(3))
        let key = APIKey(
            id: id, name: "setup", user: "key:\(id)", scopes: [.admin], createdAt: made,
            expiresAt: made + Int64(Keys.setupLifetime / .milliseconds(1)), isSetup: true)
        let token = KeyToken.random()
        kept = kept.filter { !$0.value.isSetup }
        try await keep(key, token) { try $0.run(KeysQueries.forgetSetup) }
        return IssuedKey(key: key, token: Secret(token))
    }

    /// One that is revoked already stays as it is.
    func revoke(_ id: String) async throws -> APIKey {
        guard let (digest, key) = kept.first(where: { $0.value.id == id }) else {
            throw Fault(.notFound, "there is no key \(id)", hint: "`perigee key list` shows them")
        }
        guard key.revokedAt == nil else { return key }
        let moment = now()
        // Before it is on the disk: whoever revokes a key does not want it to work a moment longer.
        kept[digest]?.revokedAt = moment
        do {
            try await store.write { try $0.run(KeysQueries.revoke, moment, id) }
        } catch {
            kept[digest]?.revokedAt = nil
            throw error
        }
        return kept[digest] ?? key
    }

    /// Its user was removed and is being forgotten: what was revoked is not even listed any more.
    func forgetRevoked(of user: String) {
        kept = kept.filter { $0.value.user != user || $0.value.revokedAt == nil }
    }

    /// The key with this text; a fault that says why it is not good.
    ///
    /// It is found by its digest, which nobody can steer, and compared in constant time.
    func verify(_ token: String) throws -> APIKey {
        let digest = KeyToken.digest(token)
        guard let index = kept.index(forKey: digest), ConstantTime.equal(kept[index].key, digest) else {
            throw Fault(
                .unauthenticated, "this API key is not known here",
                hint: "`perigee key create` makes one; it begins with \(KeyToken.mark)")
        }
        let key = kept[index].value
        let moment = now()
        switch key.state(at: moment) {
        case .active: break
        case .expired:
            throw Fault(
                .unauthenticated, "the API key \(key.id) expired at \(JobTime.text(key.expiresAt ?? moment))",
                hint: "`perigee key create` makes another")
        case .revoked:
            throw Fault(
                .unauthenticated, "the API key \(key.id) was revoked at \(JobTime.text(key.revokedAt ?? moment))",
                hint: key.isSetup
                    ? "it was for making the first key; use that one" : "ask the server's owner for another")
        }
        noteUse(of: key, digest, moment)
        return key
    }

    private func noteUse(of key: APIKey, _ digest: [UInt8], _ moment: Int64) {
        kept[digest]?.lastUsedAt = moment
        guard moment - (usesWritten[key.id] ?? .min / 2) >= Keys.useInterval else { return }
        usesWritten[key.id] = moment
        let id = key.id
        // For people only: a store that cannot keep up just now shall not refuse the request.
        try? store.writeLater(bytes: 64) { try $0.run(KeysQueries.use, moment, id) }
    }

    private func keep(
        _ key: APIKey, _ token: String, _ before: @escaping @Sendable (Store.Transaction) throws -> Void
    ) async throws {
        guard kept.count < Keys.most else {
            throw Fault(.overBudget, "there are \(Keys.most) keys already", hint: "name users instead of making more")
        }
        let digest = KeyToken.digest(token)
        let scopes = key.ownScopes.map(\.rawValue).joined(separator: " ")
        try await store.write { store in
            try before(store)
            try store.run(
                KeysQueries.add, key.id, key.name, key.user, scopes, Hex.encode(digest), key.createdAt, key.expiresAt,
                key.isSetup)
        }
        kept[digest] = key
        if !key.isSetup { isAnyMade = true }
    }
}
