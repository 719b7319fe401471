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

    /// The question stands: the complaint is all there is to say.
    private var isOver: Bool { complaint != nil && run.state == .blocked }

    func stream(_ headers: Headers) -> Response {
        let (run, reply, follower, house, complaint, isOver) = (run.id, reply, follower, house, complaint, isOver)
        return EventStream.response(
            headers: headers,
            wire: { stream in
                StreamedAnswer(run, reply, follower, house, stream).begin(complaint, isAll: isOver)
            })
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
            return OpenAIError(StreamedAnswer.stopping).response(final)
        }
    }

    /// Gathers all of it. A client that leaves meanwhile has left the run.
    private func whole() async throws -> ChatReply.Ending {
        defer { follower.close() }
        do {
            _ = reply.begin()
            if let complaint { _ = reply.block(complaint) }
            let ending = isOver ? .finished(.stop) : try await reply.tell(follower)
            if case .finished = ending { house.chats.answered(run.id, reply.content) }
            return ending
        } catch {
            if Fault(error).kind == .cancelled { house.runs.clientLeft(run.id) }
            throw error
        }
    }
}
