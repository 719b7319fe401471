import Runtime

/// Prompts, commands, the user's own shell, and compaction on demand.
extension Life {
    func addPrompts(to routes: FakeRoutes) {
        routes.on(.post, "/session/{id}/message") { call in
            let (session, instance) = try call.place
            let body = try call.life.checked(try call.body())
            let message = try call.life.accept(body, session, instance)
            if body["noReply"]?.bool == true { return .value(session.messages[session.place(of: message)!].json) }
            return try await call.life.answer(session, instance)
        }
        routes.on(.post, "/session/{id}/prompt_async") { call in
            let (session, instance) = try call.place
            let body = try call.life.checked(try call.body())
            do {
                _ = try call.life.accept(body, session, instance)
                if body["noReply"]?.bool != true { call.life.start(session, instance) }
            } catch let problem as PromptProblem {
                // Said once more, with a trace of the original's insides.
                let text = "\(problem.name): \(problem.message)\n    at SessionPrompt.run"
                call.life.emitError(session.id, Life.unknown(text), session.directory)
            }
            return Response(204)
        }
        routes.on(.post, "/session/{id}/command") { call in
            let (session, instance) = try call.place
            let body = try call.body()
            let name = body.text("command") ?? ""
            guard let template = call.life.commands(instance)[name]?.string else {
                let names = call.life.commands(instance).map(\.key).joined(separator: ", ")
                let text = "Command not found: \"\(name)\". Available commands: \(names)"
                call.life.emitError(session.id, Life.unknown(text), session.directory)
                throw Refusal.defect
            }
            let text = "\(template) \(body.text("arguments") ?? "")"
            var prompt = object(["parts": [["type": "text", "text": .string(text)]], "agent": body["agent"]])
            let model = body.text("model")?.split(separator: "/", maxSplits: 1).map(String.init) ?? []
            if model.count == 2 { prompt["model"] = ["providerID": .string(model[0]), "modelID": .string(model[1])] }
            let message = try call.life.accept(prompt, session, instance)
            let answer = try await call.life.answer(session, instance)
            let executed = object([
                "name": .string(name), "sessionID": .string(session.id), "arguments": body["arguments"] ?? "",
                "messageID": .string(message),
            ])
            call.life.emit("command.executed", executed, session.directory)
            return answer
        }
        routes.on(.post, "/session/{id}/summarize") { call in
            let (session, instance) = try call.place
            let body = try call.body()
            for key in ["providerID", "modelID"] where body.text(key) == nil {
                throw Refusal.schema("Missing key\n  at [\"\(key)\"]")
            }
            call.life.requestCompaction(session, object(["type": "compaction", "auto": body["auto"] ?? false]))
            _ = try await call.life.answer(session, instance)
            return .value(true)
        }
        routes.on(.post, "/session/{id}/shell") { call in
            let (session, instance) = try call.place
            try call.requireIdle(session)
            let body = try call.body()
            guard let command = body.text("command") else { throw Refusal.schema("Missing key\n  at [\"command\"]") }
            return .value(try await call.life.shell(command, session, instance))
        }
    }

    // MARK: taking a prompt

    /// What a prompt's body must be.
    private func checked(_ body: JSONObject) throws(Refusal) -> JSONObject {
        guard let parts = body["parts"]?.elements else { throw .schema("Missing key\n  at [\"parts\"]") }
        for (place, part) in parts.enumerated()
        where !["text", "file", "agent", "subtask"].contains(part["type"]?.string) {
            let kinds = ["text", "file", "agent", "subtask"].map { "{ readonly \"type\": \"\($0)\", ... }" }
            throw .schema("Expected \(kinds.joined(separator: " | ")), got \(part.json)\n  at [\"parts\"][\(place)]")
        }
        if let message = body.text("messageID"), !message.hasPrefix("msg") {
            throw .schema("Expected a string starting with \"msg\", got \"\(message)\"\n  at [\"messageID\"]")
        }
        return body
    }

    /// Stores the user's message, whether the session works or not, and returns its id.
    func accept(_ body: JSONObject, _ session: Session, _ instance: Instance) throws -> String {
        // A task of a killed process may have a last turn of the loop; it takes nothing any more.
        if isOver { throw Fault.cancelled }
        let agent = body.text("agent") ?? session.info.text("agent") ?? instance.config.text("default_agent") ?? "build"
        guard instance.agents.contains(agent) else {
            let names = instance.agents.joined(separator: ", ")
            return try refuse("Error", "Agent not found: \"\(agent)\". Available agents: \(names)", session)
        }
        let (provider, model) = Life.model(body["model"], session, instance)
        settleRevert(session)
        if session.info.text("agent") != agent || session.model?.provider != provider || session.model?.id != model {
            session.info["agent"] = .string(agent)
            session.info["model"] = ["id": .string(model), "providerID": .string(provider), "variant": "default"]
            session.touch()
            emitSession("updated", session)
        }
        let message = body.text("messageID") ?? id("msg")
        let info = object([
            "id": .string(message), "role": "user", "sessionID": .string(session.id), "time": ["created": Clock.now],
            "agent": .string(agent), "model": ["providerID": .string(provider), "modelID": .string(model)],
            "system": body["system"], "tools": body["tools"], "format": body["format"],
        ])
        save(info, session)
        for part in body["parts"]?.elements ?? [] {
            var stored = part.members ?? JSONObject()
            stored["id"] = stored["id"] ?? .string(id("prt"))
            stored["messageID"] = .string(message)
            stored["sessionID"] = .string(session.id)
            save(part: stored, session)
        }
        session.touch()
        emitSession("updated", session)
        let text = session.messages[session.place(of: message)!].ownText
        fake.prompts.append(
            FakePrompt(
                session: session.id, directory: session.directory, messageID: message, text: text, agent: agent,
                model: "\(provider)/\(model)", system: body.text("system"), body: .object(body)))
        guard instance.models.contains("\(provider)/\(model)") else {
            let isIdle = runs[session.id] == nil
            if isIdle { setStatus(session.id, ["type": "busy"], session.directory) }
            defer { if isIdle { setStatus(session.id, nil, session.directory) } }
            return try refuse("ProviderModelNotFoundError", "Model not found: \(provider)/\(model).", session)
        }
        return message
    }

    private static func model(_ asked: JSONValue?, _ session: Session, _ instance: Instance) -> (String, String) {
        if let provider = asked?["providerID"]?.string, let model = asked?["modelID"]?.string {
            return (provider, model)
        }
        if let model = session.model { return model }
        let parts = (instance.config.text("model") ?? "fake/m1").split(separator: "/", maxSplits: 1).map(String.init)
        return (parts[0], parts.count > 1 ? parts[1] : "")
    }

    private func refuse(_ name: String, _ message: String, _ session: Session) throws -> String {
        emitError(session.id, Life.unknown(message), session.directory)
        throw PromptProblem(name: name, message: message)
    }

    static func unknown(_ message: String) -> JSONValue {
        ["name": "UnknownError", "data": ["message": .string(message)]]
    }

    func commands(_ instance: Instance) -> JSONObject {
        var commands = object(["init": "guided AGENTS.md setup", "review": "review changes"])
        for member in instance.config["command"]?.members ?? JSONObject() {
            commands[member.key] = member.value["template"] ?? ""
        }
        return commands
    }

    // MARK: turns

    @discardableResult
    func start(_ session: Session, _ instance: Instance) -> Run {
        if let run = runs[session.id] { return run }
        let run = Run(self, session, instance)
        runs[session.id] = run
        run.task = scope.spawn("turn of \(session.id)") { await run.go() }
        return run
    }

    /// The last message of the turn, in pieces as the original sends it.
    private func answer(_ session: Session, _ instance: Instance) async throws -> Response {
        let answer = try await start(session, instance).answer()
        return .stream(mediaType: "application/json") { try await $0.write(answer.json) }
    }
}

/// Why no turn came of a prompt; the client sees a defect, the stream the reason.
struct PromptProblem: Error {
    let name: String
    let message: String
}
