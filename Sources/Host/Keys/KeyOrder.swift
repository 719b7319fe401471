import Runtime

/// What a new key is to be.
struct KeyOrder: Sendable, Equatable {
    var name = ""
    /// Nil makes a user of its own for it.
    var user: String?
    var scopes: Set<KeyScope> = [.chat]
    /// Nil lasts until it is revoked.
    var lifetime: Duration?

    static let longest = 200

    /// From words as people write them: `chat,speak-for`, `90d`.
    init(name: String? = nil, user: String? = nil, scopes: [String]? = nil, expires: String? = nil) throws {
        self.name = try KeyOrder.text(name ?? "", "name")
        if let user {
            self.user = try KeyOrder.text(user, "user")
            guard !user.isEmpty else { throw Fault(.invalidInput, "the user of a key is empty") }
        }
        if let scopes {
            self.scopes = Set(try scopes.map(KeyOrder.scope))
            guard !self.scopes.isEmpty else {
                throw Fault(.invalidInput, "a key needs a scope", hint: KeyOrder.choices)
            }
        }
        if let expires, expires != "never" {
            guard let lifetime = Units.duration(expires), lifetime >= .seconds(1), lifetime <= .seconds(36500 * 86400)
            else {
                throw Fault(
                    .invalidInput, "\"\(expires)\" is no time until a key expires", hint: "write 90d, 12h or never")
            }
            self.lifetime = lifetime
        }
    }

    /// The body of `POST /mgmt/keys`.
    init(_ body: JSONView) throws {
        guard body.kind == .object else { throw Fault(.invalidInput, "the order of a key is a JSON object") }
        let known = ["name", "user", "scopes", "expires"]
        for (key, _) in body.members where !known.contains(key) {
            let advice = NearestName.of(key, among: known).map { "did you mean \($0)?" }
            throw Fault(
                .invalidInput, "a key has no \"\(key)\"", hint: advice ?? "give name, user, scopes and expires")
        }
        let scopes = body["scopes"]
        guard !scopes.exists || scopes.kind == .array else {
            throw Fault(.invalidInput, "scopes is a list of words", hint: KeyOrder.choices)
        }
        try self.init(
            name: KeyOrder.text(body, "name"), user: KeyOrder.text(body, "user"),
            scopes: scopes.exists ? scopes.elements.map { $0.string ?? "" } : nil,
            expires: KeyOrder.text(body, "expires"))
    }

    /// As `POST /mgmt/keys` takes it.
    static func body(name: String?, user: String?, scopes: [String]?, expires: String?) -> JSONValue {
        var body = JSONObject()
        for (field, value) in ["name": name, "user": user, "expires": expires] as KeyValuePairs {
            if let value { body[field] = .string(value) }
        }
        if let scopes { body["scopes"] = .array(scopes.map { .string($0) }) }
        return .object(body)
    }

    private static let choices = "they are \(KeyScope.allCases.map(\.rawValue).joined(separator: ", "))"

    private static func scope(_ word: String) throws -> KeyScope {
        guard let scope = KeyScope(rawValue: word) else {
            throw Fault(.invalidInput, "there is no scope \"\(word)\"", hint: choices)
        }
        return scope
    }

    private static func text(_ body: JSONView, _ field: String) throws -> String? {
        let value = body[field]
        guard value.exists, !value.isNull else { return nil }
        guard let text = value.string else { throw Fault(.invalidInput, "\(field) of a key is text") }
        return text
    }

    private static func text(_ text: String, _ field: String) throws -> String {
        guard text.utf8.count <= longest else {
            throw Fault(.invalidInput, "the \(field) of a key is longer than \(longest) bytes")
        }
        guard text.unicodeScalars.allSatisfy({ $0.value >= 32 && !(127...159).contains($0.value) }) else {
            throw Fault(.invalidInput, "the \(field) of a key has control characters")
        }
        return text
    }
}
