import CSQLite

/// A compiled statement of one connection.
final class Statement {
    let handle: OpaquePointer
    /// Lent out: a second use at the same time gets a statement of its own.
    var isBusy = false
    var lastUse = 0

    init(handle: OpaquePointer) { self.handle = handle }

    deinit { sqlite3_finalize(handle) }

    var columnCount: Int32 { sqlite3_column_count(handle) }

    func columnName(_ index: Int32) -> String {
        sqlite3_column_name(handle, index).map { String(cString: $0) } ?? "\(index)"
    }

    /// The beginning of the text, for messages. Values are never part of it.
    var summary: String {
        let text = sqlite3_sql(handle).map { String(cString: $0) } ?? ""
        let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return words.count > 80 ? words.prefix(79) + "…" : words
    }

    func bind(_ parameters: [any Storable]) throws {
        let wanted = sqlite3_bind_parameter_count(handle)
        guard Int(wanted) == parameters.count else {
            throw Fault(.internal, "“\(summary)” takes \(wanted) values and was given \(parameters.count)")
        }
        for (index, parameter) in parameters.enumerated() {
            let code = bind(parameter.stored, at: Int32(index + 1))
            guard code == SQLITE_OK else {
                throw Fault.sqlite(code, database, "value \(index + 1) of “\(summary)”")
            }
        }
    }

    var database: OpaquePointer? { sqlite3_db_handle(handle) }

    private func bind(_ value: StoredValue, at index: Int32) -> Int32 {
        switch value {
        case .null: return sqlite3_bind_null(handle, index)
        case .integer(let value): return sqlite3_bind_int64(handle, index, value)
        case .real(let value): return sqlite3_bind_double(handle, index, value)
        case .text(var value):
            return value.withUTF8 { bytes in
                guard let start = bytes.baseAddress else { return sqlite3_bind_text(handle, index, "", 0, nil) }
                return start.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
                    sqlite3_bind_text64(
                        handle, index, $0, UInt64(bytes.count), csqlite_copy(), UInt8(SQLITE_UTF8))
                }
            }
        case .blob(let value):
            // A null pointer would bind NULL instead of no bytes.
            guard !value.isEmpty else { return sqlite3_bind_zeroblob(handle, index, 0) }
            return value.withUnsafeBytes {
                sqlite3_bind_blob64(handle, index, $0.baseAddress, UInt64($0.count), csqlite_copy())
            }
        }
    }

    func column(_ index: Int32) -> StoredValue {
        switch sqlite3_column_type(handle, index) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(handle, index))
        case SQLITE_FLOAT: return .real(sqlite3_column_double(handle, index))
        case SQLITE_TEXT:
            guard let start = sqlite3_column_text(handle, index) else { return .text("") }
            let count = Int(sqlite3_column_bytes(handle, index))
            return .text(String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self))
        case SQLITE_BLOB:
            guard let start = sqlite3_column_blob(handle, index) else { return .blob([]) }
            let count = Int(sqlite3_column_bytes(handle, index))
            return .blob([UInt8](UnsafeRawBufferPointer(start: start, count: count)))
        default: return .null
        }
    }

    /// What the column weighs, for caps on results.
    func columnBytes(_ index: Int32) -> Int {
        switch sqlite3_column_type(handle, index) {
        case SQLITE_TEXT, SQLITE_BLOB: Int(sqlite3_column_bytes(handle, index))
        default: 8
        }
    }

    func reset() {
        // Its result repeats the error that `step` has reported.
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }
}
