internal import CLua

public struct LuaCallOptions: Sendable {
    /// Overrides the state's limit on the computing time of one call.
    public var runningTime: Duration?
    /// Narrows the state's limit on the bytes that come back.
    public var resultSize: Int?
    /// Tables among the results come by reference, to be read or changed in place.
    public var keepsTables = false

    public init(runningTime: Duration? = nil, keepsTables: Bool = false) {
        self.runningTime = runningTime
        self.keepsTables = keepsTables
    }
}

extension LuaState {
    /// Calls a function that may wait. What it awaits runs in the caller's task, on the caller's actor, and so inherits
    /// cancellation and task-local values. A cancelled caller ends the call: its `<close>` variables are closed.
    public func call<Result>(
        _ function: LuaFunction, _ options: LuaCallOptions = LuaCallOptions(),
        arguments: (inout Parcel) throws -> Void = { _ in }, results: (inout ParcelReader) throws -> Result
    ) async throws -> Result {
        if Task.isCancelled { throw LuaError.cancelled }
        let invocation = try LuaInvocation(self, options, mayWait: true)
        defer { invocation.end() }
        var status = try invocation.start(function, arguments)
        while status == CLUA_WAITS || status == CLUA_SLICED {
            if !invocation.wasSuspended { suspend(invocation) }
            if status == CLUA_SLICED {
                await scheduler()
                status = try invocation.goOn(Parcel(), failed: 0)
            } else {
                status = try await invocation.serve()
            }
        }
        return try invocation.finish(status, atMost: options.resultSize, results)
    }

    @discardableResult
    public func call(_ function: LuaFunction, _ arguments: LuaValue...) async throws -> [LuaValue] {
        try await call(function, arguments: { for value in arguments { $0.put(value) } }, results: { $0.values() })
    }

    /// Calls a function that answers at once: the fast way for pure decisions. Waiting in it is an error.
    public func callNow<Result>(
        _ function: LuaFunction, _ options: LuaCallOptions = LuaCallOptions(),
        arguments: (inout Parcel) throws -> Void = { _ in }, results: (inout ParcelReader) throws -> Result
    ) throws -> Result {
        let invocation = try LuaInvocation(self, options, mayWait: false)
        defer { invocation.end() }
        return try invocation.finish(invocation.start(function, arguments), atMost: options.resultSize, results)
    }

    @discardableResult
    public func callNow(_ function: LuaFunction, _ arguments: LuaValue...) throws -> [LuaValue] {
        try callNow(function, arguments: { for value in arguments { $0.put(value) } }, results: { $0.values() })
    }
}

/// One call from its begin to its end, which comes once however it goes.
final class LuaInvocation {
    private let state: LuaState
    private var call: OpaquePointer?
    private(set) var wasSuspended = false

    init(_ state: LuaState, _ options: LuaCallOptions, mayWait: Bool) throws {
        self.state = state
        var flags = mayWait ? Int32(CLUA_MAY_WAIT) : 0
        if options.keepsTables { flags |= Int32(CLUA_TABLES_BY_REFERENCE) }
        call = clua_begin(try state.opened(), flags, options.runningTime?.nanoseconds ?? 0)
        if call == nil { throw LuaError(.memory, "not enough memory for another coroutine") }
    }

    func start(_ function: LuaFunction, _ arguments: (inout Parcel) throws -> Void) throws -> clua_status {
        guard function.core === state.core else {
            throw LuaError(.runtime, "a function is called in another state than its own")
        }
        var parcel = state.takeParcel()
        defer { state.keep(parcel) }
        try arguments(&parcel)
        return parcel.withUnsafeBytes { clua_start(call, function.raw, $0.baseAddress, $0.count) }
    }

    func goOn(_ answer: Parcel, failed: Int32) throws -> clua_status {
        wasSuspended = true
        guard let call else { throw LuaError.closed }
        if Task.isCancelled { throw LuaError.cancelled }
        return answer.withUnsafeBytes { clua_continue(call, $0.baseAddress, $0.count, failed) }
    }

    /// Awaits the host function that the script called, and goes on with its answer.
    func serve() async throws -> clua_status {
        wasSuspended = true
        var buffer: UnsafeMutablePointer<clua_buffer>?
        let wanted = Unmanaged<LuaHostFunction>.fromOpaque(clua_wanted(call, &buffer)).takeUnretainedValue()
        var request = LuaCall(state, wanted, buffer)
        defer {
            state.giveBack(buffer)
            state.keep(request.results)
        }
        guard case .waiting(let body) = wanted.body else { preconditionFailure("a plain function cannot wait") }
        var failed: Int32 = 0
        do {
            try await body(&request)
        } catch let end as LuaCallEnd {
            throw self.end(by: end)
        } catch {
            failed = state.put(error, into: &request.results)
        }
        return try goOn(request.results, failed: failed)
    }

    private func end(by end: LuaCallEnd) -> LuaError {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { place in
            let line = clua_waiting_line(call, place.baseAddress, place.count)
            guard line > 0 else { return LuaError(.time, end.message) }
            let script = String(cString: place.baseAddress!)
            return LuaError(.time, "\(script):\(line): \(end.message)", script: script, line: Int(line))
        }
    }

    func finish<Result>(
        _ status: clua_status, atMost limit: Int?, _ results: (inout ParcelReader) throws -> Result
    ) throws -> Result {
        guard status == CLUA_FINISHED else { throw failure() }
        let buffer = clua_take_results(call)
        if let limit, let count = buffer?.pointee.count, count > limit {
            state.giveBack(buffer)
            throw LuaError(.tooLarge, "the results take \(count) bytes, at most \(limit) may be given back")
        }
        return try state.consume(buffer, results)
    }

    func end() {
        guard let call else { return }
        self.call = nil
        if wasSuspended { state.forget(self) }
        if state.lastAnswer != nil { state.lastAnswer = nil }
        clua_end(call)
        state.closeIfIdle()
    }

    private func failure() -> LuaError {
        var failure = clua_failure()
        clua_failure_of(call, &failure)
        var details: [String: LuaError.Detail] = [:]
        if let value = failure.value {
            _ = state.consume(value) { reader in
                reader.fields { name, reader in details[name.string] = LuaError.Detail(reader.value()) }
            }
        }
        return LuaError(failure, details: details)
    }
}
