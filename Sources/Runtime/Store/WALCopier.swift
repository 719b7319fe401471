import CSQLite

/// Copies the WAL into the database over a connection of its own, one copy at a time, while the writer goes on.
final class WALCopier: Sendable {
    private struct State {
        var database: Database?
        var isAtWork = false
        var isClosed = false
    }

    private let path: String
    private let state = Locked(State())

    init(_ path: String) { self.path = path }

    var isAtWork: Bool { state.withLock { $0.isAtWork } }

    /// Soon, on a thread of the pool; not at all while it is at work.
    func copy() {
        let begins = state.withLock { state in
            guard !state.isAtWork, !state.isClosed else { return false }
            state.isAtWork = true
            return true
        }
        guard begins else { return }
        let isTaken = BlockingPool.shared.submit { self.work() }
        if !isTaken { rest(nil) }
    }

    /// The connection closes, at the latest when it has copied what it is at.
    func close() {
        state.withLock { state in
            state.isClosed = true
            if !state.isAtWork { state.database = nil }
        }
    }

    private func work() {
        var database = state.withLock { $0.database }
        // What cannot be copied stays in the WAL, where it is safe; the next attempt may do better.
        if database == nil { database = try? Database(path, .asItIs) }
        if let database { sqlite3_wal_checkpoint_v2(database.handle, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil) }
        rest(database)
    }

    private func rest(_ database: Database?) {
        state.withLock { state in
            state.isAtWork = false
            state.database = state.isClosed ? nil : database
        }
    }
}
