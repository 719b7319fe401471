import LuaBridge

/// Tools that a script offers to the agent.
public struct ScriptIntegration {
    public let name: String
    public let description: String
    public let script: String
    /// Names of the keys that a user has to give for it.
    public let keys: [String]
    /// Whether its owner offers it at all.
    public let isEnabled: Bool
    /// In the order of their names.
    public let tools: [ScriptTool]

    /// From a checked table.
    init(_ value: LuaValue, script: String) throws {
        let options = HostOptions(value)
        name = options.text("name") ?? ""
        description = options.text("description") ?? ""
        self.script = script
        keys = options.list("keys")
        isEnabled = options.bool("enabled") ?? true
        tools = try options.options("tools").pairs.map { name, value in try ScriptTool(name, value) }
    }

    public func tool(named name: String) -> ScriptTool? { tools.first { $0.name == name } }
}

/// One of an integration's tools.
public struct ScriptTool {
    public let name: String
    public let description: String
    public let isReadOnly: Bool
    public let timeout: Duration?
    /// What it takes.
    public let input: [ValueField]
    let body: LuaFunction

    init(_ name: String, _ value: LuaValue) throws {
        let options = HostOptions(value)
        self.name = name
        // Agents put the integration's name before it, and models take no other letters and no longer names.
        let isGood = !name.isEmpty && name.utf8.count <= 64 && name.utf8.allSatisfy(\.isToolNameByte)
        guard isGood else {
            throw ShapeFault("tools.\(name)", "must have a name of at most 64 letters, digits, `_` and `-`")
        }
        description = options.text("description") ?? ""
        isReadOnly = options.bool("read_only") ?? false
        timeout = options.duration("timeout")
        input = try ValueField.fields(options["input"], at: "tools.\(name).input")
        body = options["call"].function!
    }

    /// The JSON schema of its input.
    public var schema: JSONObject { input.schema }

    /// Throws `.invalidInput` that says what is wrong, in words that a model can act on.
    public func check(_ input: JSONValue) throws -> JSONObject {
        do {
            return try self.input.checked(input, at: "")
        } catch let fault as ShapeFault {
            let place = fault.field.isEmpty ? "the input" : "'\(fault.field)'"
            throw Fault(.invalidInput, "\(name): \(place) \(fault.message)", hint: fault.hint)
        }
    }
}

extension UInt8 {
    fileprivate var isToolNameByte: Bool {
        switch self {
        case 48...57, 65...90, 97...122, 95, 45: true
        default: false
        }
    }
}

extension Generation {
    /// Those that their owners offer.
    public var offeredIntegrations: [ScriptIntegration] { integrations.filter(\.isEnabled) }

    public func integration(named name: String) -> ScriptIntegration? {
        offeredIntegrations.first { $0.name == name }
    }

    /// Calls a tool with input that is checked here, for a `host.Caller`. Text comes back as a string; a table as what
    /// JSON makes of it. Throws what the tool said instead.
    public func call(
        _ tool: ScriptTool, of integration: ScriptIntegration, input: JSONValue, caller: JSONValue
    ) async throws -> JSONValue {
        let facts = LuaValue(caller)
        try Shape.record(Contract.caller).check(facts)
        let input = LuaValue(.object(try tool.check(input)))
        let results = try await call(
            tool.body, of: integration.script, as: .tool, name: "\(integration.name).\(tool.name)",
            within: tool.timeout
        ) { parcel in
            parcel.put(input)
            parcel.makeNextReadOnly()
            parcel.put(facts)
        }
        let answer = results.first ?? .nil
        if answer == .nil, results.count > 1, let fault = Fault(script: results[1]) { throw fault }
        return JSONValue(answer)
    }
}
