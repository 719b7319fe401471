internal import CLua

/// A Swift function as scripts see it. Its body takes arguments from `call` and puts results into `call.results`; what
/// it throws becomes a Lua error, raised when its frame is gone.
public final class LuaHostFunction: Equatable {
    /// The plain body answers at once; the waiting one may `await`, which looks synchronous to the script.
    enum Body {
        case plain((inout LuaCall) throws -> Void)
        case waiting((inout LuaCall) async throws -> Void)
    }

    /// As it appears in error messages, such as "http.get".
    public let name: String
    let body: Body
    let kind: UInt8

    /// With `keepsTables`, table arguments arrive by reference.
    public init(_ name: String, keepsTables: Bool = false, _ body: @escaping (inout LuaCall) throws -> Void) {
        self.name = name
        self.body = .plain(body)
        kind = keepsTables ? UInt8(CLUA_TABLES_BY_REFERENCE) : 0
    }

    public init(
        waiting name: String, keepsTables: Bool = false, _ body: @escaping (inout LuaCall) async throws -> Void
    ) {
        self.name = name
        self.body = .waiting(body)
        kind = UInt8(CLUA_MAY_WAIT) | (keepsTables ? UInt8(CLUA_TABLES_BY_REFERENCE) : 0)
    }

    /// Whether the script that calls it may be suspended.
    public var mayWait: Bool { if case .waiting = body { true } else { false } }

    public static func == (left: LuaHostFunction, right: LuaHostFunction) -> Bool { left === right }
}

/// One call of a host function: its arguments, to be taken in order, and its results.
public struct LuaCall {
    public let state: LuaState
    private let host: LuaHostFunction
    public var arguments: ParcelReader
    public var results: Parcel
    private(set) var taken = 0

    init(_ state: LuaState, _ host: LuaHostFunction, _ buffer: UnsafeMutablePointer<clua_buffer>?) {
        self.state = state
        self.host = host
        arguments = ParcelReader(buffer, state: state)
        results = state.takeParcel()
    }

    public mutating func string(_ name: String) throws -> String { try take(name, "string") { $0.string() } }
    public mutating func integer(_ name: String) throws -> Int64 { try take(name, "integer") { $0.integer() } }
    public mutating func number(_ name: String) throws -> Double { try take(name, "number") { $0.number() } }
    public mutating func bool(_ name: String) throws -> Bool { try take(name, "boolean") { $0.bool() } }

    public mutating func function(_ name: String) throws -> LuaFunction {
        try take(name, "function") { $0.function() }
    }

    public mutating func table(_ name: String) throws -> LuaTable { try take(name, "table") { $0.table() } }

    public mutating func object<Object>(_ type: LuaClass<Object>, _ name: String) throws -> Object {
        try take(name, type.name) { $0.object(type) }
    }

    public mutating func value() -> LuaValue {
        taken += 1
        return arguments.value()
    }

    /// Nil when the argument is absent or nil; any other type fails as usual.
    public mutating func optional<Value>(_ take: (inout LuaCall) throws -> Value) rethrows -> Value? {
        guard let tag = arguments.tag, tag != .nil else {
            taken += 1
            arguments.skip()
            return nil
        }
        return try take(&self)
    }

    public mutating func returns(_ values: LuaValue...) { returns(contentsOf: values) }
    public mutating func returns(contentsOf values: [LuaValue]) { for value in values { results.put(value) } }

    private mutating func take<Value>(
        _ name: String, _ wanted: String, _ read: (inout ParcelReader) -> Value?
    ) throws -> Value {
        taken += 1
        var probe = arguments
        if let value = read(&arguments) { return value }
        let got = probe.isAtEnd ? "nothing" : probe.value().typeName
        throw LuaError(.runtime, "bad argument #\(taken) '\(name)' to '\(host.name)' (\(wanted) expected, got \(got))")
    }
}

/// The C side's way into Swift. None of these lets an error or a Swift frame be jumped over.
enum LuaFace {
    static var callbacks: clua_face {
        clua_face(plain: luaPlain, search: luaSearch, retain: luaRetain, release: luaRelease)
    }
}

private func luaPlain(
    owner: UnsafeMutableRawPointer?, function: UnsafeMutableRawPointer?, arguments: UnsafeMutablePointer<clua_buffer>?,
    answer: OpaquePointer?
) -> Int32 {
    let state = Unmanaged<LuaState>.fromOpaque(owner!).takeUnretainedValue()
    let function = Unmanaged<LuaHostFunction>.fromOpaque(function!).takeUnretainedValue()
    guard case .plain(let body) = function.body else { preconditionFailure("a waiting function was called plainly") }
    var call = LuaCall(state, function, arguments)
    defer {
        state.giveBack(arguments)
        state.keep(call.results)
    }
    var failed: Int32 = 0
    do {
        try body(&call)
    } catch {
        failed = state.put(error, into: &call.results)
    }
    state.answer(answer, call.results)
    return failed
}

private func luaSearch(
    owner: UnsafeMutableRawPointer?, name: UnsafePointer<CChar>?, length: Int, answer: OpaquePointer?
) -> Int32 {
    let state = Unmanaged<LuaState>.fromOpaque(owner!).takeUnretainedValue()
    let name = String(decoding: UnsafeRawBufferPointer(start: name, count: length), as: UTF8.self)
    var parcel = state.takeParcel()
    defer { state.keep(parcel) }
    let found: Int32
    switch state.searcher(name) {
    case .unknown(let why):
        found = 0
        parcel.put(why)
    case .source(let script, let text):
        found = 1
        parcel.put("@" + script)
        parcel.put(text)
    case .value(let value):
        found = 2
        parcel.put(value)
    case .chunk(let function):
        found = 3
        parcel.put(function)
    }
    state.answer(answer, parcel)
    return found
}

private func luaRetain(object: UnsafeMutableRawPointer?) {
    _ = Unmanaged<AnyObject>.fromOpaque(object!).retain()
}

private func luaRelease(object: UnsafeMutableRawPointer?) {
    Unmanaged<AnyObject>.fromOpaque(object!).release()
}
