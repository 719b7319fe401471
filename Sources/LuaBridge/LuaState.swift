internal import CLua

/// One Lua with its scripts. It belongs to the actor, and so to the thread, that made it.
///
/// Scripts find Lua's own functions without those that reach outside, load bytecode or cannot be interrupted; what the
/// host adds comes by `require` or as globals.
public final class LuaState {
    /// Where `require` looks.
    public enum Module {
        case source(script: String, text: String)
        case value(LuaValue)
        /// The module's chunk, loaded already.
        case chunk(LuaFunction)
        /// Why not, for the error message.
        case unknown(String)
    }

    public var searcher: (String) -> Module = { _ in .unknown("there are no modules") }

    /// What scripts see of an error that a host function threw: a string, or a table.
    public var describeError: (any Error) -> LuaValue = { .string(String(describing: $0)) }

    public let limits: LuaLimits
    let core = LuaCore()
    /// Lets everybody else have a turn.
    let scheduler: () async -> Void
    private var types: [LuaObjectType] = []
    private var errorTable: LuaTable?
    @exclusivity(unchecked) private var parcels: [Parcel] = []
    private var suspended: [ObjectIdentifier: LuaInvocation] = [:]
    private var closesWhenIdle = false
    @exclusivity(unchecked) var lastAnswer: Parcel?

    /// `scheduler` is awaited between the slices of a long call, such as the loop's yield.
    public init(limits: LuaLimits = LuaLimits(), scheduler: @escaping () async -> Void) throws {
        self.limits = limits
        self.scheduler = scheduler
        var callbacks = LuaFace.callbacks
        var plain = limits.plain
        guard let pointer = clua_open(Unmanaged.passUnretained(self).toOpaque(), &callbacks, &plain) else {
            throw LuaError(.memory, "a Lua state needs more memory than its limit")
        }
        core.pointer = pointer
        core.state = .passUnretained(self)
        if clua_install(pointer) != 0 { throw failure() }
    }

    deinit { close() }

    /// Ends the calls that wait, closing their `<close>` variables, and frees everything. Inside a script's call it
    /// takes effect when that call is over.
    public func close() {
        guard let pointer = core.pointer else { return }
        guard clua_is_running(pointer) == 0 else {
            closesWhenIdle = true
            return
        }
        closesWhenIdle = false
        for invocation in suspended.values { invocation.end() }
        suspended.removeAll()
        errorTable = nil
        core.pointer = nil
        core.state = nil
        let lost = clua_close(pointer)
        assert(lost == 0, "Lua kept \(lost) bytes")
    }

    public var isClosed: Bool { core.pointer == nil }

    // MARK: scripts

    /// Compiles text; `script` is its path, which errors name.
    public func load(_ text: String, script: String, environment: LuaTable? = nil) throws -> LuaFunction {
        let pointer = try opened()
        var text = text
        var raw: Int32 = 0
        let status = text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                clua_load(pointer, $0.baseAddress, $0.count, "@" + script, environment?.raw ?? 0, &raw)
            }
        }
        if status != 0 { throw failure() }
        return LuaFunction(core, raw: raw)
    }

    /// Loads what `LuaCode` compiled.
    public func load(_ code: LuaCode) throws -> LuaFunction {
        let pointer = try opened()
        var raw: Int32 = 0
        let status = code.bytes.withUnsafeBytes { clua_load_code(pointer, $0.baseAddress, $0.count, &raw) }
        if status != 0 { throw failure() }
        return LuaFunction(core, raw: raw)
    }

    /// Read-only from now on: globals, and the libraries in them. `advice` is the error of a write to a global, with
    /// `{name}` where its name goes.
    public func freeze(advice: String) throws {
        if clua_freeze(try opened(), advice) != 0 { throw LuaError(.memory, "not enough memory to freeze the globals") }
    }

    public func globals() throws -> LuaTable {
        let raw = clua_copy_reference(try opened(), clua_globals(core.pointer))
        if raw == 0 { throw LuaError(.memory, "not enough memory") }
        return LuaTable(core, raw: raw)
    }

    /// Puts a value into Lua and gives a handle to it: a new table, or a host function as a function of Lua.
    public func store(_ value: LuaValue) throws -> LuaReference {
        let pointer = try opened()
        var parcel = takeParcel()
        defer { keep(parcel) }
        parcel.put(value)
        var raw: Int32 = 0
        let status = parcel.withUnsafeBytes { clua_store(pointer, $0.baseAddress, $0.count, &raw) }
        if status != 0 { throw failure() }
        return LuaReference.make(self, raw: raw)
    }

    /// Makes a host function a global.
    public func function(_ name: String, _ body: @escaping (inout LuaCall) throws -> Void) throws {
        try globals().set(.string(name), .host(LuaHostFunction(name, body)))
    }

    public func waitingFunction(_ name: String, _ body: @escaping (inout LuaCall) async throws -> Void) throws {
        try globals().set(.string(name), .host(LuaHostFunction(waiting: name, body)))
    }

    /// Must come before the first object of the class crosses.
    public func define(_ type: LuaObjectType) throws {
        let pointer = try opened()
        var parcel = takeParcel()
        defer { keep(parcel) }
        parcel.put(.table(Dictionary(uniqueKeysWithValues: type.methods.map { (.string($0), .host($1)) })))
        let identity = Unmanaged.passUnretained(type).toOpaque()
        let status = parcel.withUnsafeBytes {
            clua_define_class(pointer, identity, type.name, $0.baseAddress, $0.count)
        }
        if status != 0 { throw LuaError(.memory, "not enough memory for the class \(type.name)") }
        types.append(type)
    }

    /// Errors of host functions that are tables get this metatable, so that they print well.
    public func useErrorMetatable(_ table: LuaTable) throws {
        clua_use_error_table(try opened(), table.raw)
        errorTable = table
    }

    // MARK: figures

    public var usedMemory: Int { core.pointer.map { clua_used($0) } ?? 0 }
    public var peakMemory: Int { core.pointer.map { clua_peak($0) } ?? 0 }
    /// Values that Swift keeps in Lua, of which a few are the state's own.
    public var liveReferences: Int { core.pointer.map { clua_live_references($0) } ?? 0 }
    public var liveCalls: Int { core.pointer.map { clua_live_calls($0) } ?? 0 }
    /// Bytes of all states of the process.
    public static var liveBytes: Int64 { clua_live_bytes() }

    /// A full collection, which nothing interrupts: for tests and for the end of a reload.
    public func collect() { core.pointer.map { clua_collect($0) } }

    // MARK: for the room

    /// Lua's own string library as the global `stock`, which tests compare ours with.
    func addStockStrings() throws {
        if clua_add_stock_strings(try opened()) != 0 { throw failure() }
    }

    func opened() throws -> OpaquePointer {
        guard let pointer = core.pointer, !closesWhenIdle else { throw LuaError.closed }
        return pointer
    }

    func closeIfIdle() {
        guard closesWhenIdle, let pointer = core.pointer, clua_is_running(pointer) == 0 else { return }
        close()
    }

    func suspend(_ invocation: LuaInvocation) { suspended[ObjectIdentifier(invocation)] = invocation }
    func forget(_ invocation: LuaInvocation) { suspended[ObjectIdentifier(invocation)] = nil }

    func takeParcel() -> Parcel {
        guard var parcel = parcels.popLast() else { return Parcel(capacity: 256) }
        parcel.removeAll()
        return parcel
    }

    /// For reuse; emptied when it is taken, because whoever gives it still has it. One with handles is let go.
    func keep(_ parcel: Parcel) {
        if parcels.count < 8, parcel.count < 65_536, !parcel.holdsHandles { parcels.append(parcel) }
    }

    /// Lua takes up the answer when this frame is gone, so what is in it has to live a little longer.
    func answer(_ answer: OpaquePointer?, _ parcel: Parcel) {
        parcel.withUnsafeBytes { clua_answer_set(answer, $0.baseAddress, $0.count) }
        if parcel.holdsHandles { lastAnswer = parcel }
    }

    func giveBack(_ buffer: UnsafeMutablePointer<clua_buffer>?) {
        if let buffer { clua_give_back(core.pointer, buffer) }
    }

    func consume<Result>(
        _ buffer: UnsafeMutablePointer<clua_buffer>?, _ body: (inout ParcelReader) throws -> Result
    ) rethrows -> Result {
        var reader = ParcelReader(buffer, state: self)
        defer { giveBack(buffer) }
        return try body(&reader)
    }

    /// What a host function threw, as its caller is to see it raised. The error of a script that the function called
    /// stays as it was: with its own place, and as a table where it was one.
    func put(_ error: any Error, into results: inout Parcel) -> Int32 {
        results.removeAll()
        guard let error = error as? LuaError, error.script != nil || !error.details.isEmpty else {
            results.put(describeError(error))
            return Int32(CLUA_HOST_FAILED)
        }
        if error.details.isEmpty {
            results.put(error.message)
        } else {
            let fields = error.details.map { (LuaKey.string($0.key), $0.value.value) }
            results.makeNextError()
            results.put(.table(Dictionary(uniqueKeysWithValues: fields)))
        }
        return Int32(CLUA_SCRIPT_FAILED)
    }

    /// The error of the last piece of work outside a call.
    func failure() -> LuaError {
        guard let pointer = core.pointer else { return .closed }
        var failure = clua_failure()
        clua_state_failure(pointer, &failure)
        return LuaError(failure, details: [:])
    }
}

extension LuaError {
    init(_ failure: clua_failure, details: [String: Detail]) {
        let kinds: [Kind] = [.runtime, .syntax, .memory, .time, .tooLarge, .cancelled, .cannotWait]
        var message = LuaError.text(failure.message, failure.message_length)
        var place: (script: String, line: Int)?
        if failure.line > 0 {
            place = (String(cString: failure.script), Int(failure.line))
        } else if failure.line < 0, let script = failure.script {
            let known = String(cString: script)
            place = LuaError.place(in: known)
            message = "\(known): \(message)"
        }
        if place == nil { place = LuaError.place(in: message) }
        self.init(
            kinds[Int(failure.kind)], message, script: place?.script, line: place?.line,
            traceback: LuaError.text(failure.traceback, failure.traceback_length), details: details)
    }

    private static func text(_ bytes: UnsafePointer<CChar>?, _ count: Int) -> String {
        String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    /// "script:12: …", as Lua begins its messages.
    static func place(in message: String) -> (script: String, line: Int)? {
        let parts = message.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, let line = Int(parts[1]) else { return nil }
        return (String(parts[0]), line)
    }
}
