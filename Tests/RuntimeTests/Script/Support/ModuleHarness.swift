import LuaBridge

@testable import Runtime

/// A state with some modules in it, and a way to run Lua there. Scripts get them by `require`, as scripts do.
@Loop
final class ModuleHarness {
    let state: LuaState

    init(_ modules: HostModule..., limits: LuaLimits = LuaLimits()) throws {
        state = try LuaState(limits: limits) { @Loop in await Loop.yield() }
        try HostTable(modules).install(in: state) { _ in .unknown("there are no scripts here") }
    }

    isolated deinit { state.close() }

    /// The results of a chunk, whose `...` are the arguments.
    @discardableResult
    func run(_ text: String, _ arguments: LuaValue...) async throws -> LuaResults {
        let function = try state.load(text, script: "test.lua")
        return try await state.call(
            function, arguments: { for value in arguments { $0.put(value) } }, results: { LuaResults($0.values()) })
    }

    /// What a chunk that must raise raises, without its place in the chunk.
    func mistake(_ text: String) async -> String {
        do {
            return "no error, but \(try await run(text).all)"
        } catch {
            let message = "\(error)"
            guard message.hasPrefix("test.lua:") else { return message }
            return String(message.drop { $0 != " " }.dropFirst())
        }
    }
}

/// Results of the tests' chunks: they stay on the loop, whatever the macros do with them.
struct LuaResults: @unchecked Sendable, Equatable, ExpressibleByArrayLiteral {
    let all: [LuaValue]

    init(_ all: [LuaValue]) { self.all = all }
    init(arrayLiteral elements: LuaValue...) { all = elements }

    var first: LuaValue { all.first ?? .nil }
    /// The error of `nil, err`.
    var error: LuaValue { all.count == 2 && all[0] == .nil ? all[1] : .nil }
    var kind: String? { error["kind"]?.string }
    var message: String? { error["message"]?.string }
    subscript(index: Int) -> LuaValue { index < all.count ? all[index] : .nil }
}
