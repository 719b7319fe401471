internal import CLua

/// Reads the values of a parcel one after the other. Valid only during the closure that it is given to.
///
/// Each reading method takes one value; where the value is of another type it gives nil, and the value is taken all the
/// same. At the end everything is nil.
public struct ParcelReader {
    private var at: UnsafeRawPointer
    private let end: UnsafeRawPointer
    private let state: Unmanaged<LuaState>?
    private let buffer: UnsafeMutablePointer<clua_buffer>?

    /// Values without references, such as what JSON text was read into. The bytes must outlive the reader.
    public init(bytes: UnsafeRawBufferPointer) {
        at = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)!
        end = at + bytes.count
        state = nil
        buffer = nil
    }

    init(_ buffer: UnsafeMutablePointer<clua_buffer>?, state: LuaState) {
        let count = buffer?.pointee.count ?? 0
        at = buffer?.pointee.bytes.map { UnsafeRawPointer($0) } ?? UnsafeRawPointer(bitPattern: 1)!
        end = at + count
        self.state = .passUnretained(state)
        self.buffer = buffer
    }

    public var isAtEnd: Bool { at >= end }

    /// The tag of the next value, which stays.
    public var tag: Parcel.Tag? {
        isAtEnd ? nil : Parcel.Tag(rawValue: at.loadUnaligned(as: UInt8.self))
    }

    // MARK: plain values

    public mutating func bool() -> Bool? {
        switch takeTag() {
        case .true: return true
        case .false: return false
        case let other: return skipBody(other)
        }
    }

    /// Floats with an integral value count as integers, as they do in Lua.
    public mutating func integer() -> Int64? {
        switch takeTag() {
        case .integer: return take(Int64.self)
        case .number: return Int64(exactly: take(Double.self))
        case let other: return skipBody(other)
        }
    }

    public mutating func number() -> Double? {
        switch takeTag() {
        case .integer: return Double(take(Int64.self))
        case .number: return take(Double.self)
        case let other: return skipBody(other)
        }
    }

    /// What is not UTF-8 is repaired with U+FFFD; `rawString` gives the bytes as they are.
    public mutating func string() -> String? { rawString().map { String(decoding: $0, as: UTF8.self) } }

    public mutating func rawString() -> UnsafeRawBufferPointer? {
        switch takeTag() {
        case .string: return takeString()
        case let other: return skipBody(other)
        }
    }

    /// Takes the next value without looking at it.
    public mutating func skip() { let _: Bool? = skipBody(takeTag()) }

    // MARK: containers

    /// Calls `body` for each element of an array (or of an empty table); false when the next value is something else.
    @discardableResult
    public mutating func elements(_ body: (inout ParcelReader) throws -> Void) rethrows -> Bool {
        let tag = takeTag()
        guard tag == .array || tag == .table else {
            let _: Bool? = skipBody(tag)
            return false
        }
        let (count, stop) = takeSizes()
        defer { at = stop }
        guard tag == .array else { return count == 0 }
        for _ in 0..<count {
            let before = at
            try body(&self)
            if at == before { skip() }
        }
        return true
    }

    /// Calls `body` for each pair of a table (or of an empty array); false when the next value is something else. A
    /// value that `body` does not take is skipped.
    @discardableResult
    public mutating func fields(_ body: (LuaFieldName, inout ParcelReader) throws -> Void) rethrows -> Bool {
        let tag = takeTag()
        guard tag == .array || tag == .table else {
            let _: Bool? = skipBody(tag)
            return false
        }
        let (count, stop) = takeSizes()
        defer { at = stop }
        guard tag == .table else { return count == 0 }
        for _ in 0..<count {
            let name = takeName()
            let before = at
            try body(name, &self)
            if at == before { skip() }
        }
        return true
    }

    private mutating func takeName() -> LuaFieldName {
        if takeTag() == .integer { return LuaFieldName(bytes: .init(start: nil, count: 0), integer: take(Int64.self)) }
        return LuaFieldName(bytes: takeString(), integer: nil)
    }

    // MARK: handles

    public mutating func function() -> LuaFunction? { reference() as? LuaFunction }
    public mutating func table() -> LuaTable? { reference() as? LuaTable }

    public mutating func reference() -> LuaReference? {
        switch takeTag() {
        case .reference: return claim(take(Int32.self))
        case let other: return skipBody(other)
        }
    }

    public mutating func object<Object>(_ type: LuaClass<Object>) -> Object? {
        guard let object = anyObject(), object.type === type else { return nil }
        return unsafeDowncast(object.object, to: Object.self)
    }

    mutating func anyObject() -> LuaObject? {
        switch takeTag() {
        case .object:
            let object = UnsafeRawPointer(bitPattern: UInt(take(UInt64.self)))!
            let type = UnsafeRawPointer(bitPattern: UInt(take(UInt64.self)))!
            return LuaObject(
                object: Unmanaged<AnyObject>.fromOpaque(object).takeUnretainedValue(),
                type: Unmanaged<LuaObjectType>.fromOpaque(type).takeUnretainedValue())
        case let other: return skipBody(other)
        }
    }

    /// A second reading of the same value gets a slot of its own.
    private func claim(_ raw: Int32) -> LuaReference? {
        guard let state = state?.takeUnretainedValue(), let pointer = state.core.pointer, let buffer else { return nil }
        let mine = clua_claim(buffer, raw) != 0 ? raw : clua_copy_reference(pointer, raw)
        return mine == 0 ? nil : LuaReference.make(state, raw: mine)
    }

    // MARK: bytes

    mutating func takeTag() -> Parcel.Tag? {
        guard let tag else { return nil }
        at += 1
        return tag
    }

    mutating func take<Value: BitwiseCopyable>(_ type: Value.Type) -> Value {
        defer { at += MemoryLayout<Value>.size }
        return at.loadUnaligned(as: type)
    }

    mutating func takeString() -> UnsafeRawBufferPointer {
        let count = Int(take(UInt32.self))
        defer { at += count }
        return UnsafeRawBufferPointer(start: at, count: count)
    }

    private mutating func takeSizes() -> (count: Int, stop: UnsafeRawPointer) {
        let count = Int(take(UInt32.self))
        let size = Int(take(UInt32.self))
        return (count, at + size)
    }

    private mutating func skipBody<Value>(_ tag: Parcel.Tag?) -> Value? {
        switch tag {
        case nil, .nil, .false, .true, .null: break
        case .integer, .number: at += 8
        case .string: _ = takeString()
        case .array, .table: at = takeSizes().stop
        case .reference: at += 4
        case .object: at += 16
        case .host:
            at += 9
            _ = takeString()
        case .readOnly, .error: skip()
        }
        return nil
    }
}

/// The key of a pair, compared without becoming a `String`: `switch name { case "action": … }`.
public struct LuaFieldName {
    let bytes: UnsafeRawBufferPointer
    /// The key itself when it is an integer.
    public let integer: Int64?

    public var string: String { integer.map { "\($0)" } ?? String(decoding: bytes, as: UTF8.self) }

    public static func ~= (literal: StaticString, name: LuaFieldName) -> Bool {
        guard literal.utf8CodeUnitCount == name.bytes.count, name.integer == nil else { return false }
        return literal.withUTF8Buffer { $0.elementsEqual(name.bytes) }
    }
}
