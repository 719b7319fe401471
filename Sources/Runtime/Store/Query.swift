/// One SQL statement and how its rows become values. A feature keeps its queries as static values in one file.
///
/// The text is a literal, so that nothing a client sends can become SQL; values go in by `?`, in order. Keep to what
/// PostgreSQL also understands: `RETURNING`, `ON CONFLICT … DO`, `CASE`, window functions, CTEs, integer milliseconds
/// for times, 0 and 1 for truth; no `rowid`, `INSERT OR …`, `GLOB`, `json_*`, `datetime()` or `strftime()`.
public struct Query<Output>: Sendable {
    let sql: StaticString
    let decode: @Sendable (inout Row) throws -> Output

    /// `decode` must take every column, in order, with `row.next()`.
    public init(_ sql: StaticString, _ decode: @escaping @Sendable (inout Row) throws -> Output) {
        self.sql = sql
        self.decode = decode
    }

    /// Rows as tuples: `Query("SELECT id, name FROM users", Int64.self, String.self)`.
    public init<each Column: Storable>(_ sql: StaticString, _ types: repeat (each Column).Type)
    where Output == (repeat each Column) {
        self.init(sql) { row in (repeat try row.next((each Column).self)) }
    }

    func value(of statement: Statement) throws -> Output {
        var row = Row(statement: statement)
        let value = try decode(&row)
        try row.checkAllTaken()
        return value
    }
}

/// A statement that gives no rows can be written where it is used.
extension Query: ExpressibleByStringLiteral, ExpressibleByExtendedGraphemeClusterLiteral,
    ExpressibleByUnicodeScalarLiteral
where Output == Void {
    public init(stringLiteral sql: StaticString) {
        self.init(sql) { _ in }
    }
}

/// One row while it is read. Valid during `decode` only.
public struct Row {
    let statement: Statement
    private var taken: Int32 = 0

    init(statement: Statement) { self.statement = statement }

    /// The next column, from left to right.
    public mutating func next<Value: Storable>(_ type: Value.Type = Value.self) throws -> Value {
        guard taken < statement.columnCount else {
            throw Fault(.internal, "more than \(statement.columnCount) columns are asked of “\(statement.summary)”")
        }
        let stored = statement.column(taken)
        guard let value = Value(stored: stored) else {
            throw Fault(
                .internal,
                "column \(statement.columnName(taken)) of “\(statement.summary)” holds \(stored.typeName), not \(type)")
        }
        taken += 1
        return value
    }

    func checkAllTaken() throws {
        guard taken == statement.columnCount else {
            throw Fault(
                .internal, "\(taken) of \(statement.columnCount) columns are taken from “\(statement.summary)”")
        }
    }
}
