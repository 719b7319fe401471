import Runtime

/// What Perigee's filter in Open WebUI puts into a body: the model's data, and, if it is signed, the user's own keys.
struct FilterData: Sendable, Equatable {
    /// Signed with the secret that both sides have.
    let isSigned: Bool
    let user: String?
    let model: String?
    let chat: String?
    let message: String?
    let meta: JSONObject
    let keys: [Provider: Secret]
    let integrationKeys: [IntegrationKey: Secret]

    /// Signatures are good for so long, in seconds.
    private static let age: Int64 = 600

    /// Nil when there is none, or when a secret is set and this does not bear its signature: any user of Open WebUI can
    /// put what he likes into a body.
    init?(_ field: JSONValue?, secret: Secret?, now: Int64) {
        guard let text = field?["signed"]?.string, text.utf8.count <= 64 << 10,
            // What does not parse was not written by the filter.
            let content = try? JSON.parse(text), content.kind == .object
        else { return nil }
        var isSigned = false
        if let secret {
            guard let given = field?["signature"]?.string.flatMap(Hex.decode),
                ConstantTime.equal(given, HMACSHA256.code(for: Array(text.utf8), key: secret)),
                let at = content["at"].integer, abs(Int64(at) - now) <= Self.age
            else { return nil }
            isSigned = true
        }
        self.isSigned = isSigned
        user = content["user"]["id"].string
        model = content["model_id"].string
        chat = content["chat_id"].string
        message = content["message_id"].string
        meta = content["meta"].value?.object ?? [:]
        var keys: [Provider: Secret] = [:]
        for provider in Provider.allCases where isSigned {
            if let key = content["keys"][provider.rawValue].string.flatMap(Provider.cleaned), !key.isEmpty {
                keys[provider] = Secret(key)
            }
        }
        self.keys = keys
        var integrationKeys: [IntegrationKey: Secret] = [:]
        for (name, value) in content["integration_keys"].members.prefix(IntegrationKey.most) where isSigned {
            if let name = IntegrationKey(name), let key = value.string.flatMap(Provider.cleaned), !key.isEmpty {
                integrationKeys[name] = Secret(key)
            }
        }
        self.integrationKeys = integrationKeys
    }
}
