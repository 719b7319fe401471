import Runtime

/// A turn's way in: side call or not, as whom, where, and then durably accepted.
@Loop
final class TurnIntake {
    enum Outcome {
        /// Answered here, without the agent.
        case side(SideAnswer)
        case run(RunRecord)
        /// It answered what a run asks; the run goes on behind that event. `complaint` says why it did not answer.
        case goesOn(RunRecord, after: Int64, complaint: String?)
    }

    let runs: Runs
    private let workspaces: Workspaces
    private let agents: AgentRegistry
    private let sides: SideCalls
    private let book: UsageBook
    let chats: Chats
    let modes: @Loop () -> [String]
    /// Where the newest runs of chats are carried out.
    var places = Recent<RecentChats.Key, JSONObject>(most: 1024)
    /// Told when a workspace's agent configuration has changed.
    let onConfigured: (_ directory: String) -> Void

    init(
        _ runs: Runs, _ workspaces: Workspaces, _ agents: AgentRegistry, _ sides: SideCalls, _ chats: Chats,
        _ book: UsageBook, modes: @escaping @Loop () -> [String],
        onConfigured: @escaping (_ directory: String) -> Void
    ) {
        self.runs = runs
        self.workspaces = workspaces
        self.agents = agents
        self.sides = sides
        self.book = book
        self.chats = chats
        self.onConfigured = onConfigured
        self.modes = modes
    }

    func take(_ request: TurnRequest, _ generation: Generation) async throws -> Outcome {
        let facts = try generation.kept(request.hookFacts)
        let kind = try await generation.decide("classify", kept: facts)
        if kind["kind"]?.string == "background" { return .side(await answer(request, kind)) }
        if let reply = try await reply(in: request) { return reply }

        return .run(try await accept(request, facts, generation, [request.caller.decision, kind], TurnShape()))
    }

    /// A prompt that nobody types: of a script, for a user, with nobody to answer unless it says so.
    func start(_ order: ScriptRunOrder, _ generation: Generation) async throws -> RunRecord {
        guard !order.user.isEmpty, !order.prompt.isEmpty else {
            throw Fault(.invalidInput, "a run needs a user and a prompt")
        }
        let personas = generation.offeredPersonas.map(\.id)
        guard personas.contains(order.persona) else {
            let near = NearestName.of(order.persona, among: personas).map { "did you mean \"\($0)\"?" }
            throw Fault(
                .notFound, "there is no persona \"\(order.persona)\"",
                hint: near ?? "there are \(personas.sorted().joined(separator: ", "))")
        }
        return try await submit(
            TurnRequest(order, generation), generation,
            TurnShape(isAttended: order.isAttended, title: order.title))
    }

    /// What is no message of a chat, in the shape that its door gives it.
    func submit(_ request: TurnRequest, _ generation: Generation, _ shape: TurnShape) async throws -> RunRecord {
        try await accept(request, generation.kept(request.hookFacts), generation, [request.caller.decision], shape)
    }

    private func accept(
        _ request: TurnRequest, _ facts: KeptFacts, _ generation: Generation, _ decisions: [Decision],
        _ shape: TurnShape
    ) async throws -> RunRecord {
        try request.repo?.check()
        let voice = try await voice(request, facts, generation)
        var workspace = try await workspaces.workspace(for: request.caller.user, source: request.caller.source)
        let place = try await generation.decide("place", facts: await chatFacts(request, voice, workspace))
        let engine = place["engine"]?.string ?? "opencode"
        workspace = try await shape.placed(engine, workspace)
        let quota = try await allowance(request, voice, engine, generation)
        if engine == "opencode" {
            if try await agents.prepare(workspace, voice.agent, generation) { onConfigured(workspace.directory) }
            try await agents.used(
                voice.agent, in: workspace, modelID: request.facts.modelID ?? request.model, system: voice.system)
        }
        var order = order(request, voice, workspace, engine, place, decisions)
        if engine == "opencode", let (wanted, directory) = try worktree(request, workspace, place) {
            order.input.worktree = wanted
            order.input.directory = directory
        }
        if let quota { order.decisions.append(quota) }
        order.isAttended = shape.isAttended
        order.title = shape.title ?? order.title
        let notices = try shape.finish(&order)
        let run = try await runs.accept(order, notices: notices, beside: shape.beside)
        chats.accepted(run)
        note(place, engine, of: run)
        return run
    }

    // MARK: side calls

    private func answer(_ request: TurnRequest, _ decision: Decision) async -> SideAnswer {
        await sides.answer(
            task: decision["task"]?.string ?? "other", by: decision["by"]?.string,
            messages: request.messages.map { (role: $0.role.rawValue, text: $0.text) },
            model: decision["model"]?.string,
            answer: decision["answer"]?.string)
    }

    // MARK: what the client never got

    private static let forewordLimit = 16 << 10

    /// The answer before, where its end came when nobody listened any more, as after a kill in the middle of it. To be
    /// asked when the run's own turn has come: only then has the one before it ended.
    func unheard(before order: RunOrder) async throws -> String? {
        guard let lineage = order.input.lineage, let id = try await chats.unheard(before: lineage, of: order.user),
            let run = try await runs.run(id), run.state == .succeeded
        else { return nil }
        let answer = try await runs.answer(of: id)
        // What the client has of it is the last thing that was said.
        let kept = order.input.history.last.flatMap { $0.role == "assistant" ? $0.text : nil } ?? ""
        guard answer.hasPrefix(kept), answer.utf8.count > kept.utf8.count else { return nil }
        let rest = String(answer.dropFirst(kept.count)).end(TurnIntake.forewordLimit)
        return "_The answer before was interrupted, and ended without you. The rest of it:_\n\n\(rest)\n\n---"
    }

    // MARK: as whom

    struct Voice {
        let persona: ScriptPersona
        let agent: PersonaAgent
        let system: String
        let model: String?
        let keepsSession: Bool
        let decision: Decision
    }

    private func voice(_ request: TurnRequest, _ facts: KeptFacts, _ generation: Generation) async throws -> Voice {
        let personas = generation.offeredPersonas
        let decision = try await generation.decide("persona", kept: facts, generation.personaFacts())
        if let refusal = decision["refuse"]?.string { throw Fault(.denied, refusal) }
        guard let id = decision["persona"]?.string, let persona = personas.first(where: { $0.id == id }) else {
            let name = decision["persona"]?.string ?? request.model
            let near = NearestName.of(name, among: personas.map(\.id))
            throw Fault(
                .notFound, "there is no persona \"\(name)\"",
                hint: near.map { "did you mean \"\($0)\"?" } ?? "GET /v1/models lists them")
        }
        let core = try await generation.prompt(of: persona, settings: decision["settings"]?.object ?? [:])
        let user = decision["prompt"]?.string ?? PersonaPrompt.userPart(request.messages)
        let asked = decision["integrations"]?.object ?? [:]
        // Off unless three agree: the persona may use it, the request switches it on, and a script offers it.
        let integrations = persona.integrations.filter {
            asked[$0]?.bool ?? false && generation.integration(named: $0) != nil
        }
        let isPlan = decision["agent"]?.string == "plan" && persona.agent != "plan"
        let memory = persona.memoryIsSettable ? decision["memory"]?.bool : nil
        return Voice(
            persona: persona,
            agent: PersonaAgent(persona: persona.id, integrations: integrations, isPlan: isPlan),
            system: PersonaPrompt.whole(core: core, heading: persona.heading, user: user),
            model: decision["model"]?.string ?? persona.model, keepsSession: memory ?? persona.keepsSession,
            decision: decision)
    }

    // MARK: whether at all

    /// Asked only where a script has the hook, because the facts have to be read.
    private func allowance(
        _ request: TurnRequest, _ voice: Voice, _ engine: String, _ generation: Generation
    ) async throws -> Decision? {
        guard generation.has("quota") else { return nil }
        let user = request.caller.user
        let standing = try await book.standing(of: user)
        var facts: JSONObject = [
            "user": request.caller.facts, "door": .string(request.door), "persona": .string(voice.persona.id),
            "engine": .string(engine), "unfinished": .integer(Int64(runs.unfinishedCount(of: user))),
            "today": .object(standing.today.shown), "month": .object(standing.month.shown),
        ]
        facts["model"] = voice.model.map { .string($0) }
        facts["key"] = request.caller.key?.facts
        let decision = try await generation.decide("quota", facts: .object(facts))
        if let why = decision["refuse"]?.string { throw Fault(.overBudget, why, hint: decision["hint"]?.string) }
        return decision
    }

    // MARK: what is ordered

    private func order(
        _ request: TurnRequest, _ voice: Voice, _ workspace: Workspace, _ engine: String, _ place: Decision,
        _ decisions: [Decision]
    ) -> RunOrder {
        let facts = request.facts
        let text = request.newParts.compactMap(\.text).joined(separator: "\n")
        var input = RunInput(parts: request.newParts, directory: place["directory"]?.string ?? workspace.directory)
        input.agent = voice.agent.name
        input.model = voice.model
        input.system = voice.system.isEmpty ? nil : voice.system
        input.context = request.newText.context
        input.attached = request.newText.files
        input.history = request.history
        input.schema = request.wishes.schema
        input.isolation = place["isolation"]?.string
        input.reasoningEffort = request.wishes.reasoningEffort
        input.temperature = request.wishes.temperature
        input.maxTokens = request.wishes.maxTokens
        input.lineage = Lineage(
            chat: facts.chat ?? "", voice: request.voice, message: facts.message,
            userMessage: facts.userMessage, parent: facts.parent, keepsSession: voice.keepsSession)
        return RunOrder(
            door: request.door, engine: engine, user: request.caller.user, workspace: workspace.id,
            key: request.caller.key?.id, persona: voice.persona.id, chat: facts.chat,
            // Turns of one chat wait for each other; two models that answer at once do not.
            lane: facts.isChannel
                ? nil : facts.chat.map { "chat/\(request.caller.user)/\($0)/\(input.lineage!.voice)" },
            model: request.model,
            title: TurnIntake.title(text), prompt: text.beginning(16 << 10), input: input, meta: facts.meta,
            decisions: decisions + [voice.decision, place])
    }

    /// The first line, cut.
    private static func title(_ text: String) -> String {
        let line = text.split(separator: "\n").first.map(String.init) ?? ""
        return line.prefix(81).count <= 80 ? line : line.prefix(79) + "…"
    }
}
