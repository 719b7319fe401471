import Runtime

// The agent's tools, lists, asks and figures in the words of runs.

extension ToolUse {
    /// The most of an output that is passed on, from its end.
    private static let outputLimit = 64 << 10

    init(_ tool: OpencodeTool, id: String, parent: String?) {
        let status: Status =
            switch tool.status {
            case .pending: .pending
            case .running: .running
            case .completed: .completed
            case .failed: .failed
            }
        self.init(
            id: id, name: tool.name, status: status, title: tool.title, input: tool.input,
            output: ToolUse.end(of: tool.output), error: tool.error, seconds: tool.seconds, agent: tool.agent,
            parent: parent)
    }

    private static func end(of text: String) -> String {
        guard text.utf8.count > outputLimit else { return text }
        var start =
            text.utf8.index(text.endIndex, offsetBy: -outputLimit, limitedBy: text.startIndex) ?? text.startIndex
        // Never in the middle of a letter.
        while start < text.endIndex, start.samePosition(in: text.unicodeScalars) == nil {
            start = text.utf8.index(after: start)
        }
        return String(text[start...])
    }
}

extension TodoItem {
    init(_ item: OpencodeTodo) { self.init(text: item.text, status: item.status, priority: item.priority) }
}

extension Usage {
    /// A price of nothing is a price that nobody knows.
    init(_ usage: OpencodeUsage) {
        self.init(
            input: usage.input, output: usage.output, reasoning: usage.reasoning, cached: usage.cached,
            cost: usage.cost > 0 ? usage.cost : nil)
    }
}

extension Ask {
    init(_ ask: OpencodeAsk, tool: OpencodeTool?, isSubtask: Bool) {
        switch ask.body {
        case .permission(let permission):
            self.init(id: ask.id, kind: .permission, title: permission.question(tool))
            self.permission = permission.name
            patterns = permission.patterns
            always = permission.always
            self.tool = tool?.name
            input = permission.metadata
            if let given = tool?.input, case .object(let members) = given, !members.isEmpty { input = given }
        case .questions(let questions):
            self.init(
                id: ask.id, kind: .question, title: questions.first?.text ?? "a question",
                questions: questions.map {
                    Question(
                        header: $0.header, text: $0.text,
                        options: $0.options.map { .init(label: $0.label, description: $0.description) },
                        allowsSeveral: $0.allowsSeveral, allowsOther: $0.allowsOther)
                })
            self.tool = tool?.name ?? "question"
        }
        self.isSubtask = isSubtask
    }
}
