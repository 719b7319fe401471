/// A flat buffer of values in the form that `clua_parcel.h` describes: how values cross between Lua, JSON text and
/// Swift, without an object for each of them.
public struct Parcel {
    /// What stands in front of each value.
    public enum Tag: UInt8, Sendable {
        case `nil` = 0, `false`, `true`, integer, number, string, array, table, reference, null, object, host, readOnly
    }

    private var storage: Storage
    /// Keeps alive what the bytes only point to.
    private var held: [AnyObject] = []

    public init(capacity: Int = 0) { storage = Storage(capacity: max(capacity, 64)) }

    public var count: Int { storage.count }
    var holdsHandles: Bool { !held.isEmpty }

    /// A copy; `withUnsafeBytes` reads them in place.
    public var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        defer { withExtendedLifetime(self) {} }
        return try body(UnsafeRawBufferPointer(start: storage.base, count: storage.count))
    }

    public mutating func removeAll() {
        if !isKnownUniquelyReferenced(&storage) { storage = Storage(capacity: 64) }
        storage.count = 0
        if !held.isEmpty { held.removeAll() }
    }

    // MARK: plain values

    public mutating func putNil() { put(tag: .nil) }
    public mutating func putNull() { put(tag: .null) }
    public mutating func put(_ value: Bool) { put(tag: value ? .true : .false) }
    public mutating func put(_ value: Int) { put(Int64(value)) }
    public mutating func put(_ value: Int64) { put(.integer, value) }
    public mutating func put(_ value: Double) { put(.number, value) }

    public mutating func put(_ value: String) {
        var value = value
        value.withUTF8 { put(string: UnsafeRawBufferPointer($0)) }
    }

    /// A literal, usually a key: copied without becoming a `String`.
    public mutating func put(literal value: StaticString) {
        value.withUTF8Buffer { put(string: UnsafeRawBufferPointer($0)) }
    }

    public mutating func put(string value: UnsafeRawBufferPointer) {
        let place = room(5 + value.count)
        place.storeBytes(of: Tag.string.rawValue, as: UInt8.self)
        place.storeBytes(of: UInt32(value.count), toByteOffset: 1, as: UInt32.self)
        if let start = value.baseAddress { (place + 5).copyMemory(from: start, byteCount: value.count) }
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
        let place = room(17)
        place.storeBytes(of: Tag.object.rawValue, as: UInt8.self)
        place.storeBytes(of: UInt64(address(value)), toByteOffset: 1, as: UInt64.self)
        place.storeBytes(of: UInt64(address(type)), toByteOffset: 9, as: UInt64.self)
        held.append(value)
        held.append(type)
    }

    public mutating func put(_ function: LuaHostFunction) {
        var name = function.name
        let length = name.utf8.count
        let place = room(14 + length)
        place.storeBytes(of: Tag.host.rawValue, as: UInt8.self)
        place.storeBytes(of: function.kind, toByteOffset: 1, as: UInt8.self)
        place.storeBytes(of: UInt64(address(function)), toByteOffset: 2, as: UInt64.self)
        place.storeBytes(of: UInt32(length), toByteOffset: 10, as: UInt32.self)
        name.withUTF8 { (place + 14).copyMemory(from: $0.baseAddress!, byteCount: length) }
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

    /// `count` is the number of values in an array, of pairs in a table.
    public mutating func end(_ container: Container, count: Int) {
        let size = storage.count - container.start - 8
        let place = unique().base + container.start
        place.storeBytes(of: UInt32(count), as: UInt32.self)
        place.storeBytes(of: UInt32(size), toByteOffset: 4, as: UInt32.self)
    }

    private mutating func begin(_ tag: Tag) -> Container {
        put(tag, UInt64(0))
        return Container(start: storage.count - 8)
    }

    // MARK: bytes

    private mutating func put(tag: Tag) { room(1).storeBytes(of: tag.rawValue, as: UInt8.self) }

    private mutating func put<Value: BitwiseCopyable>(_ tag: Tag, _ value: Value) {
        let place = room(1 + MemoryLayout<Value>.size)
        place.storeBytes(of: tag.rawValue, as: UInt8.self)
        place.storeBytes(of: value, toByteOffset: 1, as: Value.self)
    }

    private mutating func room(_ bytes: Int) -> UnsafeMutableRawPointer {
        let storage = unique()
        if storage.capacity - storage.count < bytes { storage.grow(by: bytes) }
        defer { storage.count += bytes }
        return storage.base + storage.count
    }

    private mutating func unique() -> Storage {
        if !isKnownUniquelyReferenced(&storage) { storage = Storage(copying: storage) }
        return storage
    }

    private final class Storage {
        var base: UnsafeMutableRawPointer
        var count = 0
        var capacity: Int

        init(capacity: Int) {
            self.capacity = capacity
            base = .allocate(byteCount: capacity, alignment: 8)
        }

        convenience init(copying other: Storage) {
            self.init(capacity: other.capacity)
            base.copyMemory(from: other.base, byteCount: other.count)
            count = other.count
        }

        deinit { base.deallocate() }

        func grow(by bytes: Int) {
            capacity = max(capacity * 2, count + bytes)
            let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 8)
            larger.copyMemory(from: base, byteCount: count)
            base.deallocate()
            base = larger
        }
    }
}
