/// Reads the chunks of `chat/completions`.
struct ChatReader: EventReading {
    private let provider: ModelProvider
    private(set) var isOver = false
    private var finish: FinishReason?

    init(_ provider: ModelProvider) { self.provider = provider }

    var isFinished: Bool { finish != nil || isOver }

    mutating func take(_ event: ServerEvent) throws -> [ModelEvent] {
        if event.data.elementsEqual("[DONE]".utf8) {
            isOver = true
            return finish == nil ? [.finish(.stop)] : []
        }
        let view: JSONView
        do {
            view = try JSON.parse(event.data)
        } catch {
            throw ProviderFailure(
                .broken, "\(provider.name): a chunk of its answer is no JSON: \(Fault(error).message)",
                provider: provider.name)
        }
        return try read(view, isError: event.name == "error", member: "delta")
    }

    mutating func take(whole view: JSONView) throws -> [ModelEvent] {
        guard view["choices"].kind == .array || view["error"].exists else {
            throw ProviderFailure(
                .broken, "\(provider.name): its answer has no choices", provider: provider.name,
                hint: "does the base URL lead to an OpenAI-compatible API?")
        }
        var events = try read(view, isError: false, member: "message")
        if finish == nil { events.append(.finish(.stop)) }
        isOver = true
        return events
    }

    private mutating func read(_ view: JSONView, isError: Bool, member: String) throws -> [ModelEvent] {
        let isBad = view["error"].exists && !view["error"].isNull || view["object"].equals("error")
        if isError || isBad { throw ErrorReading(provider: provider).failure(view) }
        var events: [ModelEvent] = []
        // More than one choice is never asked for.
        let choice = view["choices"][0]
        let delta = choice[member]
        for name in ["reasoning_content", "reasoning"] {
            if let text = delta[name].string, !text.isEmpty {
                events.append(.reasoning(text))
                break
            }
        }
        events += ChatReader.texts(delta["content"])
        if let refusal = delta["refusal"].string, !refusal.isEmpty { events.append(.text(refusal)) }
        for (position, call) in delta["tool_calls"].elements.enumerated() {
            let function = call["function"]
            events.append(
                .toolCall(
                    ToolCallPiece(
                        index: call["index"].integer ?? position, id: call["id"].string, name: function["name"].string,
                        arguments: function["arguments"].string ?? "")))
        }
        if let reason = choice["finish_reason"].string, finish == nil {
            let reason = ChatReader.finish(reason)
            finish = reason
            events.append(.finish(reason))
        }
        if view["usage"].kind == .object { events.append(.usage(usage(view["usage"]))) }
        return events
    }

    /// Text, or a list of parts of which some think.
    private static func texts(_ content: JSONView) -> [ModelEvent] {
        if let text = content.string { return text.isEmpty ? [] : [.text(text)] }
        return content.elements.flatMap { part -> [ModelEvent] in
            if part["type"].equals("thinking") {
                return texts(part["thinking"]).map { if case .text(let text) = $0 { .reasoning(text) } else { $0 } }
            }
            return part["text"].string.map { $0.isEmpty ? [] : [.text($0)] } ?? []
        }
    }

    static func finish(_ word: String) -> FinishReason {
        switch word {
        case "stop", "eos", "end_turn": .stop
        case "length", "max_tokens", "model_length": .length
        case "tool_calls", "function_call", "tool_use": .toolCalls
        case "content_filter", "safety": .contentFilter
        default: .other
        }
    }

    private func usage(_ view: JSONView) -> ModelUsage {
        var usage = ModelUsage(
            input: view["prompt_tokens"].integer ?? 0, output: view["completion_tokens"].integer ?? 0,
            reasoning: view["completion_tokens_details"]["reasoning_tokens"].integer ?? 0,
            cached: view["prompt_tokens_details"]["cached_tokens"].integer
                ?? view["prompt_cache_hit_tokens"].integer ?? 0,
            cost: view["cost"].number)
        usage.cost = provider.cost(usage)
        return usage
    }
}
