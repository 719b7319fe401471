import Runtime

/// The surface of an OpenAI-compatible provider, as Open WebUI and many others speak it.
@Loop
struct OpenAIDoor: Door {
    let name = "openai"
    let house: OpenAIHouse

    var endpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/v1/models", summary: "The personas that the caller may talk to, as models.",
                answers: [200: "the models", 401: "no good key"], action: .task(guarded(models))),
            Endpoint(
                method: .get, path: "/v1/models/{id...}", summary: "One model.",
                answers: [200: "the model", 404: "there is none of that name"], action: .task(guarded(model))),
            Endpoint(
                method: .post, path: "/v1/chat/completions", summary: "A turn of a chat, streamed or at once.",
                answers: [
                    200: "the answer", 400: "the body is not understood", 401: "no good key",
                    429: "too much waits already",
                ], action: .task(guarded(complete))),
        ]
            + OpenAIDoor.unserved.map { method in
                Endpoint(
                    method: method, path: "/v1/{path...}", summary: "Everything else says what is served.",
                    answers: [404: "not served here"], action: .task(guarded(nothing)))
            }
    }

    private nonisolated static let unserved: [Method] = [.get, .post, .put, .patch, .delete]

    /// Failures of this door are OpenAI's error objects.
    private func guarded(_ handler: @escaping @Loop (Request) async throws -> Response) -> Handler {
        { request in
            do {
                return try await handler(request)
            } catch let bad as BadBody {
                return bad.answer.response()
            } catch let failure as RunFailure {
                return OpenAIError(failure).response()
            } catch {
                let fault = Fault(error)
                if fault.kind == .cancelled || fault.kind == .internal { throw error }
                return OpenAIError(fault).response()
            }
        }
    }

    private func nothing(_ request: Request) async throws -> Response {
        throw Fault(
            .notFound, "\(request.method.rawValue) \(request.path) is not served here",
            hint: "GET /v1/models and POST /v1/chat/completions are")
    }

    // MARK: models

    private func models(_ request: Request) async throws -> Response {
        let use = GenerationUse(house.scripts.live)
        _ = try await house.gate.caller(request, door: name, generation: use.generation)
        var answer = JSONWriter()
        try answer.object { list in
            list.member("object", "list")
            list.key("data")
            list.beginArray()
            for persona in use.generation.offeredPersonas { try list.object { try put(persona, use, &$0) } }
            list.endArray()
        }
        return .json(answer.finish())
    }

    private func model(_ request: Request) async throws -> Response {
        let use = GenerationUse(house.scripts.live)
        _ = try await house.gate.caller(request, door: name, generation: use.generation)
        let id = request.parameters["id"] ?? ""
        guard let persona = use.generation.offeredPersonas.first(where: { OpenAIDoor.id(of: $0) == id || $0.id == id })
        else {
            let near = NearestName.of(id, among: use.generation.offeredPersonas.map(OpenAIDoor.id(of:)))
            throw Fault(
                .notFound, "there is no model \"\(id)\"",
                hint: near.map { "did you mean \"\($0)\"?" } ?? "GET /v1/models lists them")
        }
        var answer = JSONWriter()
        try answer.object { try put(persona, use, &$0) }
        return .json(answer.finish())
    }

    nonisolated static func id(of persona: ScriptPersona) -> String { "open-persona/\(persona.id)" }

    private func put(_ persona: ScriptPersona, _ use: GenerationUse, _ model: inout JSONWriter) throws {
        model.member("id", OpenAIDoor.id(of: persona))
        model.member("object", "model")
        model.member("created", Int(use.generation.began))
        model.member("owned_by", "open-persona")
        model.member("name", persona.name)
        let note = house.rehearses() ? " (rehearsal: no agent is connected)" : ""
        model.member("description", persona.description + note)
        try model.object("info") { info in
            try info.object("meta") { meta in
                meta.member("description", persona.description + note)
                if let image = persona.image { meta.member("profile_image_url", image) }
                var capabilities: JSONObject = ["usage": true, "vision": true, "builtin_tools": true]
                for capability in persona.capabilities { capabilities[capability.key] = capability.value }
                try meta.member("capabilities", .object(capabilities))
                if !persona.suggestions.isEmpty {
                    let prompts = persona.suggestions.map { text -> JSONValue in ["content": .string(text)] }
                    try meta.member("suggestion_prompts", .array(prompts))
                }
            }
        }
    }

    // MARK: chats

    private func complete(_ request: Request) async throws -> Response {
        try house.gate.present(request)
        let body = try ChatBody(try await request.body.collect())
        let use = GenerationUse(house.scripts.live)
        let caller = try await house.gate.caller(
            request, door: name, bodyUser: body.user, generation: use.generation)
        let facts = ClientFacts(request.headers, model: body.model, extra: body.extra)
        try await house.takeKeys(request.headers, of: caller)
        var turn = TurnRequest(
            door: name, caller: caller, model: body.model, facts: facts, messages: body.messages)
        turn.isStreamed = body.isStreamed
        turn.tools = body.tools
        turn.extra = body.extra
        turn.headers = house.gate.visible(request.headers)
        turn.schema = body.schema
        turn.reasoningEffort = body.reasoningEffort
        turn.temperature = body.temperature
        turn.maxTokens = body.maxTokens
        let client = ChatReply.Client(
            isNative: facts.client == "openwebui" && body.isStreamed,
            hasCards: body.isStreamed && body.tools.contains(AskCard.tool),
            wantsUsage: body.wantsUsage || facts.client == "openwebui", namesChats: facts.chat != nil)
        switch try await house.intake.take(turn, use.generation) {
        case .side(let answer): return try ChatAnswers.side(answer, model: body.model, isStreamed: body.isStreamed)
        case .run(let run):
            return try await answer(run, after: 0, nil, use, client, body)
        case .goesOn(let run, let after, let complaint):
            return try await answer(run, after: after, complaint, use, client, body)
        }
    }

    private func answer(
        _ run: RunRecord, after: Int64, _ complaint: String?, _ use: GenerationUse, _ client: ChatReply.Client,
        _ body: ChatBody
    ) async throws -> Response {
        let follower = try await house.runs.follow(run.id, after: after)
        let reply = ChatReply(run, house.runs, use, client, model: body.model)
        let answers = ChatAnswers(reply, follower, run, house, complaint: complaint, client)
        let headers: Headers = ["X-Perigee-Run": run.id]
        return body.isStreamed ? answers.stream(headers) : try await answers.whole(headers)
    }
}

/// What the door needs of the house.
@Loop
struct OpenAIHouse {
    let scripts: Scripts
    let gate: Gate
    let intake: TurnIntake
    let runs: Runs
    let chats: Chats
    let workspaces: Workspaces
    /// No agent is connected: answers come from the rehearsal.
    let rehearses: () -> Bool
    let log: Log

    /// Provider keys that the request's headers bring are kept for the caller's workspace.
    func takeKeys(_ headers: Headers, of caller: Caller) async throws {
        let given = try ProviderKeys.changes(in: headers)
        guard !given.isEmpty else { return }
        let workspace = try await workspaces.workspace(for: caller.user, source: caller.source)
        _ = try await workspaces.setKeys(given, of: workspace)
    }
}
