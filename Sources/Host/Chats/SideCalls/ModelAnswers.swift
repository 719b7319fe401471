import Runtime

/// Reads what a small model made of a side call, in the form that the client expects. Nil when it is of no use.
enum ModelAnswers {
    static func read(_ text: String, for task: SideTask) -> String? {
        let text = withoutFences(text.trimmed)
        if text.isEmpty { return nil }
        switch task {
        case .emoji: return emoji(text)
        case .merge, .compaction, .other: return text
        case .toolChoice:
            guard let value = object(text) else { return nil }
            return string(value)
        case .title:
            if let title = object(text)?["title"]?.string?.onOneLine, !title.isEmpty {
                return task.json(.string(shortened(title)))
            }
            // Small models often give the title alone.
            let isPlain = !text.contains("{") && !text.contains("\n") && text.count <= 120
            return isPlain ? task.json(.string(shortened(text.onOneLine.filter { $0 != "\"" }))) : nil
        default: return list(text, task)
        }
    }

    private static func list(_ text: String, _ task: SideTask) -> String? {
        guard let member = task.member, let value = object(text)?[member] else { return nil }
        guard task.isList else { return value.string.map { task.json(.string($0)) } }
        guard case .array(let elements) = value else { return nil }
        // Lists of words are of words alone; what memory does is objects.
        let good = task == .memory ? elements : elements.filter { $0.string?.isEmpty == false }
        return task.json(.array(good))
    }

    /// From the first brace to the last.
    private static func object(_ text: String) -> JSONValue? {
        guard let start = text.firstIndex(of: "{"), let end = text.lastIndex(of: "}"), start < end else { return nil }
        // What is no JSON is of no use; the host answers instead.
        let view = try? JSON.parse(String(text[start...end]), limits: .init(bytes: 1 << 20))
        return view?.kind == .object ? view?.value : nil
    }

    private static func string(_ value: JSONValue) -> String? {
        // It was JSON a moment ago.
        (try? JSON.encode(value)).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func shortened(_ title: String) -> String { String(title.prefix(100)) }

    private static func emoji(_ text: String) -> String? {
        text.first { character in
            guard let first = character.unicodeScalars.first else { return false }
            return first.properties.isEmojiPresentation
                || first.properties.isEmoji && character.unicodeScalars.count > 1
        }.map { String($0) }
    }

    private static func withoutFences(_ text: String) -> String {
        guard text.hasPrefix("```"), text.hasSuffix("```"), let line = text.firstIndex(of: "\n") else { return text }
        return text[text.index(after: line)...].dropLast(3).trimmed
    }
}
