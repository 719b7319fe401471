import Runtime

extension OpenAIDoor {
    func complete(_ request: Request) async throws -> Response {
        try house.gate.present(request)
        let body = try ChatBody(try await request.body.collect())
        let use = GenerationUse(house.scripts.live)
        let filter = FilterData(body.extra["x_perigee"], secret: house.filterSecret, now: Runs.wallClock() / 1000)
        if filter == nil, body.extra["x_perigee"] != nil, house.filterSecret != nil {
            house.log.warning(
                "Open WebUI's filter is not believed: both sides need one PERIGEE_FILTER_SECRET, and clocks that agree")
        }
        let facts = ClientFacts(request.headers, model: body.model, extra: body.extra, filter: filter)
        var turn = try await turn(request, use, body.model, facts, body.messages, body.wishes, user: body.user)
        turn.extra = body.extra
        turn.repo = RepoWish(model: body.model, headers: request.headers, extra: body.extra, meta: facts.meta)
        switch try await house.intake.take(turn, use.generation) {
        case .side(let answer):
            return try ChatAnswers.side(answer, model: body.model, isStreamed: body.wishes.isStreamed)
        case .run(let run): return try await answer(run, after: 0, nil, use, facts, body)
        case .goesOn(let run, let after, let complaint):
            return try await answer(run, after: after, complaint, use, facts, body)
        }
    }

    /// Who asks, and with what. Provider keys that the headers bring are kept for the caller's workspace.
    func turn(
        _ request: Request, _ use: GenerationUse, _ model: String, _ facts: ClientFacts, _ messages: [ChatMessage],
        _ wishes: AnswerWishes, user: String?
    ) async throws -> TurnRequest {
        let caller = try await house.gate.caller(request, door: name, bodyUser: user, generation: use.generation)
        try await house.takeKeys(request.headers, facts.filter, of: caller)
        var turn = TurnRequest(
            door: name, caller: caller, model: RepoWish.split(model).model, facts: facts, messages: messages,
            wishes: wishes)
        turn.headers = house.gate.visible(request.headers)
        turn.repo = RepoWish(model: model, headers: request.headers, extra: [:], meta: facts.meta)
        return turn
    }

    private func answer(
        _ run: RunRecord, after: Int64, _ complaint: String?, _ use: GenerationUse, _ facts: ClientFacts,
        _ body: ChatBody
    ) async throws -> Response {
        let isOpenWebUI = facts.client == "openwebui"
        let chunks = ChatChunks(id: "chatcmpl-\(run.id)", model: body.model, created: Int(run.createdAt / 1000))
        let client = ChatReply.Client(
            isNative: isOpenWebUI && body.wishes.isStreamed,
            hasCards: body.wishes.isStreamed && body.wishes.tools.contains(AskCard.tool) && !facts.isChannel,
            namesTurns: facts.namesTurns)
        let narrator = ChatNarrator(
            chunks, isNative: client.isNative, wantsUsage: body.wantsUsage || isOpenWebUI)
        let reply = ChatReply(run, house.runs, use, client, narrator)
        if after == 0, run.order.input.lineage?.parent?.isEmpty == false {
            reply.foreword = { [intake = house.intake] in try await intake.unheard(before: run.order) }
        }
        let delivery = AnswerDelivery(
            reply: reply, follower: try await house.runs.follow(run.id, after: after), run: run, house: house,
            complaint: complaint)
        let headers: Headers = ["X-Perigee-Run": run.id]
        if body.wishes.isStreamed { return delivery.stream(headers) }
        return try await delivery.answer(headers)
    }
}
