/// A Lua value in Swift's hands: the convenient form. `Parcel` and `ParcelReader` are the fast one.
public enum LuaValue: Equatable {
    case `nil`
    /// JSON's null, kept apart from an absent value.
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    /// A string that is not UTF-8.
    case bytes([UInt8])
    case array([LuaValue])
    case table([LuaKey: LuaValue])
    case function(LuaFunction)
    /// A table by reference, a coroutine or a foreign userdata.
    case reference(LuaReference)
    case object(LuaObject)
    /// Towards Lua only: it comes back as `function`.
    case host(LuaHostFunction)

    public subscript(key: LuaKey) -> LuaValue? {
        if case .table(let fields) = self { fields[key] } else { nil }
    }

    public var string: String? {
        switch self {
        case .string(let text): text
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        default: nil
        }
    }

    public var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .number(let value): Int64(exactly: value)
        default: nil
        }
    }

    public var number: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var function: LuaFunction? { if case .function(let value) = self { value } else { nil } }

    /// Lua's word for it, for error messages.
    public var typeName: String {
        switch self {
        case .nil: "nil"
        case .null: "null"
        case .bool: "boolean"
        case .integer, .number: "number"
        case .string, .bytes: "string"
        case .array, .table: "table"
        case .function, .host: "function"
        case .reference(let reference): reference.typeName
        case .object(let object): object.type.name
        }
    }
}

public enum LuaKey: Hashable, Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    case string(String)
    case integer(Int64)

    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
}

extension LuaValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: LuaValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (LuaKey, LuaValue)...) {
        self = .table(Dictionary(elements) { _, last in last })
    }
}

extension Parcel {
    public mutating func put(_ value: LuaValue) {
        switch value {
        case .nil: putNil()
        case .null: putNull()
        case .bool(let value): put(value)
        case .integer(let value): put(value)
        case .number(let value): put(value)
        case .string(let value): put(value)
        case .bytes(let value): value.withUnsafeBytes { put(string: $0) }
        case .array(let values):
            let array = beginArray()
            for value in values { put(value) }
            end(array, count: values.count)
        case .table(let fields):
            let table = beginTable()
            for (key, value) in fields {
                put(key)
                put(value)
            }
            end(table, count: fields.count)
        case .function(let value): put(value as LuaReference)
        case .reference(let value): put(value)
        case .object(let value): put(value.object, type: value.type)
        case .host(let value): put(value)
        }
    }

    public mutating func put(_ key: LuaKey) {
        switch key {
        case .string(let value): put(value)
        case .integer(let value): put(value)
        }
    }
}

extension ParcelReader {
    /// The next value, whatever it is; `nil` at the end.
    public mutating func value() -> LuaValue {
        switch tag {
        case nil, .host, .readOnly, .error:
            skip()
            return .nil
        case .nil:
            skip()
            return .nil
        case .null:
            skip()
            return .null
        case .false, .true: return .bool(bool()!)
        case .integer: return .integer(integer()!)
        case .number: return .number(number()!)
        case .string:
            let raw = rawString()!
            return String(validating: raw, as: UTF8.self).map { .string($0) } ?? .bytes(Array(raw))
        case .array:
            var values: [LuaValue] = []
            elements { values.append($0.value()) }
            return .array(values)
        case .table:
            var pairs: [LuaKey: LuaValue] = [:]
            fields { name, reader in
                pairs[name.integer.map { .integer($0) } ?? .string(name.string)] = reader.value()
            }
            return .table(pairs)
        case .reference:
            guard let reference = reference() else { return .nil }
            return (reference as? LuaFunction).map { .function($0) } ?? .reference(reference)
        case .object: return anyObject().map { .object($0) } ?? .nil
        }
    }

    /// All values that are left.
    public mutating func values() -> [LuaValue] {
        var values: [LuaValue] = []
        while !isAtEnd { values.append(value()) }
        return values
    }
}
