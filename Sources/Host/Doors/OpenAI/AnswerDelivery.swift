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
            let ending = isOver ? .finished(.stop) : try await reply.tell(follower)
            if case .finished = ending { house.chats.answered(run.id, reply.content) }
            return ending
        } catch {
            if Fault(error).kind == .cancelled { house.runs.clientLeft(run.id) }
            throw error
        }
    }
}
