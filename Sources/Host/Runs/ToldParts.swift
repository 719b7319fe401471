/// The parts of a run as its log has them, so that an engine which says a part from its beginning again adds only what is
/// new.
struct ToldParts: Sendable, Equatable {
    private struct Part: Hashable {
        let kind: RunEventKind
        let id: String
    }

    private var rest: [Part: Substring] = [:]
    private var whole: [Part: String] = [:]
    /// Calls of tools by their ids, as they stand there.
    private var tools: [String: ToolUse] = [:]

    init() {}

    init(_ events: some Sequence<RunEventBody>) {
        for event in events {
            switch event {
            case .text(let text, let part), .reasoning(let text, let part):
                whole[Part(kind: event.kind, id: part), default: ""] += text
            case .tool(let use): tools[use.id] = use
            default: continue
            }
        }
        rest = whole.mapValues { $0[...] }
        whole = [:]
    }

    /// Whether the log does not have it as it stands.
    mutating func isNew(_ use: ToolUse) -> Bool {
        guard let known = tools[use.id] else { return true }
        if known.status == use.status, known.output == use.output, known.error == use.error { return false }
        tools[use.id] = nil
        return true
    }

    /// What of a piece is not in the log. A part that turns out differently is said as it is now.
    mutating func new(_ kind: RunEventKind, _ text: String, part: String) -> String {
        guard !rest.isEmpty else { return text }
        let key = Part(kind: kind, id: part)
        guard let known = rest[key] else { return text }
        let (have, piece) = (known.utf8, text.utf8)
        if piece.count < have.count, have.starts(with: piece) {
            rest[key] = Substring(known.utf8.dropFirst(piece.count))
            return ""
        }
        rest[key] = nil
        return piece.starts(with: have) ? String(Substring(piece.dropFirst(have.count))) : text
    }
}
