import Runtime

/// What the settings say about who is let in.
struct GateRules: Sendable {
    /// Signs the user tokens of Open WebUI; nil where none are expected.
    var jwtSecret: Secret?
    var jwtHeader = "x-openwebui-user-jwt"
    var jwtIssuer = "open-webui"
    var allowsAnonymous = false
    /// One line for each request about whose workspace it gets.
    var logsRouting = false
    /// Headers that a client calls otherwise, in small letters: its name and the one that scripts know.
    var renamed: [String: String] = [:]
    /// Lets in whoever shows it, as one user who may ask agents and nothing else.
    var sharedSecret: (secret: Secret, user: String)?
    /// Makes names of bearer tokens that are no keys of ours, so that no token is a name.
    var tokenHash = Secret(Random.bytes(32))

    /// The headers that scripts see, by names in small letters: all but keys, tokens and cookies.
    func visible(_ headers: Headers) -> JSONObject {
        let originals = Set(renamed.values)
        var visible: [String: String] = [:]
        var order: [String] = []
        for (given, value) in headers {
            var name = given.lowercased()
            guard !Redactor.isSensitive(name: name), name != jwtHeader else { continue }
            if let known = renamed[name] {
                name = known
            } else if originals.contains(name) {
                // The client sends this under another name, so this is somebody else's.
                continue
            }
            if let before = visible[name] {
                // Two values are none that anybody meant: together they name nobody else.
                visible[name] = "\(before), \(value)"
            } else {
                visible[name] = value
                order.append(name)
            }
        }
        return JSONObject(order.map { ($0, .string(visible[$0] ?? "")) })
    }
}

/// What a log may show of who asks: enough to tell callers apart, too little to be one.
enum Mask {
    /// Stars for what is short, else its first six characters and its last four.
    static func text(_ text: String) -> String {
        guard text.count > 10 else { return String(repeating: "*", count: text.count) }
        return "\(text.prefix(6))…\(text.suffix(4))"
    }
}

extension Settings {
    func gateRules(_ encryption: EncryptionKey) -> GateRules {
        var rules = GateRules()
        let secret = self[SettingTable.userTokenSecret]
        rules.jwtSecret = secret.isEmpty ? nil : Secret(secret)
        rules.jwtHeader = self[SettingTable.userTokenHeader].lowercased()
        let shared = self[SettingTable.sharedSecret]
        if !shared.isEmpty { rules.sharedSecret = (Secret(shared), "project:\(self[SettingTable.project])") }
        rules.allowsAnonymous = self[SettingTable.allowsAnonymous]
        rules.logsRouting = self[SettingTable.logsRouting]
        rules.tokenHash = encryption.derived(for: "names of bearer tokens")
        for (setting, _) in SettingTable.clientHeaders {
            let (name, known) = (self[setting].lowercased(), setting.fallback.lowercased())
            if name != known { rules.renamed[name] = known }
        }
        return rules
    }
}
