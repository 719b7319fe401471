internal import LuaBridge

/// A place in parsed JSON. Looking further copies nothing; what is not there is a missing view, and everything asked of
/// that is nil: `view["choices"][0]["delta"]["content"].string`.
///
/// Each step looks through its object or list from the front; to read all of one, iterate over it.
public struct JSONView: Sendable {
    public enum Kind: Sendable { case null, bool, integer, number, string, array, object }

    let bytes: [UInt8]
    /// Negative when there is nothing here.
    let offset: Int

    init(root bytes: [UInt8]) { self.init(bytes, 0) }

    init(_ bytes: [UInt8], _ offset: Int) {
        self.bytes = bytes
        self.offset = offset
    }

    /// Nil when there is nothing here.
    public var kind: Kind? {
        switch tag {
        case nil, .nil, .reference, .object, .host, .readOnly, .error: nil
        case .null: .null
        case .true, .false: .bool
        case .integer: .integer
        case .number: .number
        case .string: .string
        case .array: .array
        case .table: .object
        }
    }

    public var exists: Bool { offset >= 0 }
    public var isNull: Bool { tag == .null }

    public subscript(_ key: String) -> JSONView {
        guard tag == .table else { return missing }
        var key = key
        let found = key.withUTF8 { key in read { $0.member(key, of: offset) } }
        return JSONView(bytes, found ?? -1)
    }

    public subscript(_ index: Int) -> JSONView {
        guard tag == .array, index >= 0 else { return missing }
        return read { reader in
            guard index < reader.count(offset) else { return missing }
            var position = reader.first(offset)
            for _ in 0..<index { position = reader.after(position) }
            return JSONView(bytes, position)
        }
    }

    public var bool: Bool? {
        switch tag {
        case .true: true
        case .false: false
        default: nil
        }
    }

    public var integer: Int? { tag == .integer ? Int(read { $0.integer(offset) }) : nil }

    /// Of an integer too, rounded beyond 2⁵³.
    public var number: Double? {
        switch tag {
        case .number: read { $0.number(offset) }
        case .integer: Double(read { $0.integer(offset) })
        default: nil
        }
    }

    public var string: String? { tag == .string ? read { $0.string(offset) } : nil }

    /// The bytes of a string, for as long as `body` runs.
    public func withUTF8<Result>(_ body: (UnsafeBufferPointer<UInt8>) throws -> Result) rethrows -> Result? {
        tag == .string ? try read { try body($0.text(offset)) } : nil
    }

    /// Compares without making a `String`; false for anything but a string.
    public func equals(_ text: StaticString) -> Bool {
        withUTF8 { $0.elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)) }
            ?? false
    }

    /// The number of elements or members, duplicates included; 0 for anything else.
    public var count: Int { tag == .array || tag == .table ? read { $0.count(offset) } : 0 }

    public func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        guard exists else { throw Fault(.invalidInput, "expected a value, found nothing") }
        return try ValueDecoder.decode(type, at: offset, in: bytes, fromLua: false)
    }

    var tag: Parcel.Tag? { offset < 0 ? nil : read { $0.tag(offset) } }

    private var missing: JSONView { JSONView([], -1) }

    func read<Result>(_ body: (ParcelReader) throws -> Result) rethrows -> Result {
        try bytes.withUnsafeBytes { try body(ParcelReader($0)) }
    }
}
