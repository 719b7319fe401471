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
                answers: [200: "the models", 401: "no good key"], schema: .ref("Models"), action: .task(guarded(models))
            ),
            Endpoint(
                method: .get, path: "/v1/models/{id...}", summary: "One model.",
                answers: [200: "the model", 404: "there is none of that name"], schema: .ref("Model"),
                action: .task(guarded(model))),
            Endpoint(
                method: .post, path: "/v1/chat/completions", summary: "A turn of a chat, streamed or at once.",
                answers: [
                    200: "the answer", 400: "the body is not understood", 401: "no good key",
                    409: "nothing to answer there", 429: "too much waits already",
                ], body: .required(.ref("ChatRequest")), schema: .value(["type": "object"]),
                action: .task(guarded(complete))),
            Endpoint(
                method: .post, path: "/v1/responses",
                summary: "The same over OpenAI's newer API; `previous_response_id` goes on from an answer.",
                answers: [
                    200: "the response", 400: "the body is not understood", 401: "no good key",
                    404: "there is no response of that id", 409: "nothing to answer there",
                    429: "too much waits already",
                ], body: .required(.ref("ResponseRequest")), schema: .value(["type": "object"]),
                action: .task(guarded(respond))),
            Endpoint(
                method: .post, path: "/v1/embeddings",
                summary: "Passed on to the provider that PERIGEE_EMBEDDING_MODEL names.",
                answers: [200: "the embeddings", 401: "no good key", 404: "no provider is set for them"],
                body: .required(.ref("EmbeddingRequest")), schema: .value(["type": "object"]),
                action: .task(guarded(embed))),
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
            hint: "GET /v1/models, POST /v1/chat/completions, /v1/responses and /v1/embeddings are")
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
        // Official clients send the slash of a model's name encoded.
        let id = (request.parameters["id"] ?? "").replacing("%2F", with: "/").replacing("%2f", with: "/")
        let plain = RepoWish.split(id).model
        let offered = use.generation.offeredPersonas
        guard let persona = offered.first(where: { OpenAIDoor.id(of: $0) == plain || $0.id == plain }) else {
            let near = NearestName.of(id, among: offered.map(OpenAIDoor.id(of:)))
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
    /// Embeddings of a request, as the provider gives them.
    let embed: @Loop (JSONObject) async throws -> JSONValue
    /// No agent is connected: answers come from the rehearsal.
    let rehearses: () -> Bool
    let log: Log

    /// Signs what the filter of Open WebUI sends.
    let filterSecret: Secret?

    /// Provider keys that headers bring, and all keys that the filter brings for this very user, are kept for the
    /// caller's workspace.
    func takeKeys(_ headers: Headers, _ filter: FilterData?, of caller: Caller) async throws {
        var given = try ProviderKeys.changes(in: headers)
        var own: [IntegrationKey: Secret?] = [:]
        if let filter, filter.isSigned, filter.user == caller.user {
            for (provider, key) in filter.keys where given[provider] == nil { given[provider] = .some(key) }
            own = filter.integrationKeys.mapValues { .some($0) }
        }
        guard !given.isEmpty || !own.isEmpty else { return }
        let workspace = try await workspaces.workspace(for: caller.user, source: caller.source)
        if !given.isEmpty { _ = try await workspaces.setKeys(given, of: workspace) }
        try await workspaces.setIntegrationKeys(own, of: workspace)
    }
}
