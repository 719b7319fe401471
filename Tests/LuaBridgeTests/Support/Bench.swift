@testable import LuaBridge

/// A state with a few host functions, and a way to run text in it.
@LuaThread
final class Bench {
    let state: LuaState
    /// What scripts wrote with `note`.
    var notes: [String] = []

    init(_ change: (inout LuaLimits) -> Void = { _ in }) throws {
        var limits = LuaLimits()
        change(&limits)
        state = try LuaState(limits: limits) { @LuaThread in await LuaThread.turn() }
        try state.function("note") { [unowned self] call in notes.append(try call.string("text")) }
        try state.waitingFunction("pause") { call in
            await LuaThread.turn()
            let value = call.value()
            call.results.put(value)
        }
        try state.waitingFunction("fail") { call in
            await LuaThread.turn()
            throw LuaError(.runtime, try call.string("message"))
        }
        try state.function("failNow") { call in throw LuaError(.runtime, try call.string("message")) }
    }

    isolated deinit { state.close() }

    @discardableResult
    func run(_ text: String, _ arguments: LuaValue..., file: String = "test.lua") async throws -> Values {
        let function = try state.load(text, script: file)
        return try await state.call(
            function, arguments: { for value in arguments { $0.put(value) } }, results: { Values($0.values()) })
    }

    @discardableResult
    func runNow(_ text: String, _ arguments: LuaValue...) throws -> Values {
        let function = try state.load(text, script: "test.lua")
        return try state.callNow(
            function, arguments: { for value in arguments { $0.put(value) } }, results: { Values($0.values()) })
    }

    /// The error that running the text ends with.
    func failure(_ text: String) async -> LuaError {
        do {
            let values = try await run(text)
            return LuaError(.runtime, "no error, but \(values)")
        } catch {
            return error as? LuaError ?? LuaError(.runtime, "another error: \(error)")
        }
    }
}

/// Results of the tests' scripts: they do not leave the tests' thread, whatever the macros do with them.
struct Values: @unchecked Sendable, Equatable, ExpressibleByArrayLiteral {
    let all: [LuaValue]

    init(_ all: [LuaValue]) { self.all = all }
    init(arrayLiteral elements: LuaValue...) { all = elements }

    var first: LuaValue? { all.first }
    var last: LuaValue? { all.last }
    subscript(index: Int) -> LuaValue { all[index] }
}
