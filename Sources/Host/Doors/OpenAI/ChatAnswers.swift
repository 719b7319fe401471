import Runtime

/// One answer of the chat API, on its way as a stream or gathered into a whole.
@Loop
struct ChatAnswers {
    private let reply: ChatReply
    private let follower: RunFollower
    private let run: RunRecord
    private let house: OpenAIHouse
    /// Why what the user wrote did not answer what was asked.
    private let complaint: String?
    private let client: ChatReply.Client

    private nonisolated static let done = Array("[DONE]".utf8)

    init(
        _ reply: ChatReply, _ follower: RunFollower, _ run: RunRecord, _ house: OpenAIHouse, complaint: String?,
        _ client: ChatReply.Client
    ) {
        self.reply = reply
        self.follower = follower
        self.run = run
        self.house = house
        self.complaint = complaint
        self.client = client
    }

    // MARK: streamed

    func stream(_ headers: Headers) -> Response {
        EventStream.response(headers: headers) { stream in
            // Before anything has happened, so that a client that stops now knows that the answer had begun.
            stream.sendNow(data: reply.chunks.role())
            stream.onGone = { follower.close() }
            defer { follower.close() }
            do {
                try await tell(stream)
            } catch {
                if stream.isGone || Fault(error).kind == .cancelled {
                    house.runs.clientLeft(run.id)
                } else {
                    // A clean end keeps the text so far; a broken stream would lose it.
                    stream.sendNow(data: OpenAIError(Fault(error)).text)
                    stream.sendNow(data: Self.done)
                }
            }
        }
    }

    private func tell(_ stream: EventStream) async throws {
        func send(_ chunks: [[UInt8]]) async throws {
            for chunk in chunks { try await stream.send(data: chunk) }
        }
        if let complaint {
            try await send([reply.chunks.content(complaint)])
            if run.state == .blocked { return try await end(stream, .finished(.stop)) }
        }
        try await end(stream, try await reply.tell(follower, send))
    }

    private func end(_ stream: EventStream, _ ending: ChatReply.Ending) async throws {
        switch ending {
        case .finished(let reason):
            try await stream.send(data: reply.chunks.finish(reason))
            if client.wantsUsage, reason != .toolCalls, let usage = reply.usage {
                try await stream.send(data: try reply.chunks.usage(usage))
            }
        case .failed(let error): try await stream.send(data: error.text)
        }
        try await stream.send(data: Self.done)
        house.chats.answered(run.id, reply.content)
    }

    // MARK: whole

    func whole(_ headers: Headers) async throws -> Response {
        defer { follower.close() }
        let ending: ChatReply.Ending
        do {
            let isOver = complaint != nil && run.state == .blocked
            ending = isOver ? .finished(.stop) : try await reply.tell(follower) { _ in }
        } catch {
            // Nobody waits for this answer any more.
            if Fault(error).kind == .cancelled { house.runs.clientLeft(run.id) }
            throw error
        }
        switch ending {
        case .failed(let error): return error.response(headers)
        case .finished(let reason):
            house.chats.answered(run.id, reply.content)
            let text = [complaint, reply.content].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: "\n\n")
            var response = Response.json(
                try ChatAnswers.completion(
                    reply.chunks, text, reasoning: reply.reasoning, finish: reason, usage: reply.usage))
            response.headers = headers
            return response
        }
    }

    /// What a side call is answered; the client never knows that no agent heard of it.
    static func side(_ answer: SideAnswer, model: String, isStreamed: Bool) throws -> Response {
        let chunks = ChatChunks(
            id: "chatcmpl-\(UUIDText.timeOrdered())", model: model, created: Int(Runs.wallClock() / 1000))
        guard isStreamed else {
            return .json(try completion(chunks, answer.text, reasoning: "", finish: .stop, usage: answer.usage))
        }
        return EventStream.response { stream in
            for chunk in [chunks.role(), chunks.content(answer.text), chunks.finish(.stop), done] {
                try await stream.send(data: chunk)
            }
        }
    }

    private static func completion(
        _ chunks: ChatChunks, _ text: String, reasoning: String, finish: ChatChunks.Finish, usage: Usage?
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
}
