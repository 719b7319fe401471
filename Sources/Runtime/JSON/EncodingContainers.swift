struct KeyedWriter<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoder: ValueEncoder

    var codingPath: [any CodingKey] { encoder.codingPath }

    func encodeNil(forKey key: Key) throws {
        try encoder.write {
            $0.key(escaping: key.stringValue)
            $0.null()
        }
    }

    @inline(__always)
    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
        try encoder.write { $0.key(escaping: key.stringValue) }
        try encoder.write(value, at: .key(key.stringValue))
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        superEncoder(forKey: key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        superEncoder(forKey: key).unkeyedContainer()
    }

    func superEncoder() -> any Encoder { deferred("super") }
    func superEncoder(forKey key: Key) -> any Encoder { deferred(key.stringValue) }

    private func deferred(_ name: String) -> ValueEncoder {
        encoder.output.writer.key(escaping: name)
        return encoder.deferred(at: .key(name))
    }
}

struct UnkeyedWriter: UnkeyedEncodingContainer {
    let encoder: ValueEncoder
    private(set) var count = 0

    init(encoder: ValueEncoder) { self.encoder = encoder }

    var codingPath: [any CodingKey] { encoder.codingPath }

    mutating func encodeNil() throws {
        try encoder.write { $0.null() }
        count += 1
    }

    mutating func encode<Value: Encodable>(_ value: Value) throws {
        try encoder.write { _ in }
        try encoder.write(value, at: .index(count))
        count += 1
    }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        superEncoder().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { superEncoder().unkeyedContainer() }

    mutating func superEncoder() -> any Encoder {
        count += 1
        return encoder.deferred(at: .index(count - 1))
    }
}

struct SingleWriter: SingleValueEncodingContainer {
    let encoder: ValueEncoder

    var codingPath: [any CodingKey] { encoder.codingPath }
    func encodeNil() throws { try encoder.writeSingle(JSONValue.null) }
    func encode<Value: Encodable>(_ value: Value) throws { try encoder.writeSingle(value) }
}
