internal import CLua

/// A Lua value that stays in Lua: its slot there is freed when the handle goes. Handles may outlive their state; using
/// one then fails with `LuaError.closed`.
public class LuaReference: Equatable {
    let core: LuaCore
    let raw: Int32

    init(_ core: LuaCore, raw: Int32) {
        self.core = core
        self.raw = raw
    }

    deinit {
        if let pointer = core.pointer { clua_forget(pointer, raw) }
    }

    public static func == (left: LuaReference, right: LuaReference) -> Bool { left === right }

    public var typeName: String {
        switch raw >> 27 {
        case 5: "table"
        case 6: "function"
        case 7: "userdata"
        case 8: "thread"
        default: "value"
        }
    }

    static func make(_ state: LuaState, raw: Int32) -> LuaReference {
        switch raw >> 27 {
        case 5: LuaTable(state.core, raw: raw)
        case 6: LuaFunction(state.core, raw: raw)
        default: LuaReference(state.core, raw: raw)
        }
    }
}

/// A function of Lua, to be called with `LuaState.call` or `callNow`.
public final class LuaFunction: LuaReference {
    /// Where it was written; nil for a function that is none of a script's.
    public var place: (script: String, line: Int)? {
        guard let pointer = core.pointer else { return nil }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { script in
            let line = clua_function_line(pointer, raw, script.baseAddress, script.count)
            return line > 0 ? (String(cString: script.baseAddress!), Int(line)) : nil
        }
    }
}

/// A table that stays in Lua. Reading and writing ignore metamethods, so they run no script.
public final class LuaTable: LuaReference {
    public func get(_ key: LuaKey) throws -> LuaValue { try get(key, flags: 0) }

    /// The field as a table by reference, nil when it is none.
    public func table(_ key: LuaKey) throws -> LuaTable? {
        if case .reference(let reference) = try get(key, flags: Int32(CLUA_TABLES_BY_REFERENCE)) {
            reference as? LuaTable
        } else {
            nil
        }
    }

    /// Writes behind a read-only front too: that binds scripts, not the host.
    public func set(_ key: LuaKey, _ value: LuaValue) throws {
        let state = try core.open()
        var pair = Parcel()
        pair.put(key)
        pair.put(value)
        let status = pair.withUnsafeBytes { clua_table_set(core.pointer, raw, $0.baseAddress, $0.count) }
        if status != 0 { throw state.failure() }
    }

    /// All of it as a value.
    public func value() throws -> LuaValue {
        let state = try core.open()
        var buffer: UnsafeMutablePointer<clua_buffer>?
        guard clua_value(core.pointer, raw, &buffer) == 0 else { throw state.failure() }
        return state.consume(buffer) { $0.value() }
    }

    private func get(_ key: LuaKey, flags: Int32) throws -> LuaValue {
        let state = try core.open()
        var parcel = Parcel()
        parcel.put(key)
        var buffer: UnsafeMutablePointer<clua_buffer>?
        let status = parcel.withUnsafeBytes {
            clua_table_get(core.pointer, raw, $0.baseAddress, $0.count, flags, &buffer)
        }
        guard status == 0 else { throw state.failure() }
        return state.consume(buffer) { $0.value() }
    }
}

/// What handles know of their state: nothing, once it is closed.
final class LuaCore {
    @exclusivity(unchecked) var pointer: OpaquePointer?
    /// Not weak: that would make every retain of the state a slow one. Closing clears it, and a state closes at the
    /// latest when it goes.
    var state: Unmanaged<LuaState>?

    func open() throws -> LuaState {
        guard pointer != nil, let state else { throw LuaError.closed }
        return state.takeUnretainedValue()
    }
}
