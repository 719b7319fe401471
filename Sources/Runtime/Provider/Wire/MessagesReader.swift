/// Reads the events of Anthropic's `messages`.
struct MessagesReader: EventReading {
    /// The tool by which an answer of a given form is asked for; its input is the answer.
    static let answerTool = "answer"

    private let provider: ModelProvider
    private let hasSchema: Bool
    private(set) var isOver = false
    private var finish: FinishReason?
    private var usage = ModelUsage()
    private var fresh = 0
    private var written = 0
    /// The blocks that are the answer in its asked-for form.
    private var answers: Set<Int> = []

    init(_ provider: ModelProvider, hasSchema: Bool) {
        self.provider = provider
        self.hasSchema = hasSchema
    }

    var isFinished: Bool { finish != nil }

    mutating func take(_ event: ServerEvent) throws -> [ModelEvent] {
        let view: JSONView
        do {
            view = try JSON.parse(event.data)
        } catch {
            throw ProviderFailure(
                .broken, "\(provider.name): an event of its answer is no JSON: \(Fault(error).message)",
                provider: provider.name)
        }
        // The data names the event too; some servers leave out the line.
        switch view["type"].string ?? event.name {
        case "message_start":
            take(usage: view["message"]["usage"])
            return usage.input > 0 ? [.usage(priced)] : []
        case "content_block_start": return begin(view["content_block"], index: view["index"].integer ?? 0)
        case "content_block_delta": return piece(view["delta"], index: view["index"].integer ?? 0)
        case "message_delta":
            take(usage: view["usage"])
            var events: [ModelEvent] = []
            if let reason = view["delta"]["stop_reason"].string, finish == nil { events.append(end(reason)) }
            events.append(.usage(priced))
            return events
        case "message_stop":
            isOver = true
            return finish == nil ? [end("end_turn")] : []
        case "error": throw ErrorReading(provider: provider).failure(view)
        default: return []
        }
    }

    mutating func take(whole view: JSONView) throws -> [ModelEvent] {
        if view["type"].equals("error") || view["error"].exists { throw ErrorReading(provider: provider).failure(view) }
        guard view["content"].kind == .array else {
            throw ProviderFailure(
                .broken, "\(provider.name): its answer has no content", provider: provider.name,
                hint: "does the base URL lead to an Anthropic API?")
        }
        var events: [ModelEvent] = []
        for (index, block) in view["content"].elements.enumerated() {
            if block["type"].equals("tool_use"), let input = block["input"].value {
                let arguments = String(decoding: try JSON.encode(input), as: UTF8.self)
                events += begin(block, index: index)
                events += call(arguments, index: index)
            } else {
                events += begin(block, index: index)
            }
        }
        take(usage: view["usage"])
        events.append(end(view["stop_reason"].string ?? "end_turn"))
        events.append(.usage(priced))
        isOver = true
        return events
    }

    /// A block can begin with some of its text.
    private mutating func begin(_ block: JSONView, index: Int) -> [ModelEvent] {
        switch block["type"].string {
        case "text": return text(block["text"])
        case "thinking": return reasoning(block["thinking"])
        case "tool_use":
            let name = block["name"].string
            if hasSchema, name == MessagesReader.answerTool {
                answers.insert(index)
                return []
            }
            return [.toolCall(ToolCallPiece(index: index, id: block["id"].string, name: name))]
        default: return []
        }
    }

    private func piece(_ delta: JSONView, index: Int) -> [ModelEvent] {
        switch delta["type"].string {
        case "text_delta": text(delta["text"])
        case "thinking_delta": reasoning(delta["thinking"])
        case "input_json_delta": call(delta["partial_json"].string ?? "", index: index)
        default: []
        }
    }

    private func call(_ arguments: String, index: Int) -> [ModelEvent] {
        if arguments.isEmpty { return [] }
        return answers.contains(index)
            ? [.text(arguments)] : [.toolCall(ToolCallPiece(index: index, arguments: arguments))]
    }

    private func text(_ view: JSONView) -> [ModelEvent] {
        view.string.map { $0.isEmpty ? [] : [.text($0)] } ?? []
    }

    private func reasoning(_ view: JSONView) -> [ModelEvent] {
        view.string.map { $0.isEmpty ? [] : [.reasoning($0)] } ?? []
    }

    private mutating func end(_ word: String) -> ModelEvent {
        let reason: FinishReason =
            switch word {
            case "end_turn", "stop_sequence", "pause_turn": .stop
            case "max_tokens", "model_context_window_exceeded": .length
            case "tool_use": answers.isEmpty ? .toolCalls : .stop
            case "refusal": .contentFilter
            default: .other
            }
        finish = reason
        return .finish(reason)
    }

    /// Counts are of the whole answer so far. What the cache had is told apart, and is input all the same.
    private mutating func take(usage view: JSONView) {
        if let tokens = view["input_tokens"].integer { fresh = tokens }
        if let tokens = view["output_tokens"].integer { usage.output = tokens }
        if let read = view["cache_read_input_tokens"].integer { usage.cached = read }
        if let written = view["cache_creation_input_tokens"].integer { self.written = written }
        usage.input = fresh + usage.cached + written
    }

    private var priced: ModelUsage {
        var usage = usage
        usage.cost = provider.cost(usage)
        return usage
    }
}
