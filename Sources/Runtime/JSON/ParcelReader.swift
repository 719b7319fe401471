import Glibc
internal import LuaBridge

/// Reads the values of a parcel where they lie. The bytes come from the parser or from Lua, never from outside, so
/// their shape is taken for granted.
struct ParcelReader {
    typealias Tag = Parcel.Tag

    let base: UnsafeRawPointer

    init(_ bytes: UnsafeRawBufferPointer) { base = bytes.baseAddress! }

    func tag(_ offset: Int) -> Tag { Tag(rawValue: base.load(fromByteOffset: offset, as: UInt8.self))! }

    func integer(_ offset: Int) -> Int64 { base.loadUnaligned(fromByteOffset: offset + 1, as: Int64.self) }

    func number(_ offset: Int) -> Double { base.loadUnaligned(fromByteOffset: offset + 1, as: Double.self) }

    func text(_ offset: Int) -> UnsafeBufferPointer<UInt8> {
        let start = (base + offset + 5).assumingMemoryBound(to: UInt8.self)
        return UnsafeBufferPointer(start: start, count: size(offset + 1))
    }

    func string(_ offset: Int) -> String { String(decoding: text(offset), as: UTF8.self) }

    /// The number of values in an array, of pairs in a table.
    func count(_ offset: Int) -> Int { size(offset + 1) }

    /// Where the first value of an array or the first key of a table lies.
    func first(_ offset: Int) -> Int { offset + 9 }

    /// Where the value that begins at `offset` has ended.
    func after(_ offset: Int) -> Int {
        switch tag(offset) {
        case .nil, .false, .true, .null: offset + 1
        case .integer, .number: offset + 9
        case .string: offset + 5 + size(offset + 1)
        case .array, .table: offset + 9 + size(offset + 5)
        case .reference: offset + 5
        case .object: offset + 17
        case .host: offset + 14 + size(offset + 10)
        case .readOnly, .error: after(offset + 1)
        }
    }

    /// A table's key as text; an integer key of a Lua table in decimal.
    func key(_ offset: Int) -> String {
        tag(offset) == .integer ? String(integer(offset)) : string(offset)
    }

    /// Where the value of `key` lies. The last one wins, so the whole table is looked through.
    func member(_ key: UnsafeBufferPointer<UInt8>, of table: Int) -> Int? {
        var found: Int?
        var position = first(table)
        for _ in 0..<count(table) {
            let value = after(position)
            if isKey(position, key) { found = value }
            position = after(value)
        }
        return found
    }

    func isKey(_ offset: Int, _ key: UnsafeBufferPointer<UInt8>) -> Bool {
        guard tag(offset) == .string else { return String(integer(offset)).utf8.elementsEqual(key) }
        let text = text(offset)
        return text.count == key.count && (key.isEmpty || memcmp(text.baseAddress!, key.baseAddress!, key.count) == 0)
    }

    private func size(_ offset: Int) -> Int { Int(base.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) }
}

extension Parcel.Tag {
    /// As in "expected a string, found …".
    var name: String {
        switch self {
        case .nil: "nothing"
        case .false: "false"
        case .true: "true"
        case .null: "null"
        case .integer: "an integer"
        case .number: "a number"
        case .string: "a string"
        case .array: "a list"
        case .table: "an object"
        case .reference, .object, .host, .readOnly, .error: "a function or handle"
        }
    }
}
