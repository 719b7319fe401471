import LuaBridge

@testable import Runtime

/// A state with some modules in it, and a way to run Lua there. Scripts get them by `require`, as scripts do.
@Loop
final class ModuleHarness {
    let state: LuaState

    init(_ modules: HostModule..., limits: LuaLimits = LuaLimits()) throws {
        state = try LuaState(limits: limits) { @Loop in await Loop.yield() }
        var known: [String: LuaValue] = [:]
        for module in modules {
            for type in module.classes { try state.define(type.type) }
            known[module.fullName] = ModuleHarness.table(of: module)
        }
        state.searcher = { [known] name in known[name].map { .value($0) } ?? .unknown("it is not installed here") }
        if let host = known["host"] { try state.globals().set("host", host) }
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

    private static func table(of module: HostModule) -> LuaValue {
        var fields: [LuaKey: LuaValue] = [:]
        for constant in module.constants { fields[.string(constant.name)] = constant.value }
        for function in module.functions {
            fields[.string(function.name)] = .host(function.function(owner: module.fullName + "."))
        }
        return .table(fields)
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
