import Runtime

/// One message of a conversation, whatever form its content came in.
struct ChatMessage: Sendable, Equatable {
    enum Role: String, Sendable { case system, developer, user, assistant, tool }

    var role: Role
    /// All of its text, pieces joined by line breaks.
    var text: String
    /// Images and files, in order.
    var files: [RunInput.Part] = []
    /// Of a tool's result: the call that it answers.
    var toolCall: String?

    static func list(_ messages: JSONView) throws -> [ChatMessage] {
        guard messages.kind == .array else { throw BadBody("messages must be a list of messages", param: "messages") }
        var list: [ChatMessage] = []
        for (index, message) in messages.elements.enumerated() {
            list.append(try ChatMessage(message, at: "messages[\(index)]"))
        }
        guard !list.isEmpty else { throw BadBody("messages is empty", param: "messages") }
        return list
    }

    init(role: Role, text: String, files: [RunInput.Part] = [], toolCall: String? = nil) {
        self.role = role
        self.text = text
        self.files = files
        self.toolCall = toolCall
    }

    init(_ message: JSONView, at place: String) throws {
        guard message.kind == .object else { throw BadBody("\(place) must be an object", param: place) }
        let name = message["role"].string ?? ""
        guard let role = Role(rawValue: name == "function" ? "tool" : name) else {
            throw BadBody(
                "\(place).role must be system, developer, user, assistant or tool", param: "\(place).role")
        }
        self.role = role
        toolCall = message["tool_call_id"].string
        var texts: [String] = []
        let content = message["content"]
        switch content.kind {
        case nil, .null: break
        case .string: texts.append(content.string ?? "")
        case .array:
            for part in content.elements {
                if let text = part.string ?? ChatMessage.text(part) {
                    texts.append(text)
                } else if let file = ChatMessage.file(part) {
                    files.append(file)
                }
            }
        default:
            // Numbers and the like from hand-made clients: as they stand.
            texts.append(String(decoding: try ChatMessage.json(content), as: UTF8.self))
        }
        text = texts.joined(separator: "\n")
    }

    private static func text(_ part: JSONView) -> String? {
        switch part["type"].string {
        case "text", "input_text", "output_text", "refusal": part["text"].string ?? part["refusal"].string
        default: nil
        }
    }

    /// Images and files in the forms of both of OpenAI's APIs. Kinds that nothing here can use are left out.
    private static func file(_ part: JSONView) -> RunInput.Part? {
        switch part["type"].string {
        case "image_url", "input_image":
            guard let url = part["image_url"]["url"].string ?? part["image_url"].string else { return nil }
            return RunInput.Part(mime: mediaType(of: url) ?? "image/png", url: url, filename: part["filename"].string)
        case "file", "input_file":
            let file = part["file"].exists ? part["file"] : part
            guard let data = file["file_data"].string ?? file["file_url"].string else { return nil }
            return RunInput.Part(
                mime: mediaType(of: data) ?? "application/octet-stream",
                url: data.hasPrefix("data:") || data.contains("://")
                    ? data : "data:application/octet-stream;base64,\(data)",
                filename: file["filename"].string)
        default: return nil
        }
    }

    private static func mediaType(of url: String) -> String? {
        guard url.hasPrefix("data:") else { return nil }
        let type = url.dropFirst(5).prefix { $0 != ";" && $0 != "," }
        return type.isEmpty ? nil : String(type)
    }

    private static func json(_ value: JSONView) throws -> [UInt8] {
        var writer = JSONWriter()
        try writer.value(value)
        return writer.finish()
    }
}
