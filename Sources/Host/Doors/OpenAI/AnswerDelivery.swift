import Runtime

/// Brings one answer to its client, as a stream or gathered, and notices when the client has gone.
@Loop
struct AnswerDelivery {
    let reply: ChatReply
    let follower: RunFollower
    let run: RunRecord
    let house: OpenAIHouse
    /// Why what the user wrote did not answer what was asked.
    var complaint: String?

    private static let stopping = Fault(
        .unavailable, "Perigee is stopping for a restart. An agent that can work alone goes on with this",
        hint: "your next message goes on behind it")

    /// The question stands: the complaint is all there is to say.
    private var isOver: Bool { complaint != nil && run.state == .blocked }

    func stream(_ headers: Headers) -> Response {
        EventStream.response(headers: headers) { stream in
            // Before anything has happened, so that a client that stops now knows that the answer had begun.
            for frame in reply.begin() { stream.sendNow(event: frame.event, data: frame.data) }
            stream.onGone = { follower.close() }
            defer { follower.close() }
            do {
                try await tell(stream)
            } catch {
                let isStopping = house.runs.isSilent
                guard !stream.isGone, isStopping || Fault(error).kind != .cancelled else {
                    return house.runs.clientLeft(run.id)
                }
                // A clean end keeps the text so far; a broken stream would lose it.
                for frame in try reply.end(.failed(OpenAIError(isStopping ? Self.stopping : Fault(error)))) {
                    stream.sendNow(event: frame.event, data: frame.data)
                }
            }
        }
    }

    private func tell(_ stream: EventStream) async throws {
        func send(_ frames: [StreamFrame]) async throws {
            for frame in frames { try await stream.send(event: frame.event, data: frame.data) }
        }
        if let complaint { try await send(reply.block(complaint)) }
        let ending = isOver ? .finished(.stop) : try await reply.tell(follower, send)
        try await send(try reply.end(ending))
        house.chats.answered(run.id, reply.content)
    }

    /// All of it in one answer.
    func answer(_ headers: Headers) async throws -> Response {
        switch try await whole() {
        case .failed(let error): return error.response(headers)
        case .finished(let finish):
            var response = Response.json(try reply.whole(finish))
            response.headers = headers
            return response
        }
    }

    /// Gathers all of it. A client that leaves meanwhile has left the run.
    private func whole() async throws -> ChatReply.Ending {
        defer { follower.close() }
        do {
            _ = reply.begin()
            if let complaint { _ = reply.block(complaint) }
            let ending = isOver ? .finished(.stop) : try await reply.tell(follower) { _ in }
            if case .finished = ending { house.chats.answered(run.id, reply.content) }
            return ending
        } catch {
            if Fault(error).kind == .cancelled { house.runs.clientLeft(run.id) }
            throw error
        }
    }
}
