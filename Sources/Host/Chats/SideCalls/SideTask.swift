import Runtime

/// What a side call of the client is for, by the names that `classify` gives.
enum SideTask: String, CaseIterable {
    case title, tags, queries, autocomplete, emoji, merge, compaction, memory, other
    case followUps = "follow_ups"
    case imagePrompt = "image_prompt"
    case toolChoice = "tool_choice"

    /// The member of the JSON object that the client reads; nil where it expects text.
    var member: String? {
        switch self {
        case .title: "title"
        case .tags: "tags"
        case .followUps: "follow_ups"
        case .queries: "queries"
        case .autocomplete: "text"
        case .imagePrompt: "prompt"
        case .memory: "operations"
        case .emoji, .merge, .compaction, .toolChoice, .other: nil
        }
    }

    /// Whether that member is a list.
    var isList: Bool {
        switch self {
        case .tags, .followUps, .queries, .memory: true
        default: false
        }
    }

    /// A task that nobody has named is told by the member that its prompt asks for.
    static func guess(_ prompt: String) -> SideTask {
        allCases.first { task in task.member.map { prompt.contains("\"\($0)\"") } ?? false } ?? .other
    }

    /// The JSON that the client expects, with one member.
    func json(_ value: JSONValue) -> String {
        var writer = JSONWriter()
        writer.object { object in
            object.key(escaping: member ?? "text")
            // A tree of plain values always has a form.
            do { try object.value(value) } catch { object.null() }
        }
        return String(decoding: writer.finish(), as: UTF8.self)
    }
}

/// A side call's own words, and the chat that it quotes.
struct SidePrompt {
    struct Line: Equatable {
        let role: String
        let text: String
    }

    /// The prompt itself.
    let text: String
    /// What the chat said, the oldest first.
    let chat: [Line]

    init(_ messages: [(role: String, text: String)]) {
        text = messages.last { $0.role == "user" }?.text ?? messages.last?.text ?? ""
        if let quoted = SidePrompt.quoted(text) {
            chat = SidePrompt.lines(quoted)
        } else {
            chat = messages.filter { $0.role != "system" && !$0.text.hasPrefix("### Task:") }.map {
                Line(role: $0.role, text: $0.text)
            }
        }
    }

    /// The user's first message of those that are quoted.
    var firstRequest: String? { chat.first { $0.role == "user" }?.text }
    var lastRequest: String? { chat.last { $0.role == "user" }?.text }

    /// What stands in the last `<chat_history>`; earlier ones are examples.
    private static func quoted(_ text: String) -> Substring? {
        guard let start = text.ranges(of: "<chat_history>").last?.upperBound else { return nil }
        let rest = text[start...]
        return rest.firstRange(of: "</chat_history>").map { rest[..<$0.lowerBound] } ?? rest
    }

    private static func lines(_ text: Substring) -> [Line] {
        var lines: [(role: String, text: [Substring])] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("USER:") {
                lines.append(("user", [line.dropFirst(5)]))
            } else if line.hasPrefix("ASSISTANT:") {
                lines.append(("assistant", [line.dropFirst(10)]))
            } else if !lines.isEmpty {
                lines[lines.count - 1].text.append(line)
            }
        }
        return lines.map { Line(role: $0.role, text: $0.text.joined(separator: "\n").trimmed) }
    }
}

extension StringProtocol {
    /// Without blanks and line breaks at both ends.
    var trimmed: String {
        var rest = self[...]
        while rest.first?.isWhitespace == true { rest = rest.dropFirst() }
        while rest.last?.isWhitespace == true { rest = rest.dropLast() }
        return String(rest)
    }

    /// With one blank where there were several, or line breaks.
    var onOneLine: String { split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}
