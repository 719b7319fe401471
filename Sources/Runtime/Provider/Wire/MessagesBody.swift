/// A request in the form of Anthropic's `messages`.
struct MessagesBody {
    let provider: ModelProvider
    let request: ModelRequest

    /// The form has no default of its own.
    static let usualTokens = 8192

    func bytes() throws -> [UInt8] {
        var limit = request.maxTokens ?? provider.maxTokens ?? MessagesBody.usualTokens
        var body: JSONObject = ["model": .string(request.model ?? provider.model), "stream": true]
        if let system = request.system, !system.isEmpty { body["system"] = .string(system) }
        body["messages"] = .array(try messages())
        if !request.stop.isEmpty { body["stop_sequences"] = .array(request.stop.map { .string($0) }) }
        if let schema = request.schema {
            // A tool that must be called is the one way to a given form that every model has.
            let name = JSONValue.string(MessagesReader.answerTool)
            body["tools"] = [["name": name, "description": "Gives the answer.", "input_schema": schema]]
            body["tool_choice"] = ["type": "tool", "name": name]
        } else if let effort = request.effort {
            switch provider.thinking {
            case .effort:
                body["thinking"] = ["type": "adaptive"]
                body["output_config"] = ["effort": .string(effort == "minimal" ? "low" : effort)]
            case .budget:
                let budget = MessagesBody.budget(effort)
                body["thinking"] = ["type": "enabled", "budget_tokens": .integer(Int64(budget))]
                // The budget is part of the limit.
                limit += budget
            }
        }
        // It does not go with thinking.
        if body["thinking"] == nil, let temperature = request.temperature {
            body["temperature"] = .number(min(temperature, 1))
        }
        body["max_tokens"] = .integer(Int64(limit))
        return try JSON.encode(JSONValue.object(body))
    }

    private static func budget(_ effort: String) -> Int {
        switch effort {
        case "minimal", "low": 2048
        case "medium": 8192
        default: 24_576
        }
    }

    /// Turns must alternate and begin with the user's.
    private func messages() throws -> [JSONValue] {
        var turns: [(role: ModelRequest.Role, parts: [ModelRequest.Part])] = []
        for message in request.messages {
            if turns.last?.role == message.role {
                turns[turns.count - 1].parts += message.parts
            } else if !turns.isEmpty || message.role == .user {
                turns.append((message.role, message.parts))
            }
        }
        return try turns.map { turn in
            // Blocks of blank text are refused.
            let blocks = try turn.parts.compactMap { try block($0) }
            return ["role": .string(turn.role.rawValue), "content": .array(blocks)]
        }
    }

    private func block(_ part: ModelRequest.Part) throws -> JSONValue? {
        switch part {
        case .text(let text):
            return text.allSatisfy(\.isWhitespace) ? nil : ["type": "text", "text": .string(text)]
        case .image(let url): return ["type": "image", "source": try source(url)]
        case .document(let url, let name):
            return ["type": "document", "source": try source(url), "title": .string(name)]
        }
    }

    private func source(_ url: String) throws -> JSONValue {
        if let data = DataAddress(url) {
            return ["type": "base64", "media_type": .string(data.mime), "data": .string(data.base64)]
        }
        guard url.hasPrefix("https://") || url.hasPrefix("http://") else {
            throw ProviderFailure(
                .refused, "\(provider.name): a file is given neither as data nor as a web address",
                provider: provider.name)
        }
        return ["type": "url", "url": .string(url)]
    }
}
