import CSQLite
import Glibc

/// Copies the WAL into the database over a connection of its own, one copy at a time, while the writer goes on.
///
/// A copy is milliseconds of work that nobody waits for: its thread stands back where there are few processors.
final class WALCopier: Sendable {
    private struct State {
        var database: Database?
        var isAtWork = false
        var isClosed = false
    }

    private static let niceness: Int32 = 10

    private let path: String
    private let state = Locked(State())

    init(_ path: String) { self.path = path }

    var isAtWork: Bool { state.withLock { $0.isAtWork } }

    /// Soon, on a thread of its own; not at all while it is at work.
    func copy() {
        let begins = state.withLock { state in
            guard !state.isAtWork, !state.isClosed else { return false }
            state.isAtWork = true
            return true
        }
        guard begins else { return }
        do {
            try Thread.start("WAL's copy") {
                // Of this thread alone. That it cannot be taken back without rights is why it is no thread of the pool.
                setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, WALCopier.niceness)
                self.work()
            }
        } catch {
            // The next attempt may get one.
            rest(nil)
        }
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
