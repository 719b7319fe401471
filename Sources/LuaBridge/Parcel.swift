/// A flat buffer of values in the form that `clua_parcel.h` describes: how values cross between Lua, JSON text and
/// Swift, without an object for each of them.
public struct Parcel {
    /// What stands in front of each value.
    public enum Tag: UInt8, Sendable {
        case `nil` = 0, `false`, `true`, integer, number, string, array, table, reference, null
    }

    public private(set) var bytes: [UInt8] = []

    public init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    /// Takes values that are in this form already, written by somebody who knew how large they would become.
    public init(adopting bytes: [UInt8]) { self.bytes = bytes }

    public mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    public mutating func putNil() { put(.nil) }
    public mutating func putNull() { put(.null) }
    public mutating func put(_ value: Bool) { put(value ? .true : .false) }

    public mutating func put(_ value: Int64) {
        put(.integer)
        putRaw(value)
    }

    public mutating func put(_ value: Double) {
        put(.number)
        putRaw(value)
    }

    public mutating func put(_ value: String) {
        var value = value
        value.withUTF8 { put(string: UnsafeRawBufferPointer($0)) }
    }

    public mutating func put(string value: UnsafeRawBufferPointer) {
        put(.string)
        putRaw(UInt32(value.count))
        bytes.append(contentsOf: value)
    }

    public mutating func put(reference: Int32) {
        put(.reference)
        putRaw(reference)
    }

    /// An open array or table, to be ended with its count.
    public struct Container {
        fileprivate let start: Int
    }

    public mutating func beginArray() -> Container { begin(.array) }
    public mutating func beginTable() -> Container { begin(.table) }

    /// `count` is the number of values in an array, of pairs in a table.
    public mutating func end(_ container: Container, count: Int) {
        let size = bytes.count - container.start - 8
        bytes.withUnsafeMutableBytes {
            $0.storeBytes(of: UInt32(count), toByteOffset: container.start, as: UInt32.self)
            $0.storeBytes(of: UInt32(size), toByteOffset: container.start + 4, as: UInt32.self)
        }
    }

    private mutating func begin(_ tag: Tag) -> Container {
        put(tag)
        let container = Container(start: bytes.count)
        putRaw(UInt64(0))
        return container
    }

    private mutating func put(_ tag: Tag) { bytes.append(tag.rawValue) }

    private mutating func putRaw<Value: BitwiseCopyable>(_ value: Value) {
        withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
    }
}
