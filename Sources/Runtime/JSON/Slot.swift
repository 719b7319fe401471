internal import LuaBridge

/// One value that is about to be decoded, and the way to it.
struct Slot {
    let source: Source
    let offset: Int
    let parent: CodingRoute?
    /// Nil for the whole document.
    let step: CodingRoute.Step?

    var tag: Parcel.Tag { source.read { $0.tag(offset) } }
    var isNull: Bool { tag == .null || tag == .nil }
    var isEmptyLuaTable: Bool { source.fromLua && tag == .table && source.read { $0.count(offset) } == 0 }

    func fault(_ sentence: String) -> Fault { CodingRoute.fault(parent, step, sentence) }
    func mismatch(_ expected: String) -> Fault { fault("expected \(expected), found \(tag.name)") }

    /// Inlined, so that where the type is known only its own line of `scalar` remains.
    @inline(__always)
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        if let value = try scalar(type) { return value }
        return try decodeOther(type)
    }

    private func decodeOther<Value: Decodable>(_ type: Value.Type) throws -> Value {
        if type == JSONValue.self { return same(try freeForm(), as: type) }
        do {
            return try Value(from: ValueDecoder(self))
        } catch let error as DecodingError {
            throw fault(words(for: error, type))
        }
    }

    func freeForm() throws -> JSONValue { source.read { JSONValue($0, offset) } }

    /// The types that JSON has itself, straight from the bytes; nil for all others.
    @inline(__always)
    private func scalar<Value>(_ type: Value.Type) throws -> Value? {
        if type == String.self { return same(try string(), as: type) }
        if type == Int.self { return same(try integer(Int.self), as: type) }
        if type == Bool.self { return same(try bool(), as: type) }
        if type == Double.self { return same(try double(), as: type) }
        if type == Int64.self { return same(try integer(Int64.self), as: type) }
        if type == Float.self { return same(try float(), as: type) }
        if type == Int32.self { return same(try integer(Int32.self), as: type) }
        if type == Int16.self { return same(try integer(Int16.self), as: type) }
        if type == Int8.self { return same(try integer(Int8.self), as: type) }
        if type == UInt.self { return same(try integer(UInt.self), as: type) }
        if type == UInt64.self { return same(try integer(UInt64.self), as: type) }
        if type == UInt32.self { return same(try integer(UInt32.self), as: type) }
        if type == UInt16.self { return same(try integer(UInt16.self), as: type) }
        if type == UInt8.self { return same(try integer(UInt8.self), as: type) }
        return nil
    }

    private func string() throws -> String {
        guard tag == .string else { throw mismatch("a string") }
        return source.read { $0.string(offset) }
    }

    private func bool() throws -> Bool {
        switch tag {
        case .true: return true
        case .false: return false
        default: throw mismatch("true or false")
        }
    }

    private func double() throws -> Double {
        switch tag {
        case .number: return source.read { $0.number(offset) }
        case .integer: return Double(source.read { $0.integer(offset) })
        default: throw mismatch("a number")
        }
    }

    private func float() throws -> Float {
        let value = Float(try double())
        guard value.isFinite else { throw fault("the number is too large") }
        return value
    }

    /// Also a number with nothing behind its point, as some writers print integers, while that is exact.
    private func integer<Value: FixedWidthInteger>(_ type: Value.Type) throws -> Value {
        switch tag {
        case .integer:
            let value = source.read { $0.integer(offset) }
            guard let fitting = Value(exactly: value) else { throw outOfRange(type, String(value)) }
            return fitting
        case .number:
            let value = source.read { $0.number(offset) }
            guard value.rounded() == value else { throw fault("expected an integer, found \(value)") }
            guard abs(value) <= 0x1p53, let fitting = Value(exactly: value) else {
                throw outOfRange(type, String(value))
            }
            return fitting
        default: throw mismatch("an integer")
        }
    }

    private func outOfRange<Value: FixedWidthInteger>(_ type: Value.Type, _ value: String) -> Fault {
        fault("expected an integer from \(Value.min) to \(Value.max), found \(value)")
    }

    /// For an enumeration the values it can have; for other types what they said themselves.
    private func words<Value>(for error: DecodingError, _ type: Value.Type) -> String {
        if let choices = (type as? any CaseIterable.Type)?.choices, !choices.isEmpty {
            let found = tag == .string ? "'\(source.read { $0.string(offset) }.prefix(40))'" : tag.name
            return "expected \(choices.count > 1 ? "one of " : "")\(choices.joined(separator: ", ")), found \(found)"
        }
        switch error {
        case .dataCorrupted(let context), .keyNotFound(_, let context), .typeMismatch(_, let context),
            .valueNotFound(_, let context):
            return context.debugDescription
        @unknown default: return String(describing: error)
        }
    }
}

extension CaseIterable {
    fileprivate static var choices: [String] {
        allCases.compactMap { ($0 as? any RawRepresentable).map { "\($0.rawValue)" } }
    }
}
