extension OpencodeTurn {
    /// `isLive` is false for what was read of the session.
    mutating func take(_ part: OpencodePart, isLive: Bool, _ effects: inout [Effect]) {
        guard let message = messages[part.message] else {
            // Its message was missed; what belongs to a subtask needs none.
            if children[part.session] != nil { take(foreign: part, &effects) }
            return
        }
        if message.isUser { return take(users: part, of: message, isLive: isLive, &effects) }
        guard isOurs(message) else { return }
        if part.session != session { return take(foreign: part, &effects) }
        switch part.body {
        case .text(let text, let isSynthetic):
            if !message.isSummary, !isSynthetic { take(text, of: part, isReasoning: false, isLive, &effects) }
        case .reasoning(let text):
            if !message.isSummary { take(text, of: part, isReasoning: true, isLive, &effects) }
        case .tool(let tool): take(tool, part, &effects)
        case .step(let tokens, let cost): count(tokens, cost, id: part.id, message: part.message, &effects)
        case .compaction, .other: break
        }
    }

    private mutating func take(
        users part: OpencodePart, of message: OpencodeMessage, isLive: Bool, _ effects: inout [Effect]
    ) {
        if case .compaction = part.body, isOurs(message), part.session == session, tell(once: part.id) {
            effects.append(.compacting)
        }
        guard own == nil, part.session == session else { return }
        if isLive { candidates.insert(message.id) }
        if wanted.parts.contains(part.id) { return adopt(message, &effects) }
        if case .text(let text, false) = part.body, text == wanted.text, !text.isEmpty, message.created >= wanted.since
        {
            adopt(message, &effects)
        }
    }

    /// Of a subtask only its calls and what it used are told: its words come as the output of the call that began it.
    private mutating func take(foreign part: OpencodePart, _ effects: inout [Effect]) {
        switch part.body {
        case .tool(let tool): take(tool, part, &effects)
        case .step(let tokens, let cost): count(tokens, cost, id: part.id, message: part.message, &effects)
        default: break
        }
    }

    private mutating func tell(once id: String) -> Bool { settled.insert("part/\(id)").inserted }

    // MARK: text

    mutating func take(delta: String, of part: String, in message: String, _ effects: inout [Effect]) {
        guard let place = texts.index(forKey: part) else {
            // Its beginning was missed; its end will bring it whole.
            return
        }
        guard !texts.values[place].isEnded, texts.values[place].isCertain, !delta.isEmpty else { return }
        // In its place: a copy at hand would have all of the text copied for each piece.
        texts.values[place].sent += delta
        give(delta, part, texts.values[place], &effects)
    }

    /// All of a text as it stands. What is known of it already is not given again.
    private mutating func take(
        _ text: String, of part: OpencodePart, isReasoning: Bool, _ isLive: Bool, _ effects: inout [Effect]
    ) {
        if !isLive, !part.isEnded {
            // Without a gap the stream tells it, and is ahead of what was read.
            if !hasGap || texts[part.id]?.isCertain == true { return }
        }
        var state = texts[part.id] ?? Text(isReasoning: isReasoning, isCertain: isLive)
        if isLive, text.isEmpty, state.sent.isEmpty { state.isCertain = true }
        defer { texts[part.id] = state }
        guard !state.isEnded else { return }
        state.isEnded = part.isEnded
        if let rest = text.rest(after: state.sent) {
            state.sent = text
            if !rest.isEmpty { give(rest, part.id, state, &effects) }
        } else if part.isEnded, !text.isLike(state.sent) {
            state.sent = text
            state.rewrites += 1
            effects.append(.rewritten(part: part.id))
            give(text, part.id, state, &effects)
        }
    }

    private func give(_ text: String, _ part: String, _ state: Text, _ effects: inout [Effect]) {
        let name = state.rewrites == 0 ? part : "\(part)~\(state.rewrites)"
        effects.append(state.isReasoning ? .reasoning(text, part: name) : .text(text, part: name))
    }

    // MARK: tools

    private mutating func take(_ told: OpencodeTool, _ part: OpencodePart, _ effects: inout [Effect]) {
        // That is how an answer is bound to a schema; what it gives is the answer.
        guard told.name != "StructuredOutput" else { return }
        var tool = told
        if let known = tools[part.id] {
            guard told.status.rank >= known.status.rank, !known.status.isEnded else { return }
            if tool.name.isEmpty { tool.name = known.name }
            if case .object(let members) = tool.input, members.isEmpty { tool.input = known.input }
            if tool.title == nil { tool.title = known.title }
            if tool.started == nil { tool.started = known.started }
            // Output only grows; what was read may be older than what the stream told.
            if told.status == known.status, known.output.rest(after: told.output) != nil { tool.output = known.output }
            if tool == known { return }
        }
        if tool.name.isEmpty { tool.name = "tool" }
        // The word of the refusal may have been missed; what it did to the tool has not.
        if tool.status == .failed, let why = tool.error,
            why.contains("rejected permission") || why.contains("dismissed")
        {
            wasRefused = true
        }
        tools[part.id] = tool
        if let child = tool.child { children.updateValue(part.id, forKey: child) }
        effects.append(.tool(tool, id: part.id, parent: parent(of: part.session)))
    }

    private func parent(of session: String) -> String? {
        guard session != self.session else { return nil }
        if let known = children[session] ?? nil { return known }
        return tools.filter { $0.value.name == "task" && $0.value.child == nil && $0.value.status == .running }.keys
            .max()
    }

    // MARK: usage

    mutating func count(
        _ tokens: OpencodeTokens, _ cost: Double, id: String, message: String, _ effects: inout [Effect]
    ) {
        // What a message says in all gives way to its steps.
        if id != message { steps[message] = nil }
        steps[id] = (message, tokens, cost)
        var sum = OpencodeUsage()
        for step in steps.sorted(by: { $0.key < $1.key }) { sum.add(step.value.tokens, cost: step.value.cost) }
        guard sum != toldUsage else { return }
        toldUsage = sum
        effects.append(.usage(sum))
    }
}

extension String {
    /// What follows `start`, byte for byte; nil when it does not begin so.
    fileprivate func rest(after start: String) -> String? {
        guard utf8.starts(with: start.utf8) else { return nil }
        return String(self[utf8.index(startIndex, offsetBy: start.utf8.count)...])
    }

    /// The same but for blanks at the ends, which plugins take away.
    fileprivate func isLike(_ other: String) -> Bool { trimmed == other.trimmed }

    private var trimmed: Substring {
        var text = self[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
