/// Header fields in order, with names compared without case.
///
/// The bytes of all fields share one buffer, so that a request with ten of them costs two allocations, and text is made
/// only of what is asked for.
public struct Headers: Sendable {
    struct Field: Sendable {
        var nameStart: UInt32
        var nameCount: UInt32
        var valueStart: UInt32
        var valueCount: UInt32
    }

    /// For a request these are the whole head as it came, request line included.
    var bytes: [UInt8] = []
    var fields: [Field] = []
    /// The first field that must not be sent, because a byte of it would end the line or is none of a name.
    private(set) var refusal: String?

    public init() {}

    init(bytes: [UInt8], fields: [Field]) {
        self.bytes = bytes
        self.fields = fields
    }

    public init(_ pairs: [(String, String)]) {
        for (name, value) in pairs { add(name, value) }
    }

    public var count: Int { fields.count }
    public var isEmpty: Bool { fields.isEmpty }

    /// The first value of that name; setting replaces every field of that name, nil removes them.
    public subscript(_ name: String) -> String? {
        get { firstIndex(name).map { text(value: fields[$0]) } }
        set {
            if let newValue { set(name, newValue) } else { remove(name) }
        }
    }

    public func all(_ name: String) -> [String] {
        fields.filter { isNamed($0, name) }.map { text(value: $0) }
    }

    public func contains(_ name: String) -> Bool { firstIndex(name) != nil }

    /// A value with a line break, NUL or other control byte, or a name that is no token, is not sent: the response that
    /// bears it becomes an error, so that nothing can be smuggled into it.
    public mutating func add(_ name: String, _ value: String) {
        var field = Field(nameStart: UInt32(bytes.count), nameCount: 0, valueStart: 0, valueCount: 0)
        bytes.append(contentsOf: name.utf8)
        field.nameCount = UInt32(bytes.count) - field.nameStart
        field.valueStart = UInt32(bytes.count)
        bytes.append(contentsOf: value.utf8)
        field.valueCount = UInt32(bytes.count) - field.valueStart
        fields.append(field)
        if refusal == nil, !isSendable(field) { refusal = name }
    }

    public mutating func set(_ name: String, _ value: String) {
        remove(name)
        add(name, value)
    }

    public mutating func remove(_ name: String) {
        let kept = fields.filter { !isNamed($0, name) }
        if kept.count < fields.count { fields = kept }
        if refusal != nil { refusal = fields.first { !isSendable($0) }.map { text(name: $0) } }
    }

    mutating func removeAll() {
        if bytes.capacity > 4096 { bytes = [] } else { bytes.removeAll(keepingCapacity: true) }
        fields.removeAll(keepingCapacity: true)
        refusal = nil
    }
}

extension Headers: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral pairs: (String, String)...) { self.init(pairs) }
}

extension Headers: Sequence {
    public func makeIterator() -> AnyIterator<(name: String, value: String)> {
        var index = 0
        return AnyIterator {
            guard index < fields.count else { return nil }
            defer { index += 1 }
            return (text(name: fields[index]), text(value: fields[index]))
        }
    }
}

extension Headers {
    func firstIndex(_ name: String) -> Int? { fields.firstIndex { isNamed($0, name) } }

    func text(name field: Field) -> String { text(field.nameStart, field.nameCount) }

    func text(value field: Field) -> String { text(field.valueStart, field.valueCount) }

    func text(_ start: UInt32, _ count: UInt32) -> String {
        bytes.withUnsafeBufferPointer {
            String(decoding: UnsafeBufferPointer(rebasing: $0[Int(start)..<Int(start + count)]), as: UTF8.self)
        }
    }

    func isNamed(_ field: Field, _ name: String) -> Bool {
        guard name.utf8.count == Int(field.nameCount) else { return false }
        var index = Int(field.nameStart)
        for byte in name.utf8 {
            if byte.asciiLowercase != bytes[index].asciiLowercase { return false }
            index += 1
        }
        return true
    }

    private func isSendable(_ field: Field) -> Bool {
        let name = bytes[Int(field.nameStart)..<Int(field.nameStart + field.nameCount)]
        let value = bytes[Int(field.valueStart)..<Int(field.valueStart + field.valueCount)]
        return !name.isEmpty && name.allSatisfy(\.isTokenByte) && value.allSatisfy { $0 >= 32 && $0 != 127 || $0 == 9 }
    }
}

extension UInt8 {
    var asciiLowercase: UInt8 { self &- 65 < 26 ? self | 32 : self }

    /// A byte that names of fields and methods may have (RFC 9110 §5.6.2).
    var isTokenByte: Bool {
        switch self {
        case 48...57, 65...90, 94...122, 124, 126, 33, 35...39, 42, 43, 45, 46: true
        default: false
        }
    }
}
