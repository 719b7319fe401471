import Runtime

/// Tells one run to one client of the chat API, from an event on: as a stream of chunks, or all at once.
@Loop
final class ChatReply {
    struct Client {
        /// It has forms of its own for tools, thoughts and questions.
        let isNative: Bool
        /// Its user can be asked by a card.
        let hasCards: Bool
        /// It says where its messages stand in the chat, so that a reply in words finds its question again.
        let namesTurns: Bool
    }

    /// How a telling came to its end.
    enum Ending: Equatable {
        case finished(ChatChunks.Finish)
        case failed(OpenAIError)
    }

    private let run: RunRecord
    private let runs: Runs
    private let generation: GenerationUse
    private let client: Client
    private var narrator: any Narrator
    private(set) var reasoning = ""
    private(set) var usage: Usage?
    private var failure: RunFailure?
    private var isCut = false
    /// Parts that this answer has shown, by tool or agent.
    private var seen: [String: Int] = [:]
    private var known: Set<String> = []
    /// What stands before the answer, to be asked when the run's turn has come.
    var foreword: (@Loop () async throws -> String?)?
    /// A tool that has just begun. It may have to wait for leave, and is shown when it does not.
    private var held: (tool: ToolUse, rendering: Rendering, until: Instant)?
    private static let hold = Duration.milliseconds(400)

    init(_ run: RunRecord, _ runs: Runs, _ generation: GenerationUse, _ client: Client, _ narrator: any Narrator) {
        self.run = run
        self.runs = runs
        self.generation = generation
        self.client = client
        self.narrator = narrator
    }

    var content: String { narrator.content }

    /// Hands over chunks until the run has ended or waits for the user. Throws when `send` does, or the follower.
    func tell(_ follower: RunFollower, _ send: ([StreamFrame]) async throws -> Void) async throws -> Ending {
        while let item = try await next(follower, send) {
            switch item {
            case .missing(let from, let to):
                let text = "\(to - from + 1) events of this run are not kept any more."
                try await send(narrator.notice(text, isPassing: false))
            case .event(let event):
                if let ending = try await tell(event, send) { return ending }
            }
        }
        return .failed(OpenAIError(Fault(.internal, "run \(run.id) ended without saying how")))
    }

    /// What is held back is shown after a moment in which nothing happens.
    private func next(
        _ follower: RunFollower, _ send: ([StreamFrame]) async throws -> Void
    ) async throws -> RunFollower.Item? {
        guard let held else { return try await follower.next() }
        do {
            return try await Deadline.by(held.until) { try await follower.next() }
        } catch let fault as Fault where fault.kind == .timeout {
            try await send(release())
            return try await follower.next()
        }
    }

    private func release() -> [StreamFrame] {
        guard let (tool, rendering, _) = held else { return [] }
        held = nil
        return narrator.tool(tool, rendering)
    }

    private func tell(_ event: RunEvent, _ send: ([StreamFrame]) async throws -> Void) async throws -> Ending? {
        if event.body.isProgress { try await send(narrator.goesOn()) }
        if !event.body.concerns(held?.tool) { try await send(release()) }
        switch event.body {
        case .text(let text, let part): try await send(narrator.text(text, part: part))
        case .reasoning(let text, let part):
            reasoning += text
            try await send(narrator.reasoning(text, part: part))
        case .tool(let tool):
            let until = known.contains(tool.id) ? held?.until : Instant.clock + ChatReply.hold
            let rendering = try await rendering(of: tool)
            held = nil
            if let until, until > Instant.clock, tool.status == .running, rendering.show == .native {
                held = (tool, rendering, until)
            } else {
                try await send(narrator.tool(tool, rendering))
            }
        case .usage(let usage): self.usage = usage
        case .notice(let text, let isPassing): try await send(narrator.notice(text, isPassing: isPassing))
        case .cut(let text):
            isCut = true
            try await send(narrator.notice(text, isPassing: false))
        case .error(let failure): self.failure = failure
        case .ask(let ask):
            guard isOpen(ask) else { return nil }
            return try await put(ask, event.number, send)
        case .state(let state, let reason):
            if let foreword, state != .queued {
                self.foreword = nil
                if !state.isEnded, let text = try await foreword() { try await send(narrator.block(text)) }
            }
            return try await end(state, reason, send)
        case .todo, .answer, .artifact, .place: break
        }
        return nil
    }

    func begin() -> [StreamFrame] { narrator.begin() }
    func block(_ text: String) -> [StreamFrame] { narrator.block(text) }
    func end(_ ending: Ending) throws -> [StreamFrame] { try narrator.end(ending, usage: usage) }

    /// All of it at once.
    func whole(_ finish: ChatChunks.Finish) throws -> [UInt8] {
        try narrator.whole(finish, reasoning: reasoning, usage: usage)
    }

    // MARK: asks

    /// One that was answered since it was asked, or elsewhere, is history.
    private func isOpen(_ ask: Ask) -> Bool {
        runs.asks(user: run.order.user).contains { $0.run.id == run.id && $0.ask.id == ask.id }
    }

    private func put(_ ask: Ask, _ number: Int64, _ send: ([StreamFrame]) async throws -> Void) async throws -> Ending {
        // It waits and has not begun: it stands where it goes on.
        held = nil
        guard client.hasCards else {
            let line = AskCard.line(ask, run: run.id, namesRun: !client.namesTurns)
            try await send(narrator.closeItems("This waits for your answer.") + narrator.block(line))
            return .finished(.stop)
        }
        let call = narrator.ask(
            call: AskCard.callID(run: run.id, event: number), name: AskCard.tool, arguments: AskCard.arguments(ask))
        try await send(narrator.closeItems("This waits for your answer.") + call)
        return .finished(.toolCalls)
    }

    // MARK: the end

    private func end(
        _ state: RunState, _ reason: String, _ send: ([StreamFrame]) async throws -> Void
    ) async throws -> Ending? {
        guard state.isEnded else { return nil }
        try await send(narrator.closeItems())
        switch state {
        case .succeeded: return .finished(isCut ? .length : .stop)
        case .cancelled:
            // An answer without a word would look as if there was nothing to say.
            if content.isEmpty { try await send(narrator.block("_Stopped: \(reason)._")) }
            return .finished(.stop)
        case .interrupted:
            let failure = failure ?? RunFailure(.agentGone, "the run was interrupted: \(reason)")
            return .failed(OpenAIError(failure))
        default:
            let failure = failure ?? RunFailure(.other, reason)
            switch failure.kind {
            case .outputLimit: return .finished(.length)
            case .contentFiltered where !content.isEmpty: return .finished(.contentFilter)
            default: return .failed(OpenAIError(failure))
            }
        }
    }

    // MARK: how a part is shown

    private func rendering(of tool: ToolUse) async throws -> Rendering {
        // Nothing is shown of one that has only been named.
        guard tool.status != .pending else { return Rendering(show: .nothing) }
        let subject = tool.agent ?? tool.name
        let before = seen[subject] ?? 0
        let facts = PartFacts.tool(tool, of: run, isNative: client.isNative, seen: before)
        let decision: Decision
        do {
            decision = try await generation.generation.decide("render", facts: facts)
        } catch {
            // A broken hook must not take the answer with it: what it would have shown is shown plainly.
            runs.log.error("the hook render failed", Fault(error), ["run": LogValue(run.id)])
            return Rendering(show: client.isNative ? .native : .details)
        }
        if known.insert(tool.id).inserted { seen[subject] = before + 1 }
        return Rendering(decision, isNative: client.isNative)
    }
}

extension RunEventBody {
    /// Whether it is what a tool that was just called came to: the same call, or the question whether it may begin.
    fileprivate func concerns(_ held: ToolUse?) -> Bool {
        switch self {
        case .tool(let tool): tool.id == held?.id
        case .ask(let ask): ask.kind == .permission && (ask.tool == nil || ask.tool == held?.name)
        default: false
        }
    }

    /// Whether the turn has got somewhere, so that nobody waits for what was told as passing.
    fileprivate var isProgress: Bool {
        switch self {
        case .text, .reasoning, .tool, .todo, .ask, .cut, .error: true
        case .state(let state, _): state.isEnded
        case .answer, .usage, .artifact, .notice, .place: false
        }
    }
}

/// What the hook `render` is told: `host.Part`.
enum PartFacts {
    static func tool(_ tool: ToolUse, of run: RunRecord, isNative: Bool, seen: Int) -> JSONValue {
        var part: JSONObject = [
            "kind": tool.agent == nil ? "tool" : "subtask", "status": .string(tool.status.rawValue),
            "door": .string(run.order.door), "native": .bool(isNative), "run": .string(run.id),
            "tool": .string(tool.name), "seen": .integer(Int64(seen)),
        ]
        if isNative { part["client"] = "openwebui" }
        if let persona = run.order.persona { part["persona"] = .string(persona) }
        if let title = tool.title { part["title"] = .string(title) }
        if case .object(let input) = tool.input { part["input"] = .object(input) }
        if !tool.output.isEmpty { part["output"] = .string(tool.output) }
        if let error = tool.error { part["error"] = .string(error) }
        if let agent = tool.agent { part["agent"] = .string(agent) }
        if let seconds = tool.seconds { part["seconds"] = .number(seconds) }
        return .object(part)
    }
}
