import Runtime

/// Files that installations before this one kept in workspaces. They are read once, and written as readable mirrors of
/// what the store says. Whatever is damaged reads as empty: an agent may have written it.
enum FormerFiles {
    static let folder = ".open-persona"
    static let sessionsName = "openwebui-sessions.json"
    static let personasName = "personas.json"
    static let ownerName = "openwebui.config"
    static let limit = 4 << 20
    private static let most = 10_000

    /// What was taken over from them.
    enum Kind: String, Sendable { case session, persona }

    /// `{chat: session}`.
    static func sessions(_ bytes: [UInt8]?) -> [String: String] {
        guard let members = object(bytes) else { return [:] }
        var sessions: [String: String] = [:]
        for member in members.prefix(most) {
            guard let session = member.value.string, isName(member.key), isName(session) else { continue }
            sessions[member.key] = session
        }
        return sessions
    }

    /// `{version: 1, personas: {agent: {…}}}`: the personas by their agent's name.
    static func personas(_ bytes: [UInt8]?) -> JSONObject {
        guard let registry = object(bytes), registry["version"] == 1, case .object(let all)? = registry["personas"]
        else { return [:] }
        return JSONObject(
            all.prefix(1000).compactMap { member in
                guard case .object = member.value, isName(member.key) else { return nil }
                return (member.key, member.value)
            })
    }

    /// The user that an `openwebui.config` names.
    static func owner(_ bytes: [UInt8]?) -> String? {
        let user = object(bytes)?["openwebui_user"]?.string
        return user.flatMap { isName($0) ? $0 : nil }
    }

    static func text(sessions: [String: String]) throws -> [UInt8] {
        let pairs = sessions.sorted { $0.key < $1.key }.map { ($0.key, JSONValue.string($0.value)) }
        return try text(JSONObject(pairs))
    }

    static func text(personas: JSONObject) throws -> [UInt8] {
        try text(["version": 1, "personas": .object(personas)])
    }

    static func text(owner: String, at moment: Int64) throws -> [UInt8] {
        try text(["openwebui_user": .string(owner), "updatedAt": .string(JobTime.text(moment))])
    }

    private static func text(_ object: JSONObject) throws -> [UInt8] {
        try JSON.encode(JSONValue.object(object), style: .pretty) + [10]
    }

    private static func object(_ bytes: [UInt8]?) -> JSONObject? {
        guard let bytes else { return nil }
        // Damaged is the same as empty: see above.
        guard case .object(let members)? = try? JSON.parse(bytes, limits: JSON.Limits(bytes: limit, depth: 32)).value
        else { return nil }
        return members
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 256 && text.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
    }
}
