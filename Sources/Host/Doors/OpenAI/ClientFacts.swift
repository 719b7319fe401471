import Runtime

/// What a chat client says beside the body: where the turn stands in its chat, and what was attached to the model.
struct ClientFacts: Sendable, Equatable {
    /// `openwebui`, or nil where the client cannot be told.
    var client: String?
    var chat: String?
    /// The answer's id, the user's message's, and that of the answer before it. Empty where the client says there is none.
    var message: String?
    var userMessage: String?
    var parent: String?
    /// What a side call is for; empty where the client says that it is none; nil where it says nothing.
    var task: String?
    /// The client's own model that stands on the one in the body.
    var modelID: String?
    var meta: JSONObject = [:]
    var filter: FilterData?

    /// Where its messages stand is said by the client, and need not be guessed from the history.
    var namesTurns: Bool {
        !isChannel && (parent?.isEmpty == false || parent != nil && message?.isEmpty == false)
    }

    /// Several people talk there. Each message to a model is a conversation of its own, and nobody sees a card.
    var isChannel: Bool { client == "openwebui" && chat?.hasPrefix("channel:") == true }

    /// `extra` are the fields of the body that OpenAI's API does not know; `filter` is what ours put among them.
    init(_ headers: Headers, model: String, extra: JSONObject, filter: FilterData? = nil) {
        self.filter = filter
        func header(_ names: String...) -> String? {
            for name in names { if let value = headers[name], !ClientFacts.isTemplate(value) { return value } }
            return nil
        }
        chat = ClientFacts.named(header("x-openwebui-chat-id", "x-open-webui-chat-id")) ?? filter?.chat
        message = header("x-openwebui-message-id") ?? filter?.message
        userMessage = header("x-openwebui-user-message-id")
        parent = header("x-openwebui-user-message-parent-id")
        // The filter runs for turns only.
        task = header("x-openwebui-task") ?? (filter == nil ? nil : "")
        modelID =
            ClientFacts.named(header("x-openpersona-original-model-id", "x-openwebui-model-id"))
            ?? ClientFacts.named(filter?.model)
        if modelID == model { modelID = nil }
        meta = ClientFacts.meta(headers, filter, extra)
        let isOpenWebUI = filter != nil || headers.contains { $0.name.lowercased().hasPrefix("x-openwebui-") }
        client = isOpenWebUI ? "openwebui" : nil
    }

    /// All carriers of a model's meta, the most trustworthy last, so that it wins: custom parameters, the filter's key,
    /// the older header.
    private static func meta(_ headers: Headers, _ filter: FilterData?, _ extra: JSONObject) -> JSONObject {
        var meta: JSONObject = [:]
        func merge(_ value: JSONValue?) {
            for member in value?.object ?? [:] { meta[member.key] = member.value }
        }
        merge(extra["x_persona"])
        merge(extra["open_persona"])
        merge(filter.map { .object($0.meta) })
        if let header = headers["x-openpersona-meta-b64"], let bytes = Base64.decode(header),
            // What does not parse was not meant for us.
            let value = try? JSON.parse(bytes).value
        {
            merge(value)
        }
        return meta
    }

    private static func named(_ text: String?) -> String? { text.flatMap { $0.isEmpty ? nil : $0 } }

    /// A template that an older client does not know, and sends as it stands.
    private static func isTemplate(_ value: String) -> Bool { value.hasPrefix("{{") && value.hasSuffix("}}") }
}
