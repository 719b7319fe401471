import LuaBridge

/// A persona of the live scripts, in plain values.
public struct ScriptPersona {
    public let id: String
    public let name: String
    public let description: String
    public let script: String
    /// The agent that it stands on.
    public let agent: String
    /// Its instructions, which nobody can change.
    public let core: String
    /// The heading above the user's own instructions.
    public let heading: String?
    /// Whether it keeps its session from turn to turn, and whether a request may say otherwise.
    public let keepsSession: Bool
    public let memoryIsSettable: Bool
    public let integrations: [String]
    public let model: String?
    public let smallModel: String?
    public let temperature: Double?
    public let steps: Int?
    public let permission: JSONValue?
    public let tools: JSONObject
    public let capabilities: JSONObject
    public let image: String?
    public let suggestions: [String]
    public let isEnabled: Bool
    /// What a request can adjust, as the script declares it.
    public let declaredSettings: JSONObject
    let settings: [String: LuaValue]
    let value: LuaValue
    let prompt: LuaFunction?

    /// From a checked declaration.
    init(_ declaration: ScriptDeclaration) {
        let fields = HostOptions(declaration.value)
        id = declaration.name
        script = declaration.script
        value = declaration.value
        name = fields.text("name") ?? id
        description = fields.text("description") ?? ""
        agent = fields.text("agent") ?? "build"
        core = fields.text("core") ?? ""
        heading = fields.text("heading")
        keepsSession = fields.options("memory").bool("default") ?? true
        memoryIsSettable = fields.options("memory").bool("settable") ?? true
        integrations = fields.list("integrations")
        model = fields.text("model")
        smallModel = fields.text("small_model")
        temperature = fields.number("temperature")
        steps = fields.integer("steps").map { Int($0) }
        // A bare nil would become JSON's null here.
        permission = fields["permission"] == .nil ? Optional.none : JSONValue(fields["permission"])
        tools = JSONValue(fields["tools"]).object
        capabilities = JSONValue(fields["capabilities"]).object
        image = fields.text("image")
        suggestions = fields.list("suggestions")
        isEnabled = fields.bool("enabled") ?? true
        declaredSettings = JSONValue(fields["settings"]).object
        settings = Dictionary(fields.options("settings").pairs) { _, last in last }
        prompt = fields["prompt"].function
    }
}

extension JSONValue {
    /// The members of an object; none of anything else.
    public var object: JSONObject { if case .object(let members) = self { members } else { [:] } }
    /// The elements of a list; none of anything else.
    public var array: [JSONValue] { if case .array(let elements) = self { elements } else { [] } }
}

extension Generation {
    /// Those that are offered, in the order of their files.
    public var offeredPersonas: [ScriptPersona] { contents.offeredPersonas }

    public func persona(_ id: String) -> ScriptPersona? { offeredPersonas.first { $0.id == id } }

    /// The instructions of a persona: its core, or what its `prompt` makes of core and settings. Settings that it does not
    /// have are left out; those out of their bounds take the nearest value, wrong ones the default: a client's old
    /// settings must not keep anybody from talking.
    public func prompt(of persona: ScriptPersona, settings given: JSONObject) async throws -> String {
        guard let function = persona.prompt else { return persona.core }
        let settings = persona.checked(given)
        let results = try await call(function, of: persona.script, as: .hook, name: "prompt") { parcel in
            parcel.makeNextReadOnly()
            parcel.put(persona.plain)
            parcel.makeNextReadOnly()
            parcel.put(settings)
        }
        guard let text = results.first?.string else {
            throw Fault(.script, "\(persona.script): prompt must return text, not \(results.first?.typeName ?? "nil")")
        }
        return text
    }
}

extension ScriptPersona {
    /// Its table without functions, as `prompt` gets it.
    fileprivate var plain: LuaValue { LuaValue(JSONValue(value)) }

    func checked(_ given: JSONObject) -> LuaValue {
        var values: [LuaKey: LuaValue] = [:]
        for (name, declared) in settings {
            let rule = HostOptions(declared)
            let value = given[name].flatMap { SettingValue.fit(LuaValue($0), to: rule) }
            if let value = value ?? (rule["default"] == .nil ? nil : rule["default"]) { values[.string(name)] = value }
        }
        return .table(values)
    }
}

/// Fits what a client sent to what a persona declares.
enum SettingValue {
    /// Nil when it is of another kind altogether.
    static func fit(_ value: LuaValue, to rule: HostOptions) -> LuaValue? {
        if case .array(let choices) = rule["choices"] { return choices.contains(value) ? value : nil }
        switch rule.text("type") {
        case "number": return number(value).map { .number(clamp($0, rule)) }
        case "integer": return number(value).map { .integer(Int64(clamp($0.rounded(), rule))) }
        case "boolean": return value.bool.map { .bool($0) }
        case "string":
            guard let text = value.string, text.utf8.count <= Int(rule.number("max") ?? 65536) else { return nil }
            return .string(text)
        case "list": if case .array = value { return value } else { return nil }
        case "table": if case .table = value { return value } else { return nil }
        default: return nil
        }
    }

    /// What is no number counts as zero where zero is within bounds, as clients send `NaN` for an empty slider.
    private static func number(_ value: LuaValue) -> Double? {
        if let number = value.number { return number.isNaN ? 0 : number }
        return value == .null ? 0 : value.string.flatMap(Double.init).map { $0.isNaN ? 0 : $0 }
    }

    private static func clamp(_ number: Double, _ rule: HostOptions) -> Double {
        let bounded = Swift.min(Swift.max(number, rule.number("min") ?? -1e15), rule.number("max") ?? 1e15)
        return bounded
    }
}
