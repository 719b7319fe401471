/// A request in the form of `chat/completions`.
struct ChatBody {
    let provider: ModelProvider
    let request: ModelRequest

    func bytes() throws -> [UInt8] {
        var body: JSONObject = [
            "model": .string(request.model ?? provider.model), "stream": true,
            "stream_options": ["include_usage": true],
        ]
        var messages: [JSONValue] = []
        if let system = request.system, !system.isEmpty {
            messages.append(["role": "system", "content": .string(system)])
        }
        messages += request.messages.map { ["role": .string($0.role.rawValue), "content": ChatBody.content($0)] }
        body["messages"] = .array(messages)
        if let limit = request.maxTokens ?? provider.maxTokens {
            // OpenAI's own models that think refuse the older name, most other servers know no other.
            body[isOpenAI ? "max_completion_tokens" : "max_tokens"] = .integer(Int64(limit))
        }
        if let temperature = request.temperature { body["temperature"] = .number(temperature) }
        if !request.stop.isEmpty { body["stop"] = .array(request.stop.map { .string($0) }) }
        if let effort = request.effort { body["reasoning_effort"] = .string(effort) }
        if let schema = request.schema {
            body["response_format"] = [
                "type": "json_schema", "json_schema": ["name": "answer", "schema": schema, "strict": true],
            ]
        }
        return try JSON.encode(JSONValue.object(body))
    }

    private var isOpenAI: Bool { provider.base?.origin.hasSuffix("//api.openai.com") == true }

    /// Plain text where it can be: some servers take nothing else.
    private static func content(_ message: ModelRequest.Message) -> JSONValue {
        let isPlain = message.parts.allSatisfy { if case .text = $0 { true } else { false } }
        if isPlain { return .string(message.text) }
        return .array(
            message.parts.map { part in
                switch part {
                case .text(let text): ["type": "text", "text": .string(text)]
                case .image(let url): ["type": "image_url", "image_url": ["url": .string(url)]]
                case .document(let url, let name):
                    ["type": "file", "file": ["filename": .string(name), "file_data": .string(url)]]
                }
            })
    }
}
