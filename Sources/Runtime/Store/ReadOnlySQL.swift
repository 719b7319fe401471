import CSQLite
import Glibc

/// What a script's query may use up, and see.
public struct ReadOnlyLimits: Sendable {
    /// The views it may name. Tables, and views that are not listed, are refused.
    public var views: Set<String>
    public var rows: Int
    public var bytes: Int
    /// Steps of SQLite's machine, to the nearest two thousand; a million take about 20 ms.
    public var steps: Int
    public var time: Duration

    public init(
        views: Set<String>, rows: Int = 1000, bytes: Int = 1 << 20, steps: Int = 20_000_000,
        time: Duration = .seconds(5)
    ) {
        self.views = views
        self.rows = rows
        self.bytes = bytes
        self.steps = steps
        self.time = time
    }
}

public struct ReadOnlyResult: Sendable, Equatable {
    public let columns: [String]
    public let rows: [[StoredValue]]
    /// There was more than the limits on rows or bytes allow.
    public let isTruncated: Bool
}

/// Connections for SQL that scripts wrote: they cannot write, see only what is listed, and are stopped.
final class ScriptReaders: Sendable {
    private let path: String
    private let idle = Locked<[Database]>([])

    init(_ path: String) { self.path = path }

    func run(
        _ sql: String, _ parameters: [StoredValue], _ limits: ReadOnlyLimits, _ stop: StopFlag
    ) throws -> ReadOnlyResult {
        let database = try idle.withLock { $0.popLast() } ?? connect()
        defer { idle.withLock { if $0.count < 2 { $0.append(database) } } }
        let fence = ViewFence(views: limits.views, real: try names(in: database))
        try fence.check(sql)
        return try withExtendedLifetime(fence) {
            sqlite3_set_authorizer(database.handle, allowsScriptSQL, Unmanaged.passUnretained(fence).toOpaque())
            defer { sqlite3_set_authorizer(database.handle, nil, nil) }
            watch(database, limits, stop)
            defer { database.steps.rest() }
            return try rows(of: sql, parameters, limits, in: database)
        }
    }

    private func connect() throws -> Database {
        let database = try Database(path, .reader)
        csqlite_set(database.handle, SQLITE_DBCONFIG_DEFENSIVE, 1)
        sqlite3_set_authorizer(database.handle, nil, nil)
        // One instruction can do no more work than these let it: the others are counted.
        let bounds: [(Int32, Int32)] = [
            (SQLITE_LIMIT_LENGTH, 1 << 20), (SQLITE_LIMIT_SQL_LENGTH, 16 << 10), (SQLITE_LIMIT_COLUMN, 100),
            (SQLITE_LIMIT_EXPR_DEPTH, 50), (SQLITE_LIMIT_COMPOUND_SELECT, 10), (SQLITE_LIMIT_ATTACHED, 0),
            (SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 100), (SQLITE_LIMIT_VARIABLE_NUMBER, 100),
            (SQLITE_LIMIT_FUNCTION_ARG, 16), (SQLITE_LIMIT_VDBE_OP, 25_000),
        ]
        for (limit, value) in bounds { sqlite3_limit(database.handle, limit, value) }
        return database
    }

    private func names(in database: Database) throws -> [String] {
        try database.ourRows("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')").compactMap {
            String(stored: $0[0])
        }
    }

    private func watch(_ database: Database, _ limits: ReadOnlyLimits, _ stop: StopFlag) {
        var remaining = limits.steps
        database.steps.watch("the query", until: Instant.clock + limits.time) {
            remaining -= 2000
            return stop.isRaised
        } exceeds: {
            remaining >= 0
                ? nil : Fault(.overBudget, "the query takes more than \(limits.steps) steps", hint: "narrow it down")
        }
    }

    private func rows(
        of sql: String, _ parameters: [StoredValue], _ limits: ReadOnlyLimits, in database: Database
    ) throws -> ReadOnlyResult {
        let (statement, rest) = try compile(sql, in: database)
        guard rest.allSatisfy({ $0.isWhitespace || $0 == ";" }) else {
            throw Fault(.invalidInput, "only one statement is allowed")
        }
        guard sqlite3_stmt_readonly(statement.handle) != 0, sqlite3_stmt_isexplain(statement.handle) == 0 else {
            throw Fault(.denied, "only SELECT is allowed")
        }
        let wanted = sqlite3_bind_parameter_count(statement.handle)
        guard Int(wanted) == parameters.count else {
            throw Fault(.invalidInput, "the query takes \(wanted) values and was given \(parameters.count)")
        }
        try statement.bind(parameters)
        let width = statement.columnCount
        var rows: [[StoredValue]] = []
        var bytes = 0
        var isTruncated = false
        while try database.step(statement) {
            bytes += (0..<width).reduce(0) { $0 + statement.columnBytes($1) }
            guard rows.count < limits.rows, bytes <= limits.bytes else {
                isTruncated = true
                break
            }
            rows.append((0..<width).map { statement.column($0) })
        }
        return ReadOnlyResult(
            columns: (0..<width).map { statement.columnName($0) }, rows: rows, isTruncated: isTruncated)
    }

    /// What is wrong with the text of a script is the script's fault, not ours.
    private func compile(_ sql: String, in database: Database) throws -> (Statement, String) {
        guard !sql.utf8.contains(0) else { throw Fault(.invalidInput, "the query holds a NUL character") }
        do {
            return try database.compile(sql, flags: 0)
        } catch let fault as Fault where fault.kind == .internal {
            throw Fault(.invalidInput, fault.message)
        }
    }
}

/// Decides which names a script's SQL may use.
///
/// SQLite tells the authorizer through which view a table is read, but a CTE of the same name counts as that view.
/// So the names of tables may not occur in the text at all, in whatever quotes, and the authorizer is the second fence.
final class ViewFence {
    private let allowed: Set<String>
    private let forbidden: Set<String>

    init(views: Set<String>, real: [String]) {
        let allowed = Set(views.map { $0.lowercased() })
        self.allowed = allowed
        forbidden = Set(real.map { $0.lowercased() }).subtracting(allowed)
    }

    func check(_ sql: String) throws {
        let words = sql.lowercased().utf8.split { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"),
                UInt8(ascii: "$"), 0x80...:
                false
            default: true
            }
        }
        for word in words.lazy.map({ String(decoding: Array($0), as: UTF8.self) }) {
            guard forbidden.contains(word) || word.hasPrefix("sqlite_") || word.hasPrefix("pragma_") else { continue }
            let list = allowed.sorted().joined(separator: ", ")
            throw Fault(
                .denied, "“\(word)” cannot be used in a query",
                hint: "these views can: \(list); a value of that name goes in as a parameter")
        }
    }

    /// `column` is the name of the function where the action is to call one.
    func allows(_ action: Int32, table: String?, column: String?, through view: String?) -> Bool {
        switch action {
        case SQLITE_SELECT, SQLITE_RECURSIVE: return true
        case SQLITE_READ:
            // Without a column it only counts rows, and as no table is named in the text, those of a CTE.
            if column == "" { return true }
            return [table, view].contains { $0.map { allowed.contains($0.lowercased()) } ?? false }
        case SQLITE_FUNCTION:
            return !["load_extension", "fts3_tokenizer", "zeroblob", "randomblob"].contains(
                column?.lowercased() ?? "")
        default: return false
        }
    }
}

private func allowsScriptSQL(
    _ context: UnsafeMutableRawPointer?, _ action: Int32, _ first: UnsafePointer<CChar>?,
    _ second: UnsafePointer<CChar>?, _ schema: UnsafePointer<CChar>?, _ view: UnsafePointer<CChar>?
) -> Int32 {
    let fence = Unmanaged<ViewFence>.fromOpaque(context!).takeUnretainedValue()
    let isAllowed = fence.allows(
        action, table: first.map { String(cString: $0) }, column: second.map { String(cString: $0) },
        through: view.map { String(cString: $0) })
    return isAllowed ? SQLITE_OK : SQLITE_DENY
}
