import Runtime

/// For whom an agent reaches an integration.
struct IntegrationCaller: Sendable, Equatable {
    var workspace: String
    var user: String
    var integration: String
    var persona: String?
}

/// Makes the tokens that an agent's own configuration bears, and knows them again. Nothing is kept: a token says whom it
/// is for and proves it, and a new key makes all older ones worthless.
struct IntegrationTokens: Sendable {
    private static let prefix = "pit_"
    private static let longest = 4096

    private let key: Secret

    /// `secret` is the key of the house from which this one is derived, so that neither tells the other.
    init(derivedFrom secret: Secret) {
        key = Secret(HMACSHA256.code(for: Array("perigee integration tokens 1".utf8), key: secret))
    }

    func token(workspace: String, user: String, integration: String, persona: String? = nil) -> Secret {
        var writer = JSONWriter()
        writer.array { list in
            for word in [workspace, user, integration] { list.value(word) }
            if let persona { list.value(persona) }
        }
        let payload = writer.finish()
        return Secret("\(Self.prefix)\(Base64URL.encode(payload)).\(Base64URL.encode(code(payload)))")
    }

    /// Nil for what is no token of ours.
    func verify(_ token: Secret) -> IntegrationCaller? {
        guard token.count <= Self.longest else { return nil }
        let text = token.reveal()
        let parts = text.dropFirst(Self.prefix.count).split(separator: ".", omittingEmptySubsequences: false)
        guard text.hasPrefix(Self.prefix), parts.count == 2, let payload = Base64URL.decode(String(parts[0])),
            let given = Base64URL.decode(String(parts[1])), ConstantTime.equal(given, code(payload)),
            // What bears our code was written by us.
            let words = try? JSON.decode([String].self, from: payload), 3...4 ~= words.count
        else { return nil }
        return IntegrationCaller(
            workspace: words[0], user: words[1], integration: words[2], persona: words.count == 4 ? words[3] : nil)
    }

    /// Proves that something of another kind, such as a session's id, is from here.
    func mark(_ text: String) -> String { Base64URL.encode(code(Array("mark\n\(text)".utf8)).prefix(18)) }

    private func code(_ payload: [UInt8]) -> [UInt8] {
        HMACSHA256.code(for: Array("token\n".utf8) + payload, key: key)
    }
}
