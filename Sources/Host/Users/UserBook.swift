import Runtime

/// Those who were here, by their verified identity, as it was last told.
@Loop
final class UserBook: WorldUsers {
    private struct Known {
        var name: String?
        var email: String?
        var source: String
        var writtenAt: Int64
    }

    /// A use alone is written so often.
    private static let interval: Int64 = 60_000
    private static let mostKnown = 10_000

    let store: Store
    private let log: Log
    private let now: @Loop () -> Int64
    private var known: [String: Known] = [:]

    init(_ store: Store, log: Log, now: @escaping @Loop () -> Int64) {
        self.store = store
        self.log = log
        self.now = now
    }

    /// For each request that names somebody: memory alone, but once a minute.
    func saw(_ caller: Caller) {
        let moment = now()
        var entry = Known(
            name: caller.name, email: caller.email, source: caller.source.rawValue, writtenAt: moment)
        if let before = known[caller.user] {
            entry.name = entry.name ?? before.name
            entry.email = entry.email ?? before.email
            let isSame =
                entry.name == before.name && entry.email == before.email && entry.source == before.source
            if isSame, moment - before.writtenAt < UserBook.interval { return }
        }
        if known.count >= UserBook.mostKnown { known = [:] }
        let id = Workspace.id(of: caller.user)
        let user = caller.user
        do {
            try store.writeLater(bytes: 256) { [entry] in
                try $0.run(UsersQueries.see, id, user, entry.name, entry.email, entry.source, moment, moment)
            }
            known[caller.user] = entry
        } catch {
            // Whoever asks is served all the same, and seen with the next request.
            log.debug("a user's visit was not written down: \(Fault(error).message)")
        }
    }

    func forget(_ user: String) { known[user] = nil }

    func list(removed: Bool, after: String, limit: Int) async throws -> [UserState] {
        try await store.read { snapshot in
            removed
                ? try snapshot.all(UsersQueries.aside, after, limit).map(\.state)
                : try snapshot.all(UsersQueries.page, after, limit)
        }
    }

    func get(_ id: String) async throws -> UserState {
        guard let user = try await store.read({ try $0.first(UsersQueries.one, id) }) else {
            throw Fault(.notFound, "there is no user \"\(id.prefix(80))\"", hint: "GET /mgmt/users lists them")
        }
        return user
    }
}
