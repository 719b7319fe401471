internal import LuaBridge

/// `Decodable` over the bytes of a parcel. Every failure is a `Fault` that begins with the way to the value.
final class ValueDecoder: Decoder {
    let slot: Slot
    /// The way to what is inside this value.
    private(set) lazy var route: CodingRoute? = slot.step.map { CodingRoute(slot.parent, $0) } ?? slot.parent

    init(_ slot: Slot) { self.slot = slot }

    static func decode<Value: Decodable>(
        _ type: Value.Type, at offset: Int, in bytes: [UInt8], fromLua: Bool
    ) throws -> Value {
        guard !bytes.isEmpty else { throw Fault(.invalidInput, "expected a value, found nothing") }
        let source = Source(bytes: bytes, fromLua: fromLua)
        return try Slot(source: source, offset: offset, parent: nil, step: nil).decode(type)
    }

    var codingPath: [any CodingKey] { route?.codingPath ?? [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard slot.tag == .table else { throw slot.mismatch("an object") }
        return KeyedDecodingContainer(KeyedReader<Key>(self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard slot.tag == .array || slot.isEmptyLuaTable else { throw slot.mismatch("a list") }
        return UnkeyedReader(self)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { SingleReader(decoder: self) }
}

/// What all decoders of one document share; an object so that handing it on costs no copy.
final class Source: Sendable {
    let bytes: [UInt8]
    let fromLua: Bool

    init(bytes: [UInt8], fromLua: Bool) {
        self.bytes = bytes
        self.fromLua = fromLua
    }

    func read<Result>(_ body: (ParcelReader) throws -> Result) rethrows -> Result {
        try bytes.withUnsafeBytes { try body(ParcelReader($0)) }
    }
}

private struct SingleReader: SingleValueDecodingContainer {
    let decoder: ValueDecoder

    var codingPath: [any CodingKey] { decoder.codingPath }
    func decodeNil() -> Bool { decoder.slot.isNull }
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try decoder.slot.decode(type) }
}

private struct UnkeyedReader: UnkeyedDecodingContainer {
    private let decoder: ValueDecoder
    private let total: Int
    private var position: Int
    private(set) var currentIndex = 0

    init(_ decoder: ValueDecoder) {
        self.decoder = decoder
        let slot = decoder.slot
        (total, position) = slot.source.read { ($0.count(slot.offset), $0.first(slot.offset)) }
    }

    var codingPath: [any CodingKey] { decoder.codingPath }
    var count: Int? { total }
    var isAtEnd: Bool { currentIndex == total }

    mutating func decodeNil() throws -> Bool {
        guard try current().isNull else { return false }
        advance()
        return true
    }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let value = try current().decode(type)
        advance()
        return value
    }

    mutating func nestedContainer<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        try superDecoder().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try superDecoder().unkeyedContainer()
    }

    mutating func superDecoder() throws -> any Decoder {
        let decoder = ValueDecoder(try current())
        advance()
        return decoder
    }

    private func current() throws -> Slot {
        guard !isAtEnd else {
            throw CodingRoute.fault(decoder.route, .index(currentIndex), "the list ends here, after \(total) elements")
        }
        return Slot(
            source: decoder.slot.source, offset: position, parent: decoder.route, step: .index(currentIndex))
    }

    private mutating func advance() {
        position = decoder.slot.source.read { $0.after(position) }
        currentIndex += 1
    }
}
