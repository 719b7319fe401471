import Runtime

extension OpenAIDoor {
    private nonisolated static let prefix = "resp_"

    func respond(_ request: Request) async throws -> Response {
        try house.gate.present(request)
        let body = try ResponseBody(try await request.body.collect())
        let use = GenerationUse(house.scripts.live)
        var facts = ClientFacts(request.headers, model: body.model, extra: body.metadata)
        var turn = try await turn(request, use, body.model, facts, body.messages, body.wishes, user: body.user)
        if let previous = body.previous {
            let before = try await house.conversation(before: previous, user: turn.caller.user)
            facts.chat = facts.chat ?? before.chat
            facts.parent = previous
            turn = TurnRequest(
                door: name, caller: turn.caller, model: turn.model, facts: facts,
                messages: body.messages.filter { $0.role == .system } + before.messages
                    + body.messages.filter { $0.role != .system }, wishes: body.wishes, headers: turn.headers,
                repo: turn.repo)
        } else if facts.chat == nil {
            // Each chain of responses is a chat of its own, so that an older response can be gone on from too.
            facts.chat = "responses:\(UUIDText.timeOrdered())"
            turn = TurnRequest(
                door: name, caller: turn.caller, model: turn.model, facts: facts, messages: body.messages,
                wishes: body.wishes, headers: turn.headers,
                repo: turn.repo)
        }
        switch try await house.intake.take(turn, use.generation) {
        case .side(let answer): return sideResponse(answer, body)
        case .run(let run): return try await answer(run, after: 0, nil, use, body)
        case .goesOn(let run, let after, let complaint):
            return try await answer(run, after: after, complaint, use, body)
        }
    }

    private func answer(
        _ run: RunRecord, after: Int64, _ complaint: String?, _ use: GenerationUse, _ body: ResponseBody
    ) async throws -> Response {
        let narrator = ResponseNarrator(
            id: OpenAIDoor.prefix + run.id, model: body.model, created: Int(run.createdAt / 1000))
        let client = ChatReply.Client(
            isNative: false, hasCards: body.wishes.tools.contains(AskCard.tool), namesTurns: true)
        let reply = ChatReply(run, house.runs, use, client, narrator)
        let delivery = AnswerDelivery(
            reply: reply, follower: try await house.runs.follow(run.id, after: after), run: run, house: house,
            complaint: complaint)
        let headers: Headers = ["X-Perigee-Run": run.id]
        if body.wishes.isStreamed { return delivery.stream(headers) }
        return try await delivery.answer(headers)
    }

    private func sideResponse(_ answer: SideAnswer, _ body: ResponseBody) -> Response {
        var narrator = ResponseNarrator(
            id: OpenAIDoor.prefix + UUIDText.timeOrdered(), model: body.model, created: Int(Runs.wallClock() / 1000))
        _ = narrator.text(answer.text, part: "side")
        return .json(narrator.whole(.stop, reasoning: "", usage: answer.usage))
    }

    // MARK: embeddings

    func embed(_ request: Request) async throws -> Response {
        try house.gate.present(request)
        let use = GenerationUse(house.scripts.live)
        _ = try await house.gate.caller(request, door: name, generation: use.generation)
        let body = try ChatBody.object(try await request.body.collect())
        guard body["input"].exists, let fields = body.value?.object else {
            throw BadBody("input is missing", param: "input")
        }
        return .json(try JSON.encode(try await house.embed(fields)))
    }
}

extension OpenAIHouse {
    /// What was said up to a response, which its user alone may go on from.
    func conversation(before response: String, user: String) async throws -> (chat: String, messages: [ChatMessage]) {
        let missing = Fault(
            .notFound, "there is no response \"\(response)\"", hint: "leave previous_response_id out to begin anew")
        guard response.hasPrefix("resp_"), let run = try await runs.run(String(response.dropFirst(5))),
            run.order.user == user
        else { throw missing }
        guard run.state.isEnded else {
            throw Fault(.conflict, "response \"\(response)\" is not complete yet", hint: "wait for its end")
        }
        let input = run.order.input
        var messages = input.history.map { ChatMessage(role: $0.role == "user" ? .user : .assistant, text: $0.text) }
        messages.append(ChatMessage(role: .user, text: input.text))
        let follower = try await runs.follow(run.id)
        defer { follower.close() }
        var text = ""
        while case .event(let event)? = try await follower.next() {
            if case .text(let piece, _) = event.body { text += piece }
        }
        messages.append(ChatMessage(role: .assistant, text: text))
        return (input.lineage?.chat ?? "", messages)
    }
}
