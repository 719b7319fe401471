import Runtime

/// The model providers that the settings name, and which model a text such as `claude/opus` means.
struct Providers: Sendable {
    /// So many requests in so many seconds.
    struct Quota: Sendable, Equatable {
        var requests: Int
        var seconds: Int
    }

    /// A provider and the model of it that is asked.
    struct Choice: Sendable {
        var provider: ModelProvider
        var model: String
    }

    /// Those that can be asked: the default one first, then as the fallback order has them, then by name.
    let all: [ModelProvider]
    /// Those that cannot, with what is missing.
    let skipped: [(name: String, reason: String)]
    let quotas: [String: Quota]
    /// Names of those to try after the one that was asked for; empty where the owner set no order.
    let fallbacks: [String]

    init(
        _ all: [ModelProvider], skipped: [(name: String, reason: String)] = [], quotas: [String: Quota] = [:],
        fallbacks: [String] = []
    ) {
        self.all = all
        self.skipped = skipped
        self.quotas = quotas
        self.fallbacks = fallbacks
    }

    var first: ModelProvider? { all.first }

    /// `provider`, `provider/model`, or nil for the first provider's own model. Models' names may have slashes.
    func choice(_ text: String?) throws(RunFailure) -> Choice {
        guard let text, !text.isEmpty else {
            guard let first else { throw nothing("no model provider is configured") }
            return Choice(provider: first, model: first.model)
        }
        let parts = text.split(separator: "/", maxSplits: 1)
        guard let provider = all.first(where: { $0.name == parts.first.map(String.init) }) else {
            throw nothing("there is no model provider \"\(parts.first ?? "")\"")
        }
        return Choice(provider: provider, model: parts.count == 2 ? String(parts[1]) : provider.model)
    }

    /// Who may answer a run, the one that it asks for first. Others are the owner's fallback order; without one they are
    /// all the others, but only for a run that asks for none by name. Each of them is asked for its own model.
    func candidates(_ text: String?) throws(RunFailure) -> [Choice] {
        let first = try choice(text)
        let named = text?.isEmpty == false
        let names = fallbacks.isEmpty && !named ? all.map(\.name) : fallbacks
        let others = names.compactMap { name in all.first { $0.name == name && name != first.provider.name } }
        return [first] + others.map { Choice(provider: $0, model: $0.model) }
    }

    private func nothing(_ message: String) -> RunFailure {
        let lacking = skipped.map { "\($0.name): \($0.reason)" }
        let known = all.isEmpty ? [] : ["there are \(all.map(\.name).joined(separator: ", "))"]
        return RunFailure(
            .modelMissing, ([message] + known + lacking).joined(separator: "; "),
            hint: "set OZ_PROVIDER_<KEY>_TYPE, _MODEL, _BASE_URL and _API_KEY")
    }
}

extension Settings {
    /// What `OZ_PROVIDER_…` says.
    var providers: Providers { ProviderReading(self).providers }

    /// After whom other providers are tried, for a harness or for all.
    func fallbackOrder(harness: String? = nil) -> [String] {
        let own = harness.map { $0.uppercased().replacing("-", with: "_") }
        let texts = [own.map { "OZ_PROVIDER_FALLBACK_ORDER_\($0)" }, "OZ_PROVIDER_FALLBACK_ORDER"].compactMap(\.self)
        let text = texts.lazy.map { familyText($0) }.first { !$0.isEmpty } ?? ""
        var names: [String] = []
        for name in text.lowercased().split(whereSeparator: { $0 == "," || $0 == " " }).map(String.init)
        where !names.contains(name) {
            names.append(name)
        }
        return names
    }

    /// Of a setting of a family by its whole name; empty when nobody set it.
    func familyText(_ name: String) -> String {
        SettingTable.families.lazy.compactMap { $0.setting(named: name) }.first.map { source.text(of: $0).text } ?? ""
    }
}

/// Puts providers together from their settings.
private struct ProviderReading {
    private let settings: Settings
    private let family = SettingTable.providers

    init(_ settings: Settings) { self.settings = settings }

    var providers: Providers {
        var good: [ModelProvider] = []
        var skipped: [(String, String)] = []
        var quotas: [String: Providers.Quota] = [:]
        for key in keys {
            let name = key?.lowercased() ?? "default"
            switch provider(name, key) {
            case .success(let provider): good.append(provider)
            case .failure(let fault): skipped.append((name, fault.message))
            }
            if let requests = Int(text("MSG_LIMIT", key)), let seconds = Int(text("WINDOW_SECONDS", key)) {
                quotas[name] = Providers.Quota(requests: requests, seconds: seconds)
            }
        }
        let order = [settings[SettingTable.defaultProvider].lowercased()] + settings.fallbackOrder()
        let place = { (provider: ModelProvider) in order.firstIndex(of: provider.name) ?? order.count }
        let sorted = good.enumerated().sorted { (place($0.element), $0.offset) < (place($1.element), $1.offset) }
        return Providers(
            sorted.map(\.element), skipped: skipped, quotas: quotas, fallbacks: settings.fallbackOrder())
    }

    /// The owner's names. Where there are none, what is set without one is a provider of its own.
    private var keys: [String?] {
        let open = Set(family.openMembers.map(\.name))
        var keys: Set<String> = []
        var hasShared = false
        for setting in settings.source.settings(of: [family]) {
            guard let (key, member) = family.parts(of: setting.name), !open.contains(member.name) else { continue }
            guard !settings.source.text(of: setting).text.isEmpty else { continue }
            if let key { keys.insert(key) } else { hasShared = true }
        }
        return keys.isEmpty && hasShared ? [nil] : keys.sorted()
    }

    /// The key's own, else the one without a key.
    private func text(_ member: String, _ key: String?) -> String {
        let own = key.map { settings.familyText("\(family.prefix)\($0)_\(member)") } ?? ""
        return own.isEmpty ? settings.familyText("\(family.prefix)\(member)") : own
    }

    private func provider(_ name: String, _ key: String?) -> Result<ModelProvider, Fault> {
        Result {
            let form = ModelProvider.Form(rawValue: text("TYPE", key)) ?? .openAI
            var model = text("MODEL", key)
            if model.isEmpty { model = settings[SettingTable.anyModel] }
            if model.isEmpty, form == .cli { model = "cli" }
            guard !model.isEmpty else { throw Fault(.invalidInput, "it has no model") }
            var address = text("BASE_URL", key)
            if address.isEmpty, form == .anthropic { address = "https://api.anthropic.com" }
            let secret = text("API_KEY", key)
            var provider = ModelProvider(
                name, form, base: address.isEmpty || form == .cli ? nil : try WebAddress(address),
                key: secret.isEmpty ? nil : Secret(secret), model: model)
            provider.command = (Settings.words(of: text("CLI_CMD", key)) ?? [])
            if !provider.command.isEmpty { provider.command += Settings.words(of: text("CLI_ARGS", key)) ?? [] }
            provider.thinking = ModelProvider.Thinking(rawValue: text("THINKING", key)) ?? .effort
            provider.maxTokens = Int(text("MAX_TOKENS", key))
            if let input = Double(text("PRICE_INPUT", key)), let output = Double(text("PRICE_OUTPUT", key)) {
                provider.prices = .init(input: input, output: output)
            }
            if form == .openAI, provider.base == nil { throw Fault(.invalidInput, "it has no base URL") }
            if form == .cli, provider.command.isEmpty { throw Fault(.invalidInput, "it has no program") }
            return provider
        }.mapError { Fault($0) }
    }
}
