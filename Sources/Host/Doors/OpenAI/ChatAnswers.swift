import Runtime

/// Whole answers of the chat API.
enum ChatAnswers {
    static func completion(
        _ chunks: ChatChunks, _ text: String, reasoning: String = "", finish: ChatChunks.Finish, usage: Usage?
    ) throws -> [UInt8] {
        var writer = JSONWriter()
        try writer.object { answer in
            answer.member("id", chunks.id)
            answer.member("object", "chat.completion")
            answer.member("created", chunks.created)
            answer.member("model", chunks.model)
            answer.array("choices") { choices in
                choices.object { choice in
                    choice.member("index", 0)
                    choice.object("message") { message in
                        message.member("role", "assistant")
                        message.member("content", text)
                        if !reasoning.isEmpty { message.member("reasoning_content", reasoning) }
                    }
                    choice.member("finish_reason", finish.rawValue)
                }
            }
            if let usage { try answer.object("usage") { try $0.put(completion: usage) } }
        }
        return writer.finish()
    }

    /// What a side call is answered; the client never knows that no agent heard of it.
    @Loop
    static func side(_ answer: SideAnswer, model: String, isStreamed: Bool) throws -> Response {
        let chunks = ChatChunks(
            id: "chatcmpl-\(UUIDText.timeOrdered())", model: model, created: Int(Runs.wallClock() / 1000))
        guard isStreamed else {
            return .json(try completion(chunks, answer.text, finish: .stop, usage: answer.usage))
        }
        return EventStream.response { stream in
            for chunk in [chunks.role(), chunks.content(answer.text), chunks.finish(.stop)] {
                try await stream.send(data: chunk)
            }
            try await stream.send(data: "[DONE]")
        }
    }
}
