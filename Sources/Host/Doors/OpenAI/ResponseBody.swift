import Runtime

/// The body of `POST /v1/responses`.
struct ResponseBody {
    var model: String
    var wishes = AnswerWishes()
    var user: String?
    var messages: [ChatMessage]
    /// The response that this one goes on from.
    var previous: String?
    var metadata: JSONObject

    init(_ bytes: [UInt8]) throws {
        let body = try ChatBody.object(bytes)
        model = try body.text("model") ?? "open-persona/build"
        wishes.isStreamed = try body.flag("stream") ?? false
        user = body["user"].string
        previous = try body.text("previous_response_id")
        wishes.tools = Set(body["tools"].elements.compactMap { $0["name"].string })
        let format = body["text"]["format"]
        wishes.schema = format["type"].equals("json_schema") ? format["schema"].value : nil
        wishes.reasoningEffort = body["reasoning"]["effort"].string
        wishes.temperature = body["temperature"].number
        wishes.maxTokens = body["max_output_tokens"].integer
        metadata = body["metadata"].value?.object ?? [:]
        messages = try ResponseBody.messages(body["input"])
        if let instructions = try body.text("instructions") {
            messages.insert(ChatMessage(role: .system, text: instructions), at: 0)
        }
        if body["background"].bool == true {
            throw BadBody("background responses are not served; leave `background` out", param: "background")
        }
    }

    /// A text, or items: messages, and what a client's tool gave.
    private static func messages(_ input: JSONView) throws -> [ChatMessage] {
        if let text = input.string { return [ChatMessage(role: .user, text: text)] }
        guard input.kind == .array, input.count > 0 else {
            throw BadBody("input must be a text or a list of items", param: "input")
        }
        var messages: [ChatMessage] = []
        for (index, item) in input.elements.enumerated() {
            let place = "input[\(index)]"
            switch item["type"].string ?? "message" {
            case "message": messages.append(try ChatMessage(item, at: place))
            case "function_call_output":
                messages.append(
                    ChatMessage(
                        role: .tool, text: item["output"].string ?? item["output"][0]["text"].string ?? "",
                        toolCall: item["call_id"].string))
            // What models thought and called is theirs; the agent has its own memory of it.
            default: continue
            }
        }
        guard !messages.isEmpty else { throw BadBody("input holds no message", param: "input") }
        return messages
    }
}
