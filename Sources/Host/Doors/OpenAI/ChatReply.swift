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

    /// What is sent of one event, and whether that was the last.
    struct Told {
        var frames: [StreamFrame]
        var ending: Ending?

        init(_ frames: [StreamFrame]) { self.frames = frames }
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
    /// What the agent was refused, until it says something again.
    private var refusal: String?
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

    /// Follows the run until it has ended or waits for the user, for a client that gets all of it at once.
    func tell(_ follower: RunFollower) async throws -> Ending {
        while let item = try await follower.next() {
            if let ending = try await tell(item).ending { return ending }
        }
        return unended
    }

    /// What is sent of one item, and the ending if that was the last. Nothing is told beside it meanwhile.
    func tell(_ item: RunFollower.Item) async throws -> Told {
        if let told = tellNow(item) { return told }
        guard case .event(let event) = item else { preconditionFailure("a gap is told at once") }
        var told = Told(opening(event))
        switch event.body {
        case .tool(let tool):
            let until = known.contains(tool.id) ? held?.until : Instant.clock + ChatReply.hold
            let rendering = try await rendering(of: tool)
            held = nil
            if let until, until > Instant.clock, tool.status == .running, rendering.show == .native {
                held = (tool, rendering, until)
            } else {
                told.frames += narrator.tool(tool, rendering)
            }
        case .state(let state, let reason):
            let words = foreword
            foreword = nil
            if !state.isEnded, let text = try await words?() { told.frames += narrator.block(text) }
            close(state, reason, &told)
        default: preconditionFailure("\(event.body.kind) is told at once")
        }
        return told
    }

    /// The same for what needs nobody else's word, which is nearly everything; nil for the rest, of which nothing has
    /// been told then.
    func tellNow(_ item: RunFollower.Item) -> Told? {
        guard case .event(let event) = item else {
            guard case .missing(let from, let to) = item else { return nil }
            return Told(
                narrator.notice("\(to - from + 1) events of this run are not kept any more.", isPassing: false))
        }
        switch event.body {
        case .tool: return nil
        case .state(let state, _) where foreword != nil && state != .queued: return nil
        default: break
        }
        var told = Told(opening(event))
        switch event.body {
        case .text(let text, let part):
            refusal = nil
            told.frames += narrator.text(text, part: part)
        case .reasoning(let text, let part):
            reasoning += text
            told.frames += narrator.reasoning(text, part: part)
        case .usage(let usage): self.usage = usage
        case .notice(let text, let isPassing): told.frames += narrator.notice(text, isPassing: isPassing)
        case .cut(let text):
            isCut = true
            told.frames += narrator.notice(text, isPassing: false)
        case .error(let failure): self.failure = failure
        case .ask(let ask): if isOpen(ask) { put(ask, event.number, &told) }
        case .state(let state, let reason): close(state, reason, &told)
        case .answer(let answer): refusal = answer.refusal
        case .todo, .artifact, .place, .tool: break
        }
        return told
    }

    /// What every event begins with.
    private func opening(_ event: RunEvent) -> [StreamFrame] {
        let frames = event.body.isProgress ? narrator.goesOn() : []
        return event.body.concerns(held?.tool) ? frames : frames + release()
    }

    /// Until when something is held back that is shown when nothing else comes.
    var heldUntil: Instant? { held?.until }

    func release() -> [StreamFrame] {
        guard let (tool, rendering, _) = held else { return [] }
        held = nil
        return narrator.tool(tool, rendering)
    }

    /// A run whose events came to an end without saying how it ended.
    var unended: Ending {
        .failed(OpenAIError(Fault(.internal, "run \(run.id) ended without saying how")))
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

    private func put(_ ask: Ask, _ number: Int64, _ told: inout Told) {
        // It waits and has not begun: it stands where it goes on.
        held = nil
        told.frames += narrator.closeItems("This waits for your answer.")
        if client.hasCards {
            if let cutOff = AskCard.cutOff(ask) { told.frames += narrator.block(cutOff) }
            told.frames += narrator.ask(
                call: AskCard.callID(run: run.id, event: number), name: AskCard.tool,
                arguments: AskCard.arguments(ask))
        } else {
            told.frames += narrator.block(AskCard.line(ask, run: run.id, namesRun: !client.namesTurns))
        }
        told.ending = .finished(client.hasCards ? .toolCalls : .stop)
    }

    // MARK: the end

    private func close(_ state: RunState, _ reason: String, _ told: inout Told) {
        guard state.isEnded else { return }
        told.frames += narrator.closeItems()
        switch state {
        case .succeeded:
            // The agent stops at a refusal without a word, as if all was done.
            if let refusal {
                told.frames += narrator.block("_\(refusal), so the agent stopped here. Say how it should go on._")
            }
            told.ending = .finished(isCut ? .length : .stop)
        case .cancelled:
            // An answer without a word would look as if there was nothing to say.
            if content.isEmpty { told.frames += narrator.block("_Stopped: \(reason)._") }
            told.ending = .finished(.stop)
        case .interrupted:
            let failure = failure ?? RunFailure(.agentGone, "the run was interrupted: \(reason)")
            told.ending = .failed(OpenAIError(failure))
        default:
            let failure = failure ?? RunFailure(.other, reason)
            switch failure.kind {
            case .outputLimit: told.ending = .finished(.length)
            case .contentFiltered where !content.isEmpty: told.ending = .finished(.contentFilter)
            default: told.ending = .failed(OpenAIError(failure))
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
        case .ask(let ask): ask.kind != .recovery && (ask.tool == nil || ask.tool == held?.name)
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

extension AskAnswer {
    /// What became of the ask, when the agent did not get what it asked for.
    fileprivate var refusal: String? {
        switch verdict {
        case .reject: "That was not allowed"
        case .dismissed: "The question was left open"
        case .expired: "Nobody answered in time"
        case .once, .always, .answered, .withdrawn: nil
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
