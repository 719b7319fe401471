import Runtime

/// Settings about who is let in, and where their things are.
extension SettingTable {
    static let encryptionKey = Setting(
        name: "ENCRYPTION_KEY", fallback: "", accepts: .encryptionKey,
        purpose: "Seals provider keys and other secrets in the database. When empty, a key is made at the first start "
            + "and kept in `$STATE_DIR/encryption.key`. Without it they are lost: keep a copy.",
        isSecret: true)
    static let allowsAnonymous = Setting(
        name: "PERIGEE_ALLOW_ANONYMOUS", fallback: "false", accepts: .flag,
        purpose: "Lets in requests without a key. A bearer token that is no key of ours then stands for a user of its "
            + "own; all without one share one workspace.")
    static let userTokenSecret = Setting(
        name: "FORWARD_USER_INFO_HEADER_JWT_SECRET", fallback: "", accepts: .text,
        purpose: "The secret of the same name in Open WebUI. When it is set, only signed tokens name users.",
        isSecret: true)
    static let userTokenHeader = Setting(
        name: "FORWARD_USER_INFO_HEADER_JWT", fallback: "X-OpenWebUI-User-Jwt", accepts: .headerName,
        purpose: "The header of the signed user token.")
    static let logsRouting = Setting(
        name: "LOG_WORKSPACE_ROUTING", fallback: "false", accepts: .flag,
        purpose: "Logs for each request how its user was found and which workspace that is; names and keys are masked.")
    static let workspaceRoot = Setting(
        name: "WORKSPACE_ROOT", fallback: "", accepts: .optionalPath,
        purpose:
            "Directory of the workspaces. When empty, `/workspace/open-persona` if it is there and may be written, "
            + "else `$STATE_DIR/workspaces`.")

    /// What Open WebUI may be told to call its headers.
    static let clientHeaders: [(Setting<String>, subject: String)] = [
        header("FORWARD_USER_INFO_HEADER_USER_ID", "X-OpenWebUI-User-Id", "the user's id"),
        header("FORWARD_USER_INFO_HEADER_USER_NAME", "X-OpenWebUI-User-Name", "the user's name"),
        header("FORWARD_USER_INFO_HEADER_USER_EMAIL", "X-OpenWebUI-User-Email", "the user's mail address"),
        header("FORWARD_USER_INFO_HEADER_USER_ROLE", "X-OpenWebUI-User-Role", "the user's role"),
        header("FORWARD_SESSION_INFO_HEADER_CHAT_ID", "X-OpenWebUI-Chat-Id", "the chat's id"),
        header("FORWARD_SESSION_INFO_HEADER_MESSAGE_ID", "X-OpenWebUI-Message-Id", "the message's id"),
    ]

    static let providerKeys: [(Provider, Setting<String>)] = Provider.allCases.map { provider in
        let setting = Setting(
            name: "OPEN_PERSONA_DEFAULT_\(provider.rawValue.uppercased())_API_KEY", fallback: "", accepts: .providerKey,
            purpose: "The \(provider.label) key of everybody who brings none of their own.", isSecret: true)
        return (provider, setting)
    }

    static let access: [any AnySetting] =
        [encryptionKey, allowsAnonymous, userTokenSecret, userTokenHeader] + clientHeaders.map(\.0)
        + [logsRouting, workspaceRoot] + providerKeys.map(\.1)

    private static func header(_ name: String, _ fallback: String, _ subject: String) -> (Setting<String>, String) {
        let setting = Setting(
            name: name, fallback: fallback, accepts: .headerName,
            purpose: "The header with \(subject), as Open WebUI's setting of the same name says it.")
        return (setting, subject)
    }
}

extension Accepted where Value == Bool {
    static let flag = Accepted(description: "true or false") { text in
        switch text.lowercased() {
        case "true", "1", "yes", "on": true
        case "false", "0", "no", "off": false
        default: nil
        }
    }
}

extension Accepted where Value == String {
    static let encryptionKey = Accepted(description: "32 bytes in base64, as `openssl rand -base64 32` makes them") {
        text in
        text.isEmpty || Base64.decode(text)?.count == SealingKey.size ? text : nil
    }
    static let headerName = Accepted(description: "the name of a header") { text in
        let isName = text.utf8.allSatisfy { 48...57 ~= $0 || 65...90 ~= $0 || 97...122 ~= $0 || $0 == 45 || $0 == 95 }
        return isName && !text.isEmpty ? text : nil
    }
    static let providerKey = Accepted(description: "a key of printable characters") { text in
        text.isEmpty || Provider.cleaned(text) == text ? text : nil
    }
}
