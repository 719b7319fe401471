/// A flat buffer of values in the form that `clua_parcel.h` describes: how values cross between Lua, JSON text and
/// Swift, without an object for each of them.
public struct Parcel {
    /// What stands in front of each value.
    public enum Tag: UInt8, Sendable {
        case `nil` = 0, `false`, `true`, integer, number, string, array, table, reference, null, object, host, readOnly,
            error
    }

    public private(set) var bytes: [UInt8] = []
    /// Keeps alive what the bytes only point to.
    private var held: [AnyObject] = []

    public init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    /// Takes values that are in this form already, written by somebody who knew how large they would become.
    public init(adopting bytes: [UInt8]) { self.bytes = bytes }

    public var count: Int { bytes.count }
    var holdsHandles: Bool { !held.isEmpty }

    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        defer { withExtendedLifetime(held) {} }
        return try bytes.withUnsafeBytes(body)
    }

    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        if !held.isEmpty { held.removeAll() }
    }

    // MARK: plain values

    public mutating func putNil() { put(tag: .nil) }
    public mutating func putNull() { put(tag: .null) }
    public mutating func put(_ value: Bool) { put(tag: value ? .true : .false) }
    public mutating func put(_ value: Int) { put(Int64(value)) }
    public mutating func put(_ value: Int64) { put(.integer, value) }
    public mutating func put(_ value: Double) { put(.number, value.bitPattern) }

    public mutating func put(_ value: String) {
        var value = value
        value.withUTF8 { put(string: UnsafeRawBufferPointer($0)) }
    }

    /// A literal, usually a key: copied without becoming a `String`.
    public mutating func put(literal value: StaticString) {
        value.withUTF8Buffer { put(string: UnsafeRawBufferPointer($0)) }
    }

    public mutating func put(string value: UnsafeRawBufferPointer) {
        put(.string, UInt32(value.count))
        bytes.append(contentsOf: value)
    }

    public mutating func put(reference: Int32) { put(.reference, reference) }

    // MARK: handles

    public mutating func put(_ value: LuaReference) {
        put(reference: value.raw)
        held.append(value)
    }

    /// The class must have been defined in the state that takes the parcel.
    public mutating func put<Object>(_ value: Object, as type: LuaClass<Object>) { put(value, type: type) }

    mutating func put(_ value: AnyObject, type: LuaObjectType) {
        put(.object, UInt64(address(value)))
        putRaw(UInt64(address(type)))
        held.append(value)
        held.append(type)
    }

    public mutating func put(_ function: LuaHostFunction) {
        var name = function.name
        put(tag: .host)
        putRaw(function.kind)
        putRaw(UInt64(address(function)))
        putRaw(UInt32(name.utf8.count))
        name.withUTF8 { bytes.append(contentsOf: $0) }
        held.append(function)
    }

    private func address(_ object: AnyObject) -> UInt { UInt(bitPattern: Unmanaged.passUnretained(object).toOpaque()) }

    // MARK: containers

    /// An open array or table, to be ended with its count.
    public struct Container {
        fileprivate let start: Int
    }

    public mutating func beginArray() -> Container { begin(.array) }
    public mutating func beginTable() -> Container { begin(.table) }

    /// The array or table that follows cannot be written by scripts, nor can those in it.
    public mutating func makeNextReadOnly() { put(tag: .readOnly) }

    /// The table that follows prints as an error.
    public mutating func makeNextError() { put(tag: .error) }

    /// `count` is the number of values in an array, of pairs in a table.
    public mutating func end(_ container: Container, count: Int) {
        let size = bytes.count - container.start - 8
        bytes.withUnsafeMutableBytes {
            $0.storeBytes(of: UInt32(count), toByteOffset: container.start, as: UInt32.self)
            $0.storeBytes(of: UInt32(size), toByteOffset: container.start + 4, as: UInt32.self)
        }
    }

    private mutating func begin(_ tag: Tag) -> Container {
        put(tag, UInt64(0))
        return Container(start: bytes.count - 8)
    }

    // MARK: bytes

    private mutating func put(tag: Tag) { bytes.append(tag.rawValue) }

    /// One append for both: the tag is the last byte of a word, and the value follows it.
    private mutating func put<Value: FixedWidthInteger>(_ tag: Tag, _ value: Value) {
        let both = (UInt64(tag.rawValue) << 56, UInt64(truncatingIfNeeded: value))
        Swift.withUnsafeBytes(of: both) {
            bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: $0[7..<8 + MemoryLayout<Value>.size]))
        }
    }

    private mutating func putRaw<Value: FixedWidthInteger>(_ value: Value) {
        Swift.withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
    }
}
