import Runtime

// What the hook `place` is told of a turn.

extension TurnIntake {
    /// `host.Chat`.
    func chatFacts(_ request: TurnRequest, _ voice: Voice, _ workspace: Workspace) async throws -> JSONValue {
        var fields: JSONObject = [
            "id": .string(request.facts.chat ?? "none"), "door": .string(request.door),
            "user": request.caller.facts, "persona": .string(voice.persona.id), "workspace": .object(workspace.facts),
            "turns": .integer(Int64(request.history.count { $0.role == "user" })),
            "modes": .array(modes().map { .string($0) }), "meta": .object(request.facts.meta),
        ]
        fields["repo"] = request.repo.map { .string($0.repo) }
        fields["branch"] = request.repo?.branch.map { .string($0) }
        fields["previous"] = try await previousPlace(request).map { .object($0) }
        return .object(fields)
    }

    /// Only a client with ids of chats can be told where the last turn of one ran.
    private func previousPlace(_ request: TurnRequest) async throws -> JSONObject? {
        guard let chat = request.facts.chat, !request.history.isEmpty else { return nil }
        let user = request.caller.user
        if let known = places[RecentChats.Key(user: user, chat: chat)] { return known }
        return try await runs.place(ofNewestIn: chat, of: user)
    }

    /// Nothing of a removed user is remembered.
    func forget(user: String) { places.remove { key, _ in key.user == user } }

    /// The next turn of the chat need not ask the store.
    func note(_ place: Decision, _ engine: String, of run: RunRecord) {
        guard let chat = run.order.chat else { return }
        var fields: JSONObject = [:]
        if case .object(let decided)? = place.value { fields = decided }
        fields["engine"] = .string(engine)
        places[RecentChats.Key(user: run.order.user, chat: chat)] = fields
    }
}
