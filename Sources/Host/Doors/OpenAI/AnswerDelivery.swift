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
        .unavailable, "Perigee is being restarted. The agent goes on with this where it can",
        hint: "your next message brings the rest")

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

    /// All of it in one answer. Whoever gets a failure must not send the turn again by itself, as official clients do:
    /// it may have had effects, and the `recover` hook has tried again what could be.
    func answer(_ headers: Headers) async throws -> Response {
        var final = headers
        final.add("X-Should-Retry", "false")
        do {
            switch try await whole() {
            case .failed(let error): return error.response(final)
            case .finished(let finish):
                var response = Response.json(try reply.whole(finish))
                response.headers = headers
                return response
            }
        } catch  where house.runs.isSilent {
            return OpenAIError(Self.stopping).response(final)
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
