import Runtime

/// A model provider whose keys users bring along.
enum Provider: String, Sendable, CaseIterable {
    case openai, anthropic, openrouter

    var label: String {
        switch self {
        case .openai: "OpenAI"
        case .anthropic: "Anthropic"
        case .openrouter: "OpenRouter"
        }
    }

    /// The variable by which the agent knows the key.
    var variable: String { "\(rawValue.uppercased())_API_KEY" }
    /// The header in which a client sends it.
    var header: String { "x-openpersona-\(rawValue)-api-key" }

    static let longestKey = 4096

    /// Without the line breaks that copying adds; nil when it can be no key. Empty is none.
    static func cleaned(_ text: String) -> String? {
        let bytes = text.utf8.filter { $0 != 13 && $0 != 10 }
        guard bytes.count <= longestKey, bytes.allSatisfy({ 32...126 ~= $0 }) else { return nil }
        var key = Substring(String(decoding: bytes, as: UTF8.self))
        while key.first == " " { key.removeFirst() }
        while key.last == " " { key.removeLast() }
        return String(key)
    }
}

/// A user's provider keys. It never prints them.
struct ProviderKeys: Sendable, Equatable {
    private var keys: [Provider: Secret] = [:]

    init(_ keys: [Provider: Secret] = [:]) { self.keys = keys }

    subscript(_ provider: Provider) -> Secret? {
        get { keys[provider] }
        set { keys[provider] = newValue }
    }

    var providers: [Provider] { Provider.allCases.filter { keys[$0] != nil } }

    /// These, and the others' where there is none.
    func filled(from others: ProviderKeys) -> ProviderKeys { ProviderKeys(keys.merging(others.keys) { own, _ in own }) }

    /// Changes when a key does, and is what runners have been named by: the first 8 hex digits of the SHA-256 of the
    /// keys as JSON, with empty ones for those that are missing.
    var signature: String {
        var writer = JSONWriter()
        writer.object { all in
            for provider in Provider.allCases {
                all.key(escaping: provider.rawValue)
                all.value(keys[provider]?.reveal() ?? "")
            }
        }
        return Hex.encode(SHA256.hash(writer.finish()).prefix(4))
    }

    /// What a request brings: a key, or nil for one that is to be forgotten, which an empty header says.
    static func changes(in headers: Headers) throws -> [Provider: Secret?] {
        var changes: [Provider: Secret?] = [:]
        for provider in Provider.allCases {
            guard let value = headers[provider.header] else { continue }
            guard let key = Provider.cleaned(value) else {
                throw Fault(
                    .invalidInput,
                    "the header \(provider.header) holds no key: it has at most \(Provider.longestKey) "
                        + "printable characters", hint: "copy the key of \(provider.label) anew")
            }
            changes[provider] = .some(key.isEmpty ? nil : Secret(key))
        }
        return changes
    }
}
