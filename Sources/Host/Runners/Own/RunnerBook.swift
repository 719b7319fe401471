import Runtime

/// The runners of this state directory, kept so that another process of ours finds them and can speak with them.
@Loop
final class RunnerBook {
    /// One runner as the store knows it.
    struct Entry: Sendable, Equatable {
        /// `ended` is none: what has ended is not in the book.
        enum State: String, Sendable, Storable { case starting, ready, stopping }

        let name: String
        let workspace: String
        let keySignature: String
        let signature: String
        /// Nil as long as it is only about to be there.
        var place: RunnerPlace?
        /// Milliseconds since the epoch.
        let startedAt: Int64
        var lastUsedAt: Int64
        var state: State
    }

    /// The id of the state directory, made once: what is started bears it.
    let owner: String
    private let store: Store
    private let sealer: Sealer
    private let log: Log

    private init(_ owner: String, _ store: Store, _ sealer: Sealer, _ log: Log) {
        self.owner = owner
        self.store = store
        self.sealer = sealer
        self.log = log
    }

    static func open(_ store: Store, sealer: Sealer, log: Log) async throws -> RunnerBook {
        RunnerBook(try await Installation.id(store), store, sealer, log)
    }

    /// All that should be there. Passwords that do not open are passed over: such a runner is of no use to anybody.
    func entries(of mode: RunnerMode) async throws -> [Entry] {
        let owner = owner
        let rows = try await store.read { try $0.all(RunnersQueries.all, owner) }
        return rows.filter { $0.mode == mode.rawValue }.map(entry)
    }

    func put(_ entry: Entry, mode: RunnerMode) async throws {
        let (owner, place) = (owner, entry.place)
        let sealed = place.map { place in
            Base64.encode(sealer.seal(place.password.withBytes { Array($0) }, for: purpose(entry.name)))
        }
        try await store.write {
            try $0.run(
                RunnersQueries.put, entry.name, mode.rawValue, entry.workspace, entry.keySignature,
                place?.identity ?? "", place?.address ?? "", sealed ?? "", entry.signature, owner, entry.startedAt,
                entry.lastUsedAt, entry.state)
        }
    }

    func mark(_ name: String, _ state: Entry.State) async throws {
        try await store.write { try $0.run(RunnersQueries.mark, state, name) }
    }

    /// As long as it is about this one; nil for one that never came to be.
    func drop(_ name: String, _ identity: String?) async throws {
        try await store.write { try $0.run(RunnersQueries.drop, name, identity ?? "") }
    }

    /// For the order in which idle ones leave after a restart; a store that cannot keep up loses it.
    func noteUse(_ name: String, at moment: Int64) {
        // Nothing depends on it.
        try? store.writeLater(bytes: 64) { try $0.run(RunnersQueries.use, moment, name) }
    }

    private func entry(_ row: RunnersQueries.Row) -> Entry {
        var place: RunnerPlace?
        do {
            if !row.identity.isEmpty, let sealed = Base64.decode(row.sealed), let mode = RunnerMode(rawValue: row.mode)
            {
                let password = Secret(try sealer.open(sealed, for: purpose(row.name)))
                log.secrets.add(password.reveal())
                place = RunnerPlace(mode: mode, identity: row.identity, address: row.address, password: password)
            }
        } catch {
            log.warning(
                "the password of a runner does not open: \(Fault(error).message)", ["runner": LogValue(row.name)])
        }
        return Entry(
            name: row.name, workspace: row.workspace, keySignature: row.keySignature, signature: row.signature,
            place: place, startedAt: row.startedAt, lastUsedAt: row.lastUsedAt, state: row.state)
    }

    /// Binds a sealed password to its runner.
    private func purpose(_ name: String) -> String { "runner password:\(name)" }
}
