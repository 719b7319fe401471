import Runtime

/// Which model a task or session asks for, and how: `model_config` of the sidecar's API.
struct ModelConfig: Sendable {
    var provider: String?
    var model: String?
    var key: Secret?
    var temperature: Double?
    var maxTokens: Int?
    /// Nil for all that the agent has.
    var tools: [String]?
    var version: String?
    var endpoint: String?

    /// Larger than any model's output.
    private static let mostTokens = 128_000
    private static let mostTools = 50
    /// The agent's own tools, in groups that are allowed or not together.
    private static let toolGroups: [[String]] = [
        ["edit", "write", "apply_patch", "patch", "multiedit"], ["bash"], ["read"], ["glob"], ["grep"], ["list"],
        ["task"], ["todowrite", "todoread"], ["question"], ["webfetch"], ["websearch"], ["skill"],
    ]

    init() {}

    init(_ fields: Fields) throws {
        provider = try fields.word("provider")
        model = try fields.text("model", atMost: 200)
        temperature = try fields.number("temperature", 0...2)
        maxTokens = try fields.integer("max_tokens", 1...ModelConfig.mostTokens)
        tools = try fields.words("enabled_tools", atMost: ModelConfig.mostTools)
        version = try fields.text("model_version", atMost: 200)
        endpoint = try fields.text("api_endpoint", atMost: 2000)
        guard let text = try fields.text("api_key", atMost: Provider.longestKey) else { return }
        guard let cleaned = Provider.cleaned(text) else {
            throw fields.bad("api_key", "it must be printable characters")
        }
        // Local models need none.
        key = cleaned.isEmpty ? nil : Secret(cleaned)
    }

    /// As engines take it: `provider/model`.
    var name: String? {
        guard let model, !model.isEmpty else { return provider }
        guard let provider, !model.hasPrefix("\(provider)/") else { return model }
        return "\(provider)/\(model)"
    }

    /// Writes into an order what its engine can honour, and says what it cannot.
    func apply(to order: inout RunOrder, sealer: Sealer, takesKey: Bool) -> [String] {
        var ignored: [String] = []
        if let name, name != provider || order.engine == "provider" { order.input.model = name }
        if version != nil { ignored.append("model_version (the model's name says it)") }
        if endpoint != nil { ignored.append("api_endpoint (the owner of this server sets where models are)") }
        switch order.engine {
        case "provider":
            order.input.temperature = temperature
            order.input.maxTokens = maxTokens
            order.input.sealedKey = key.map {
                Base64.encode(sealer.seal($0.withBytes { Array($0) }, for: RunInput.keyPurpose))
            }
            if tools != nil { ignored.append("enabled_tools (a model that is asked directly has none)") }
        case "opencode":
            if let tools { order.input.withoutTools = ModelConfig.denied(besides: tools) }
            if temperature != nil { ignored.append("temperature (opencode takes it from the agent's configuration)") }
            if maxTokens != nil { ignored.append("max_tokens (opencode takes it from the model's configuration)") }
            if key != nil, !takesKey {
                ignored.append("api_key (the agent in WORKSPACE_DIR has keys of its own)")
            } else if key != nil, keptFor == nil {
                ignored.append("api_key (only openai, anthropic and openrouter have one)")
            }
        default:
            if name != nil || key != nil || temperature != nil || maxTokens != nil || tools != nil {
                ignored.append("model_config (no model answers here)")
            }
        }
        return ignored.map { "Not honoured: \($0)." }
    }

    /// For an agent the key belongs to the user's workspace, as one in a chat's headers does.
    var keptFor: Provider? { key == nil ? nil : provider.flatMap(Provider.init(rawValue:)) }

    static func denied(besides enabled: [String]) -> [String] {
        let names = Set(enabled.map { $0.lowercased() })
        return toolGroups.filter { names.isDisjoint(with: $0) }.flatMap(\.self)
    }
}
