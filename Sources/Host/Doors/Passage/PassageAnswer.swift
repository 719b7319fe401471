import Runtime

/// Answers that are looked into before they are passed on.
enum PassageAnswer {
    /// Larger ones are not passed on.
    static let limit = 32 << 20

    static func rewritten(_ bytes: [UInt8], _ how: PassageRule.Answer, in workspace: String) throws -> [UInt8] {
        guard let value = try JSON.parse(bytes).value else {
            throw Fault(.unavailable, "the answer of the agent's server is empty where JSON was due")
        }
        switch how {
        case .whole, .events: return bytes
        case .masked: return try JSON.encode(masked(value, below: ""))
        case .list(let member, let path): return try JSON.encode(filtered(value, member, path, workspace))
        case .project: return try JSON.encode(narrowed(value, workspace))
        }
    }

    // MARK: keys

    /// Texts are blanked out that have the name of a secret, and all below members that often hold one.
    static func masked(_ value: JSONValue, below name: String) -> JSONValue {
        switch value {
        case .string where isSecret(name): ""
        case .string(let text) where name == "url" || name == "baseURL": .string(withoutSecrets(address: text))
        case .array(let elements) where name == "command":
            // The program stays, and its arguments do not: keys are given that way too.
            .array(elements.enumerated().map { $0.offset == 0 ? $0.element : "" })
        case .array(let elements): .array(elements.map { masked($0, below: name) })
        case .object(let members):
            .object(
                JSONObject(
                    members.map { member in
                        let inner = hiding.contains(name) && member.key != "baseURL" ? name : member.key
                        return (member.key, masked(member.value, below: inner))
                    }))
        default: value
        }
    }

    /// What stands below these is a secret more often than not.
    private static let hiding: Set<String> = ["options", "headers", "environment", "body", "settings", "oauth"]

    private static func isSecret(_ name: String) -> Bool {
        hiding.contains(name) || name == "key" || Redactor.isSensitive(name: name)
    }

    private static func withoutSecrets(address text: String) -> String {
        let bare = text.prefix { $0 != "?" && $0 != "#" }
        return bare.contains("@") ? "" : String(bare)
    }

    // MARK: what is elsewhere

    private static func filtered(
        _ value: JSONValue, _ member: String?, _ path: [String], _ workspace: String
    ) -> JSONValue {
        if let member, case .object(var members) = value {
            members[member] = members[member].map { filtered($0, nil, path, workspace) }
            return .object(members)
        }
        guard case .array(let elements) = value else { return .array([]) }
        return .array(
            elements.filter { element in
                let place = path.reduce(Optional(element)) { $0?[$1] }
                return place?.string.map { PassagePlace.isInside($0, workspace) } ?? false
            }.map { narrowed($0, workspace) })
    }

    private static func narrowed(_ value: JSONValue, _ workspace: String) -> JSONValue {
        guard case .object(var members) = value, case .array(let places)? = members["sandboxes"] else { return value }
        members["sandboxes"] = .array(
            places.filter { $0.string.map { PassagePlace.isInside($0, workspace) } ?? false })
        return .object(members)
    }

    /// Whether an event of the whole server is this workspace's, or nobody's in particular.
    static func isOwn(_ event: JSONView, in workspace: String) -> Bool {
        let place = event["directory"].string ?? event["location"]["directory"].string
        if let place, place != "global" { return PassagePlace.isInside(place, workspace) }
        let type = event["payload"]["type"].string ?? event["type"].string ?? ""
        return type.hasPrefix("server.") || type == "global.disposed"
    }
}
