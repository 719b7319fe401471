import Runtime

/// Where a user's name was read.
enum IdentitySource: String, Sendable, CaseIterable {
    case jwt, header, body, key, anonymous
    /// A script of the owner's asks in the user's name.
    case script
}

/// Who asks, once it has been settled.
struct Caller: Sendable, Equatable {
    /// The key that came with it; never its text.
    struct Key: Sendable, Equatable {
        let id: String
        let name: String
        let user: String
        let scopes: [KeyScope]
    }

    /// Workspace, chats and provider keys are found by it.
    let user: String
    let source: IdentitySource
    var name: String?
    var email: String?
    var role: String?
    var key: Key?
    /// Served as admin without a key: see `PeerTrust`.
    var isTrusted = false
    /// What `identify` decided, for the story of a run.
    let decision: Decision

    /// As hooks see it: `host.User`.
    var facts: JSONValue {
        var facts: JSONObject = ["key": .string(user), "source": .string(source.rawValue)]
        for (field, value) in ["name": name, "email": email, "role": role] as KeyValuePairs {
            if let value { facts[field] = .string(value) }
        }
        return .object(facts)
    }
}

extension Caller.Key {
    init(_ key: APIKey) {
        self.init(id: key.id, name: key.name, user: key.user, scopes: key.effectiveScopes)
    }

    /// As hooks see it: `host.Key`.
    var facts: JSONValue {
        [
            "id": .string(id), "name": .string(name), "user": .string(user),
            "scopes": .array(scopes.map { .string($0.rawValue) }),
        ]
    }
}
