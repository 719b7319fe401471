import Runtime

/// What the scripted model makes of a message.
extension Step {
    /// The text that says what to do: the last of the user's own text parts.
    static func wish(of user: StoredMessage) -> String {
        user.parts.last { $0.text("type") == "text" && $0["synthetic"]?.bool != true }?.text("text") ?? ""
    }

    static func plan(_ words: Words, _ user: StoredMessage, _ run: Run) -> [Act] {
        let subtasks = user.parts.filter { $0.text("type") == "subtask" }.map { part -> Act in
            .tool(
                "task",
                [
                    "description": part["description"] ?? "sub", "prompt": part["prompt"] ?? "",
                    "subagent_type": part["agent"] ?? "general",
                ])
        }
        if !words.isPlain { return subtasks + words.acts }
        if let schema = user.info["format"]?["schema"] { return subtasks + [.json(example(of: schema))] }
        return subtasks + [.say(echo(of: user, run))]
    }

    /// Names what was asked, together with what stayed unanswered before it.
    private static func echo(of user: StoredMessage, _ run: Run) -> String {
        let messages = run.session.messages
        let answered = messages.last { !$0.isUser && $0.info["finish"] != nil }?.info.text("parentID") ?? ""
        let open = messages.filter { $0.isUser && $0.id > answered && $0.id < user.id && !$0.ownText.isEmpty }
        var text = "You asked: " + (open.map(\.ownText) + [user.ownText]).joined(separator: " | ")
        let files = user.parts.filter { $0.text("type") == "file" }
        if !files.isEmpty { text += " (with \(files.compactMap { $0.text("mime") }.joined(separator: ", ")))" }
        return text
    }

    /// The least value that fits a schema.
    private static func example(of schema: JSONValue) -> JSONValue {
        if let choice = schema["enum"]?[0] { return choice }
        switch schema["type"]?.string {
        case "object":
            let members = schema["properties"]?.members ?? JSONObject()
            return .object(JSONObject(members.map { ($0.key, example(of: $0.value)) }))
        case "array": return .array(schema["items"].map { [example(of: $0)] } ?? [])
        case "integer", "number": return 1
        case "boolean": return true
        default: return "text"
        }
    }
}

/// Errors of provider and engine as the original words them.
enum Failures {
    static func error(_ name: String, _ message: String?) -> JSONValue {
        switch name {
        case "APIError", "401": api(401, message ?? "Incorrect API key", "invalid_api_key")
        case "403": api(403, message ?? "Forbidden", "forbidden")
        case "429": api(429, message ?? "Rate limit reached", "rate_limit_exceeded")
        case "500": api(500, message ?? "boom", "server_error")
        case "ProviderAuthError":
            named(name, ["providerID": "fake", "message": .string(message ?? "API key is missing")])
        case "ContextOverflowError":
            named(
                name,
                [
                    "message": .string(
                        message
                            ?? "This model's maximum context length is 8192 tokens. "
                            + "However, your messages resulted in 9000 tokens."),
                    "responseBody": "{\"error\":{\"code\":\"context_length_exceeded\"}}",
                ])
        case "MessageOutputLengthError": named(name, [:])
        case "StructuredOutputError":
            named(name, ["message": .string(message ?? "Model did not produce structured output"), "retries": 0])
        default: named(name.isEmpty ? "UnknownError" : name, ["message": .string(message ?? "boom")])
        }
    }

    private static func named(_ name: String, _ data: JSONValue) -> JSONValue { ["name": .string(name), "data": data] }

    private static func api(_ status: Int, _ message: String, _ code: String) -> JSONValue {
        let body: JSONValue = ["error": ["message": .string(message), "code": .string(code)]]
        return named(
            "APIError",
            [
                "message": .string(message), "statusCode": .int(status),
                "isRetryable": .bool(status == 429 || status >= 500),
                "responseHeaders": ["content-type": "application/json;charset=utf-8"],
                "responseBody": .string(body.json), "metadata": ["url": "http://127.0.0.1:9/v1/chat/completions"],
            ])
    }
}
