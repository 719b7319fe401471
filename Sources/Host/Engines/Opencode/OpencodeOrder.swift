import Runtime

/// What a run asks for, in the agent's terms.
struct OpencodeOrder {
    let run: RunRecord
    let number: Int

    /// The most that a new session is told of the conversation so far; what is older is left out.
    private static let transcriptLimit = 200 << 10
    /// And the most that one which goes on is told of what it has missed.
    private static let missedLimit = 32 << 10

    private var input: RunInput { run.order.input }

    /// Of our own, because the server asks a model for one otherwise.
    var title: String {
        if let title = run.order.title, !title.isEmpty { return title }
        return run.order.chat.map { "Open WebUI \($0)" } ?? "Open WebUI"
    }

    func prompt(
        seed: Bool, knowing: SessionKnowledge = .all, for capabilities: OpencodeCapabilities?
    ) throws -> OpencodePrompt {
        let takesSystem = capabilities?.takesSystem ?? true
        if input.schema != nil, capabilities?.takesSchema == false {
            throw RunFailure(
                .agentFailed, "this opencode cannot bind an answer to a JSON schema", hint: "opencode 1.x can")
        }
        let withoutTools = input.withoutTools ?? []
        if !withoutTools.isEmpty, capabilities?.takesTools == false {
            throw RunFailure(
                .agentFailed, "this opencode cannot keep an agent from tools", hint: "opencode 1.x can")
        }
        var parts: [OpencodePrompt.Part] = []
        if !takesSystem, let system = input.system { parts.append(.text(system, isSynthetic: true)) }
        if seed, let transcript { parts.append(.text(transcript, isSynthetic: true)) }
        if let missed = missed(knowing.missed) { parts.append(.text(missed, isSynthetic: true)) }
        if let beside = input.beside(withContext: !knowing.hasContext) {
            parts.append(.text(beside, isSynthetic: true))
        }
        for part in input.parts {
            if let text = part.text {
                parts.append(.text(text))
            } else if let url = part.url {
                parts.append(.file(mime: part.mime ?? "application/octet-stream", url: url, name: part.filename))
            }
        }
        if parts.isEmpty { parts = [.text("")] }
        if capabilities?.takesPartIDs ?? true { parts = parts.enumerated().map { named($1, $0, number) } }
        var prompt = OpencodePrompt(
            parts: parts, agent: input.agent, model: input.model, system: takesSystem ? input.system : nil,
            variant: input.reasoningEffort, schema: input.schema)
        prompt.withoutTools = withoutTools
        return prompt
    }

    /// The prompt of this run, by whichever attempt it was handed over.
    func mark(since: Int64) -> OpencodeTurn.Mark {
        var ids: Set<String> = []
        for number in 1...max(1, number, run.attempts) {
            for index in 0..<input.parts.count + 4 { ids.insert(id(index, number)) }
        }
        return OpencodeTurn.Mark(message: run.message, parts: ids, text: words, since: since)
    }

    private var words: String { input.parts.compactMap(\.text).first ?? "" }

    private func id(_ index: Int, _ number: Int) -> String {
        OpencodePrompt.partID("\(run.id)/\(number)", at: run.createdAt, index: index)
    }

    private func named(_ part: OpencodePrompt.Part, _ index: Int, _ number: Int) -> OpencodePrompt.Part {
        switch part {
        case .text(let text, _, let isSynthetic): .text(text, id: id(index, number), isSynthetic: isSynthetic)
        case .file(let mime, let url, let name, _): .file(mime: mime, url: url, name: name, id: id(index, number))
        }
    }

    /// The conversation before this turn, the newest of it when it is long; nil when there was none.
    private var transcript: String? {
        told(input.history[...], limit: OpencodeOrder.transcriptLimit).map {
            "This conversation began elsewhere. What was said in it so far:\n\n\($0)"
        }
    }

    /// What was said in the chat since this session's last turn.
    private func missed(_ count: Int) -> String? {
        let messages = input.history.suffix(count)
        let wereAnswered = messages.contains { $0.role == "assistant" }
        return told(messages, limit: OpencodeOrder.missedLimit, answers: "other_assistant").map {
            wereAnswered
                ? "Meanwhile the conversation went on with another assistant:\n\n\($0)"
                : "The user has also written this, and got no answer to it:\n\n\($0)"
        }
    }

    private func told(_ messages: ArraySlice<RunInput.Message>, limit: Int, answers: String = "assistant") -> String? {
        var told: [String] = []
        var size = 0
        for message in messages.reversed() where !message.text.isEmpty {
            let name = message.role == "assistant" ? answers : message.role
            let entry = "<\(name)>\n\(message.text)\n</\(name)>"
            size += entry.utf8.count
            if size > limit {
                told.append("(What was said before that is left out.)")
                break
            }
            told.append(entry)
        }
        return told.isEmpty ? Optional.none : told.reversed().joined(separator: "\n\n")
    }
}
