import Runtime

/// The body of `POST /v1/chat/completions`: what of it means something here. Unknown fields are kept for hooks.
struct ChatBody {
    var model: String
    var wishes = AnswerWishes()
    var wantsUsage: Bool
    var user: String?
    var messages: [ChatMessage]
    var extra: JSONObject

    /// What the fields are called in OpenAI's API; everything else is somebody's own.
    private static let known: Set<String> = [
        "model", "stream", "stream_options", "user", "messages", "tools", "tool_choice", "response_format",
        "reasoning_effort", "temperature", "max_tokens", "max_completion_tokens", "n", "top_p", "stop", "seed",
        "presence_penalty", "frequency_penalty", "logit_bias", "logprobs", "top_logprobs", "parallel_tool_calls",
        "store",
        "metadata", "service_tier",
    ]

    init(_ bytes: [UInt8]) throws {
        let body = try ChatBody.object(bytes)
        model = try body.text("model") ?? "open-persona/build"
        wishes.isStreamed = try body.flag("stream") ?? false
        wantsUsage = body["stream_options"]["include_usage"].bool ?? false
        user = body["user"].string
        messages = try ChatMessage.list(body["messages"])
        wishes.tools = Set(body["tools"].elements.compactMap { $0["function"]["name"].string ?? $0["name"].string })
        wishes.schema =
            body["response_format"].equalsType("json_schema")
            ? body["response_format"]["json_schema"]["schema"].value : nil
        wishes.reasoningEffort = body["reasoning_effort"].string
        wishes.temperature = body["temperature"].number
        wishes.maxTokens = body["max_completion_tokens"].integer ?? body["max_tokens"].integer
        extra = JSONObject(
            body.members.compactMap { key, value in
                ChatBody.known.contains(key) ? nil : value.value.map { (key, $0) }
            })
        if let count = body["n"].integer, count != 1 {
            throw BadBody("n is \(count); one answer is given to a request", param: "n")
        }
    }

    static func object(_ bytes: [UInt8]) throws -> JSONView {
        guard !bytes.isEmpty else { throw BadBody("the body is empty; it must be a JSON object", param: nil) }
        let body: JSONView
        do {
            body = try JSON.parse(bytes)
        } catch {
            throw BadBody("the body is not JSON: \(Fault(error).message)", param: nil)
        }
        guard body.kind == .object else { throw BadBody("the body must be a JSON object", param: nil) }
        return body
    }
}

/// A body that cannot be understood, and which field of it.
struct BadBody: Error {
    let message: String
    let param: String?

    init(_ message: String, param: String?) {
        self.message = message
        self.param = param
    }

    var answer: OpenAIError { .invalid(message, param: param) }
}

extension JSONView {
    /// Nil where it is missing or null; throws where it is something else.
    func text(_ field: String) throws -> String? {
        let value = self[field]
        if !value.exists || value.isNull { return nil }
        guard let text = value.string else { throw BadBody("\(field) must be a string", param: field) }
        return text
    }

    func flag(_ field: String) throws -> Bool? {
        let value = self[field]
        if !value.exists || value.isNull { return nil }
        guard let flag = value.bool else { throw BadBody("\(field) must be true or false", param: field) }
        return flag
    }

    func equalsType(_ name: StaticString) -> Bool { self["type"].equals(name) }
}
