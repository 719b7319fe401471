internal import LuaBridge

/// Any JSON value, for parts of a document whose shape is somebody else's business.
///
/// Equal means the same values: members in any order, but the integer `1` is not the number `1.0`.
public enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    public subscript(_ key: String) -> JSONValue? {
        if case .object(let object) = self { object[key] } else { nil }
    }

    public subscript(_ index: Int) -> JSONValue? {
        if case .array(let elements) = self, elements.indices.contains(index) { elements[index] } else { nil }
    }

    public var string: String? { if case .string(let value) = self { value } else { nil } }
    public var integer: Int? { if case .integer(let value) = self { Int(value) } else { nil } }
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

    /// Of an integer too, rounded beyond 2⁵³.
    public var number: Double? {
        switch self {
        case .number(let value): value
        case .integer(let value): Double(value)
        default: nil
        }
    }
}

extension JSONValue {
    /// Nesting is bounded by whoever made the parcel.
    init(_ reader: ParcelReader, _ offset: Int) {
        switch reader.tag(offset) {
        case .nil, .null, .reference, .object, .host, .readOnly, .error: self = .null
        case .false: self = .bool(false)
        case .true: self = .bool(true)
        case .integer: self = .integer(reader.integer(offset))
        case .number: self = .number(reader.number(offset))
        case .string: self = .string(reader.string(offset))
        case .array:
            var elements: [JSONValue] = []
            elements.reserveCapacity(reader.count(offset))
            var position = reader.first(offset)
            for _ in 0..<reader.count(offset) {
                elements.append(JSONValue(reader, position))
                position = reader.after(position)
            }
            self = .array(elements)
        case .table: self = .object(JSONObject(reader, offset))
        }
    }
}

extension JSONValue: Codable {
    public init(from decoder: any Decoder) throws {
        guard let decoder = decoder as? ValueDecoder else {
            throw Fault(.internal, "a free-form JSON value can be read from JSON only, not from \(type(of: decoder))")
        }
        self = try decoder.slot.freeForm()
    }

    public func encode(to encoder: any Encoder) throws {
        guard let encoder = encoder as? ValueEncoder else {
            throw Fault(.internal, "a free-form JSON value can be written as JSON only, not by \(type(of: encoder))")
        }
        try encoder.write(freeForm: self)
    }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral {
    public init(nilLiteral: ()) { self = .null }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
}

extension JSONValue: ExpressibleByFloatLiteral, ExpressibleByStringInterpolation {
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(stringLiteral value: String) { self = .string(value) }
}

extension JSONValue: ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(dictionaryLiteral members: (String, JSONValue)...) { self = .object(JSONObject(members)) }
}
