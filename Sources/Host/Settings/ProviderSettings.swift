import Runtime

extension SettingTable {
    static let smallModel = Setting(
        name: "PERIGEE_SMALL_MODEL", fallback: "", accepts: .text,
        purpose: "Who answers side calls such as titles and tags: a provider, or `provider/model`. When empty, Perigee "
            + "answers them itself, without any model.")
    static let embeddingModel = Setting(
        name: "PERIGEE_EMBEDDING_MODEL", fallback: "", accepts: .text,
        purpose: "Who answers `/v1/embeddings`: a provider, or `provider/model`.")
    static let defaultProvider = Setting(
        name: "OZ_DEFAULT_PROVIDER", fallback: "", accepts: .text,
        purpose: "The provider for runs that name none; the first one when empty.")
    static let anyModel = Setting(
        name: "OZ_MODEL", fallback: "", accepts: .text,
        purpose: "The model of providers that name none.")

    /// Model providers, each under a name of the owner's own.
    static let providers = SettingFamily(
        prefix: "OZ_PROVIDER_", placeholder: "KEY", subject: "a provider",
        members: [
            member("TYPE", .word(ModelProvider.Form.self), "What it speaks; `cli` is a program on this machine."),
            member("MODEL", .text, "The model that is asked."),
            member("BASE_URL", .optionalURL, "Where its API is. Anthropic's own when empty, for that type."),
            member("API_KEY", .text, "Its key; local servers need none.", isSecret: true),
            member("MAX_TOKENS", .number(1...1_000_000), "What an answer may have when a request does not say."),
            member(
                "THINKING", .word(ModelProvider.Thinking.self),
                "How an Anthropic model is told how much to think; `budget` for older ones."),
            member("PRICE_INPUT", .price, "Dollars for a million tokens given, for the cost of runs."),
            member("PRICE_OUTPUT", .price, "Dollars for a million tokens answered."),
            member("MSG_LIMIT", .number(1...1_000_000_000), "Requests in a window of time, for its quota."),
            member("WINDOW_SECONDS", .number(1...31_536_000), "The window's length."),
            member("CLI_CMD", .argv, "The program of type `cli`; the prompt goes to its input."),
            member("CLI_ARGS", .argv, "Its arguments."),
        ],
        openMembers: [
            member(
                "FALLBACK_ORDER", .text,
                "Providers to try after the first, separated by commas; with `_<HARNESS>` behind it, for one harness.")
        ])

    static let families = [providers]

    private static func member(
        _ name: String, _ accepts: Accepted<String>, _ purpose: String, isSecret: Bool = false
    ) -> Setting<String> {
        Setting(name: name, fallback: "", accepts: accepts, purpose: purpose, isSecret: isSecret)
    }
}

extension Accepted where Value == String {
    /// Text that is checked here and read where it is used.
    static func word<Word: RawRepresentable & CaseIterable>(_ type: Word.Type) -> Accepted
    where Word.RawValue == String {
        let choices = Word.allCases.map(\.rawValue)
        return Accepted(description: "one of \(choices.joined(separator: ", "))") { text in
            choices.contains(text) || text.isEmpty ? text : nil
        }
    }

    static func number(_ range: ClosedRange<Int>) -> Accepted {
        Accepted(description: "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            text.isEmpty || Int(text).map { range.contains($0) } == true ? text : nil
        }
    }

    static let price = Accepted(description: "a number of dollars such as 0.25") { text in
        text.isEmpty || Double(text).map { $0.isFinite && $0 >= 0 } == true ? text : nil
    }

    static let argv = Accepted(description: "words, or a JSON list of texts such as [\"-p\", \"a b\"]") { text in
        Settings.words(of: text) == nil ? nil : text
    }
}

extension Settings {
    /// A JSON list as it stands, anything else split at its blanks. Nil for a broken list.
    static func words(of text: String) -> [String]? {
        guard text.hasPrefix("[") else { return text.split(whereSeparator: \.isWhitespace).map(String.init) }
        // What is wrong with the list is said where the setting is checked.
        return try? JSON.decode([String].self, from: Array(text.utf8))
    }
}
