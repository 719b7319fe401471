import Runtime

// Answers to what a run asks: in words, or by a card that its client shows.
extension TurnIntake {
    func reply(in request: TurnRequest) async throws -> Outcome? {
        if let (place, text) = request.cardReply { return try await reply(at: place, with: text, of: request) }
        let open = runs.asks(user: request.caller.user, chat: request.facts.chat).filter { asked in
            request.facts.chat == nil || asked.run.order.input.lineage?.voice == request.voice
        }
        guard let words = request.reply, let (run, ask) = try await meant(by: request, among: open) else {
            await abandon(open.map(\.run), by: request)
            return nil
        }
        let after = run.lastEvent
        guard let answer = AskCard.answer(ask, words: words) else {
            chats.askedAgain(run.id, in: request.facts.message)
            return .goesOn(
                run, after: after, complaint: AskCard.line(ask, run: run.id, namesRun: !request.facts.namesTurns))
        }
        let texts = request.history.filter { $0.role == "user" }.map(\.text) + [request.newText.words]
        try await chats.wentOn(run.id, in: request.facts.message, texts)
        return .goesOn(run, after: after, complaint: try await give(answer, to: run))
    }

    private func meant(
        by request: TurnRequest, among open: [(run: RunRecord, ask: Ask)]
    ) async throws -> (run: RunRecord, ask: Ask)? {
        let standing = request.standing
        for asked in open {
            let messages = standing.namesTurns ? try await chats.messages(of: asked.run) : []
            if standing.follows(run: asked.run.id, messages: messages) { return asked }
        }
        return nil
    }

    /// What waits for an answer while its user has gone on elsewhere in the chat would hold the chat's lane for as long as
    /// it waits.
    private func abandon(_ waiting: [RunRecord], by request: TurnRequest) async {
        guard request.facts.chat != nil, !request.facts.isChannel else { return }
        for run in waiting where run.order.lane != nil {
            do {
                try await runs.cancel(run.id, reason: "the chat went on with another message instead of an answer")
            } catch {
                // It was answered or has ended a moment ago, which is as good.
            }
        }
    }

    private func reply(
        at place: (run: String, event: Int64), with text: String, of request: TurnRequest
    ) async throws -> Outcome {
        guard let run = try await runs.run(place.run), run.order.user == request.caller.user else {
            throw Fault(.notFound, "there is no run that asked this", hint: "ask again in a new message")
        }
        let open = runs.asks(user: request.caller.user).filter { $0.run.id == run.id }.map(\.ask)
        // The card names the event; which of the open asks that is, the log tells.
        let follower = try await runs.follow(run.id, after: place.event - 1)
        defer { follower.close() }
        guard case .event(let event)? = try await follower.next(), case .ask(let asked) = event.body,
            let ask = open.first(where: { $0.id == asked.id })
        else { return .goesOn(run, after: place.event, complaint: nil) }
        guard let answer = AskCard.answer(ask, toolResult: text) else {
            // The card is gone without anybody having answered: it is asked in words.
            return .goesOn(
                run, after: run.lastEvent,
                complaint: AskCard.line(ask, run: run.id, namesRun: !request.facts.namesTurns))
        }
        return .goesOn(run, after: place.event, complaint: try await give(answer, to: run))
    }

    /// The first answer counts; a later one is told so, and the chat goes on with what the first one led to.
    private func give(_ answer: AskAnswer, to run: RunRecord) async throws -> String? {
        do {
            try await runs.answer(run.id, answer)
            return nil
        } catch let fault as Fault where fault.kind == .conflict || fault.kind == .notFound {
            return fault.message
        }
    }
}
