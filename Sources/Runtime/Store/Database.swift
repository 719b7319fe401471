import CSQLite
import Glibc

/// One SQLite connection with its kept statements. It may move between threads, and is used by one at a time.
final class Database: @unchecked Sendable {
    enum Access {
        /// The one that writes: what it has committed is on the disk after `sync`.
        case writer
        case reader
        /// Neither created nor brought into WAL mode: backups, and what may be damaged.
        case asItIs
    }

    let handle: OpaquePointer
    let path: String
    /// Stops statements of callers that have gone or whose time is over.
    let steps = StepGuard()
    /// Frames in the WAL after the last commit of this connection.
    fileprivate(set) var walFrames = 0
    /// Something was committed since the last `sync`.
    fileprivate var isAhead = false
    /// Set while the house's own BEGIN, PRAGMA and so on are compiled.
    fileprivate var isOurs = true

    private var statements: [StatementKey: Statement] = [:]
    private let statementLimit: Int
    private var uses = 0
    private var isClosed = false

    init(_ path: String, _ access: Access, statementLimit: Int = 128) throws {
        var opened: OpaquePointer?
        // SQLite would read a leading "file:" as a URI.
        let name = path.hasPrefix("/") ? path : "./\(path)"
        let create = access == .writer ? SQLITE_OPEN_CREATE : 0
        let flags = SQLITE_OPEN_READWRITE | create | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let code = sqlite3_open_v2(name, &opened, flags, nil)
        guard code == SQLITE_OK, let opened else {
            defer { sqlite3_close_v2(opened) }
            throw Fault.sqlite(code, opened, path)
        }
        handle = opened
        self.path = path
        self.statementLimit = statementLimit
        sqlite3_progress_handler(handle, 2000, stopsSteps, Unmanaged.passUnretained(steps).toOpaque())
        sqlite3_set_authorizer(handle, allowsProductSQL, Unmanaged.passUnretained(self).toOpaque())
        try configure(access)
        isOurs = false
    }

    deinit { close() }

    /// Lets go of the file at once, for owners that live on.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        statements = [:]
        sqlite3_close_v2(handle)
    }

    var keptStatements: Int { statements.count }
    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }
    var changes: Int { Int(sqlite3_changes64(handle)) }

    // MARK: settings

    /// NORMAL: a commit survives the end of this process, and `sync` makes it survive a power cut; checkpoints see to
    /// themselves. Memory-mapped reading stays off, because a failing disk would then be a SIGBUS.
    private func configure(_ access: Access) throws {
        csqlite_set(handle, SQLITE_DBCONFIG_DQS_DML, 0)
        csqlite_set(handle, SQLITE_DBCONFIG_DQS_DDL, 0)
        csqlite_set(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        sqlite3_busy_timeout(handle, 5000)
        switch access {
        case .writer:
            let mode = try ourText("PRAGMA journal_mode = WAL")
            guard mode == "wal" else {
                throw Fault(
                    .unavailable, "\(path): the file system cannot share memory between connections (\(mode))",
                    hint: "put the state directory on a local disk")
            }
            try ours("PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 0")
            try ours("PRAGMA journal_size_limit = 16777216; PRAGMA cache_size = -2000")
            sqlite3_wal_hook(handle, countsFrames, Unmanaged.passUnretained(self).toOpaque())
        case .reader:
            try ours("PRAGMA query_only = ON; PRAGMA cache_size = -1000")
        case .asItIs:
            try ours("PRAGMA cache_size = -1000")
        }
    }

    /// Brings everything that was committed to the disk.
    func sync() throws {
        guard isAhead else { return }
        let code = csqlite_sync_wal(handle)
        guard code == SQLITE_OK else { throw Fault.sqlite(code, nil, path) }
        isAhead = false
    }

    // MARK: our own statements

    /// Runs text of the house's own, which may begin transactions and set pragmas.
    func ours(_ sql: String) throws {
        isOurs = true
        defer { isOurs = false }
        try execute(sql)
    }

    func ourText(_ sql: String) throws -> String {
        try ourRows(sql).first.flatMap { String(stored: $0[0]) } ?? ""
    }

    func ourNumber(_ sql: String) throws -> Int64 {
        try ourRows(sql).first.flatMap { Int64(stored: $0[0]) } ?? 0
    }

    func ourRows(_ sql: String) throws -> [[StoredValue]] {
        isOurs = true
        defer { isOurs = false }
        let (statement, _) = try compile(sql, flags: 0)
        var rows: [[StoredValue]] = []
        while try step(statement) { rows.append((0..<statement.columnCount).map { statement.column($0) }) }
        return rows
    }

    /// A kept statement of our own, for what every transaction needs.
    func ours(kept sql: StaticString) throws {
        isOurs = true
        defer { isOurs = false }
        try use(sql, []) { _ = try step($0) }
    }

    /// Any number of statements in one text, under the rules that hold for product SQL unless it is ours.
    func execute(_ sql: String) throws {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw fault(code, path) }
    }

    // MARK: product statements

    /// Lends the kept statement of `sql`, bound; it goes back reset, whatever `body` does.
    func use<Result>(
        _ sql: StaticString, _ parameters: [any Storable], _ body: (Statement) throws -> Result
    ) throws -> Result {
        let statement = try borrow(sql)
        defer {
            statement.reset()
            statement.isBusy = false
        }
        try statement.bind(parameters)
        return try body(statement)
    }

    func step(_ statement: Statement) throws -> Bool {
        let code = sqlite3_step(statement.handle)
        switch code {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw fault(code, "“\(statement.summary)”")
        }
    }

    /// Compiles the first statement of a text; `rest` is what follows it.
    func compile(_ sql: String, flags: Int32) throws -> (statement: Statement, rest: String) {
        try sql.withCString { start in
            var compiled: OpaquePointer?
            var tail: UnsafePointer<CChar>?
            let code = sqlite3_prepare_v3(handle, start, -1, UInt32(flags), &compiled, &tail)
            guard code == SQLITE_OK else { throw fault(code, "“\(sql.prefix(200))”") }
            guard let compiled else { throw Fault(.invalidInput, "the SQL text holds no statement") }
            return (Statement(handle: compiled), tail.map { String(cString: $0) } ?? "")
        }
    }

    func fault(_ code: Int32, _ subject: String) -> Fault {
        if code & 0xff == SQLITE_INTERRUPT, let verdict = steps.verdict { return verdict }
        return Fault.sqlite(code, handle, subject)
    }

    private func borrow(_ sql: StaticString) throws -> Statement {
        uses += 1
        // The linker may give one address to our COMMIT and to one that product SQL must not run.
        let key = StatementKey(text: UInt(bitPattern: sql.utf8Start), isOurs: isOurs)
        if let kept = statements[key], !kept.isBusy {
            kept.isBusy = true
            kept.lastUse = uses
            return kept
        }
        let text = String(describing: sql)
        let (statement, rest) = try compile(text, flags: SQLITE_PREPARE_PERSISTENT)
        guard rest.allSatisfy(\.isWhitespace) else {
            throw Fault(.internal, "“\(statement.summary)” is followed by another statement")
        }
        statement.isBusy = true
        statement.lastUse = uses
        if statements[key] == nil {
            if statements.count >= statementLimit { forgetOldest() }
            statements[key] = statement
        }
        return statement
    }

    private func forgetOldest() {
        let oldest = statements.filter { !$0.value.isBusy }.min { $0.value.lastUse < $1.value.lastUse }
        if let oldest { statements[oldest.key] = nil }
    }
}

private struct StatementKey: Hashable {
    let text: UInt
    let isOurs: Bool
}

/// Asked by SQLite every two thousand steps; tells whether the statement should go on.
final class StepGuard {
    private var isUnwanted: (() -> Bool)?
    private var exceeds: (() -> Fault?)?
    private var deadline = Instant(nanoseconds: .max)
    private var subject = ""
    private(set) var verdict: Fault?

    /// Watches the statements that follow. `deadline` is when they are stopped in any case.
    func watch(
        _ subject: String, until deadline: Instant, isUnwanted: (() -> Bool)? = nil, exceeds: (() -> Fault?)? = nil
    ) {
        self.subject = subject
        self.deadline = deadline
        self.isUnwanted = isUnwanted
        self.exceeds = exceeds
        verdict = nil
    }

    func rest() {
        deadline = Instant(nanoseconds: .max)
        isUnwanted = nil
        exceeds = nil
    }

    fileprivate func mustStop() -> Bool {
        if let isUnwanted, isUnwanted() {
            verdict = .cancelled
        } else if let fault = exceeds?() {
            verdict = fault
        } else if Instant.clock > deadline {
            verdict = Fault(.timeout, "\(subject) took longer than its deadline allows")
        }
        return verdict != nil
    }
}

private func stopsSteps(_ context: UnsafeMutableRawPointer?) -> Int32 {
    Unmanaged<StepGuard>.fromOpaque(context!).takeUnretainedValue().mustStop() ? 1 : 0
}

private func countsFrames(
    _ context: UnsafeMutableRawPointer?, _ handle: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ frames: Int32
) -> Int32 {
    let database = Unmanaged<Database>.fromOpaque(context!).takeUnretainedValue()
    database.walFrames = Int(frames)
    database.isAhead = true
    return SQLITE_OK
}

/// Product SQL cannot end the transaction it runs in, change settings, or open other files.
private func allowsProductSQL(
    _ context: UnsafeMutableRawPointer?, _ action: Int32, _ first: UnsafePointer<CChar>?,
    _ second: UnsafePointer<CChar>?, _ schema: UnsafePointer<CChar>?, _ source: UnsafePointer<CChar>?
) -> Int32 {
    if Unmanaged<Database>.fromOpaque(context!).takeUnretainedValue().isOurs { return SQLITE_OK }
    switch action {
    case SQLITE_TRANSACTION, SQLITE_SAVEPOINT, SQLITE_PRAGMA, SQLITE_ATTACH, SQLITE_DETACH: return SQLITE_DENY
    default: return SQLITE_OK
    }
}
