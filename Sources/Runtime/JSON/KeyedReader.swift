import Glibc
internal import LuaBridge

/// The members of an object, by key. Large objects get a sorted index, so that reading all of them stays n log n.
struct KeyedReader<Key: CodingKey>: KeyedDecodingContainerProtocol {
    private let decoder: ValueDecoder
    private let index: KeyIndex?

    init(_ decoder: ValueDecoder) {
        self.decoder = decoder
        let slot = decoder.slot
        index = slot.source.read { $0.count(slot.offset) > 16 ? KeyIndex($0, slot.offset) : nil }
    }

    var codingPath: [any CodingKey] { decoder.codingPath }

    /// Each key once, in the order of the text.
    var allKeys: [Key] {
        let slot = decoder.slot
        return slot.source.read { reader in
            var keys: [Key] = []
            var position = reader.first(slot.offset)
            for _ in 0..<reader.count(slot.offset) {
                let name = reader.key(position)
                let value = reader.after(position)
                if find(name, reader) == value, let key = Key(stringValue: name) { keys.append(key) }
                position = reader.after(value)
            }
            return keys
        }
    }

    func contains(_ key: Key) -> Bool { slot(key) != nil }

    func decodeNil(forKey key: Key) throws -> Bool { try required(key).isNull }

    @inline(__always)
    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try required(key).decode(type)
    }

    @inline(__always)
    func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        guard let slot = slot(key), !slot.isNull else { return nil }
        return try slot.decode(type)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try superDecoder(forKey: key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try superDecoder(forKey: key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder {
        guard let slot = slot("super") else { throw missing("super") }
        return ValueDecoder(slot)
    }

    func superDecoder(forKey key: Key) throws -> any Decoder { ValueDecoder(try required(key)) }

    private func required(_ key: Key) throws -> Slot {
        guard let slot = slot(key) else { throw missing(key.stringValue) }
        return slot
    }

    private func missing(_ name: String) -> Fault { CodingRoute.fault(decoder.route, .key(name), "missing") }

    private func slot(_ key: Key) -> Slot? { slot(key.stringValue) }

    private func slot(_ name: String) -> Slot? {
        let source = decoder.slot.source
        guard let value = source.read({ find(name, $0) }) else { return nil }
        return Slot(source: source, offset: value, parent: decoder.route, step: .key(name))
    }

    private func find(_ name: String, _ reader: ParcelReader) -> Int? {
        var name = name
        return name.withUTF8 { name in
            if let index { index.find(name, reader) } else { reader.member(name, of: decoder.slot.offset) }
        }
    }
}

/// Where the keys of one object lie, in the order of their bytes; equal keys in the order of the text.
struct KeyIndex {
    private var keys: [Int] = []

    /// Nil when a Lua table has integer keys too.
    init?(_ reader: ParcelReader, _ table: Int) {
        keys.reserveCapacity(reader.count(table))
        var position = reader.first(table)
        for _ in 0..<reader.count(table) {
            guard reader.tag(position) == .string else { return nil }
            keys.append(position)
            position = reader.after(reader.after(position))
        }
        keys.sort { one, other in
            let order = Self.compare(reader.text(one), reader.text(other))
            return order == 0 ? one < other : order < 0
        }
    }

    /// Where the value of the last such key lies.
    func find(_ name: UnsafeBufferPointer<UInt8>, _ reader: ParcelReader) -> Int? {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if Self.compare(reader.text(keys[middle]), name) <= 0 { low = middle + 1 } else { high = middle }
        }
        guard low > 0, reader.isKey(keys[low - 1], name) else { return nil }
        return reader.after(keys[low - 1])
    }

    private static func compare(_ one: UnsafeBufferPointer<UInt8>, _ other: UnsafeBufferPointer<UInt8>) -> Int {
        let shared = min(one.count, other.count)
        let order = shared == 0 ? 0 : Int(memcmp(one.baseAddress!, other.baseAddress!, shared))
        return order == 0 ? one.count - other.count : order
    }
}
