public import LuaBridge

// How facts and decisions cross between Lua and those rooms that know nothing of it.

extension LuaValue {
    public init(_ value: JSONValue) {
        switch value {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .integer(value)
        case .number(let value): self = .number(value)
        case .string(let value): self = .string(value)
        case .array(let values): self = .array(values.map { LuaValue($0) })
        case .object(let members):
            self = .table(
                Dictionary(members.lazy.map { (LuaKey.string($0.key), LuaValue($0.value)) }) { _, last in last })
        }
    }
}

extension Parcel {
    /// Straight into the parcel: facts are large, and a table of them in between would only be hashed to be written.
    mutating func put(json value: JSONValue) {
        switch value {
        case .null: putNull()
        case .bool(let value): put(value)
        case .integer(let value): put(value)
        case .number(let value): put(value)
        case .string(let value): put(value)
        case .array(let values):
            let array = beginArray()
            for value in values { put(json: value) }
            end(array, count: values.count)
        case .object(let members):
            let table = beginTable()
            for member in members {
                put(member.key)
                put(json: member.value)
            }
            end(table, count: members.count)
        }
    }
}

extension JSONValue {
    /// An empty table is an object. Functions and host objects have no form here and are left out, numbers that are none
    /// become null, and bytes that are no text are replaced.
    public init(_ value: LuaValue) {
        switch value {
        case .nil, .null, .function, .reference, .object, .host: self = .null
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .integer(value)
        case .number(let value): self = value.isFinite ? .number(value) : .null
        case .string(let value): self = .string(value)
        case .bytes(let value): self = .string(String(decoding: value, as: UTF8.self))
        case .array(let values): self = .array(values.map { JSONValue($0) })
        case .table(let fields):
            self = .object(
                JSONObject(
                    fields.inOrder.compactMap { key, value in
                        switch value {
                        case .nil, .function, .reference, .object, .host: nil
                        default: (key.text, JSONValue(value))
                        }
                    }))
        }
    }
}
