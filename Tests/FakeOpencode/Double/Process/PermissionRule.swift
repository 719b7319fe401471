import Runtime

/// One line of a rule list, of which the last that matches decides.
struct PermissionRule: Sendable {
    var permission: String
    var pattern: String
    var action: String

    init(_ permission: String, _ pattern: String, _ action: String) {
        (self.permission, self.pattern, self.action) = (permission, pattern, action)
    }

    init?(_ json: JSONValue) {
        guard let permission = json["permission"]?.string, let action = json["action"]?.string else { return nil }
        self.init(permission, json["pattern"]?.string ?? "*", action)
    }

    var json: JSONValue {
        ["permission": .string(permission), "pattern": .string(pattern), "action": .string(action)]
    }

    /// The `permission` member of a configuration: one word, or words by name, or by name and pattern.
    static func list(_ config: JSONValue?) -> [PermissionRule] {
        if let action = config?.string { return [PermissionRule("*", "*", action)] }
        return (config?.members ?? JSONObject()).flatMap { member -> [PermissionRule] in
            if let action = member.value.string { return [PermissionRule(member.key, "*", action)] }
            return (member.value.members ?? JSONObject()).map {
                PermissionRule(member.key, $0.key, $0.value.string ?? "ask")
            }
        }
    }

    static func action(_ rules: [PermissionRule], _ permission: String, _ pattern: String) -> String? {
        rules.last { matches(permission, $0.permission) && matches(pattern, $0.pattern) }?.action
    }

    /// `*` stands for any text, `?` for one character.
    static func matches(_ text: String, _ pattern: String) -> Bool {
        func match(_ text: Substring, _ pattern: Substring) -> Bool {
            guard let first = pattern.first else { return text.isEmpty }
            if first == "*" {
                let rest = pattern.dropFirst()
                return text.indices.contains { match(text[$0...], rest) } || match(text[text.endIndex...], rest)
            }
            guard let letter = text.first, first == "?" || first == letter else { return false }
            return match(text.dropFirst(), pattern.dropFirst())
        }
        return match(text[...], pattern[...])
    }
}
