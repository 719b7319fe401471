public import LuaBridge

/// Everything that scripts can call. Rooms above add their own modules to the standard ones.
@Loop
public struct HostTable {
    public private(set) var modules: [HostModule]

    public init(_ modules: [HostModule]) { self.modules = modules }

    public mutating func add(_ module: HostModule) {
        precondition(!modules.contains { $0.name == module.name }, "two modules are called \(module.fullName)")
        modules.append(module)
    }

    public func module(_ name: String) -> HostModule? { modules.first { $0.name == name } }

    /// Makes the modules available to `require` and as fields of the global `host`. `scripts` finds the others.
    public func install(in state: LuaState, scripts: @escaping (String) -> LuaState.Module) throws {
        let values = Dictionary(uniqueKeysWithValues: modules.map { ($0.fullName, $0.value) })
        let names = modules.map(\.fullName)
        state.describeError = HostError.value(ofRaised:)
        state.searcher = { [unowned state] name in
            if name == "host" { return HostTable.root(of: state) }
            if let value = values[name] { return .value(value) }
            if name.hasPrefix("host.") { return .unknown(HostTable.advice(name, names)) }
            return scripts(name)
        }
        for type in modules.flatMap(\.classes) { try state.define(type.type) }
        try state.globals().set("host", .table(module("")?.fields ?? [:]))
        if let errors = try state.callNow(
            state.load(HostError.metatable, script: "host"), LuaCallOptions(keepsTables: true),
            results: { reader -> LuaTable? in
                if case .reference(let table) = reader.value() { table as? LuaTable } else { nil }
            })
        {
            try state.useErrorMetatable(errors)
        }
        let named = LuaValue.array(modules.filter { !$0.name.isEmpty }.map { .string($0.name) })
        try state.callNow(state.load(HostTable.fill, script: "host"), named)
    }

    /// The modules as fields of `host`, each the very table that `require` gives.
    private static let fill = """
        for _, name in ipairs((...)) do
          host[name] = require("host." .. name)
        end
        """

    private static func root(of state: LuaState) -> LuaState.Module {
        do {
            return try state.globals().table("host").map { .value(.reference($0)) } ?? .unknown("there is no host")
        } catch {
            return .unknown("\(error)")
        }
    }

    private static func advice(_ name: String, _ known: [String]) -> String {
        NearestName.of(name, among: known).map { "did you mean '\($0)'?" }
            ?? "known are \(known.sorted().joined(separator: ", "))"
    }
}

extension HostModule {
    var fields: [LuaKey: LuaValue] {
        var fields: [LuaKey: LuaValue] = [:]
        for constant in constants { fields[.string(constant.name)] = constant.value }
        for function in functions { fields[.string(function.name)] = .host(function.function(owner: "\(fullName).")) }
        return fields
    }

    var value: LuaValue { .table(fields) }
}
