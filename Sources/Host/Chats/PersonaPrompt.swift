import Runtime

/// Puts the instructions of an answer together: the persona's locked core first, whatever the user or the client's owner
/// wrote below it. Nothing that a request brings can stand before the core or replace it.
enum PersonaPrompt {
    static let heading = "User-editable persona settings"

    static func whole(core: String, heading: String?, user: String?) -> String {
        let core = trimmed(core)
        let user = trimmed(user ?? "")
        guard !user.isEmpty else { return core }
        guard !core.isEmpty else { return user }
        return "\(core)\n\n---\n\n## \(heading ?? self.heading)\n\n\(user)"
    }

    /// What the user's side says: all system messages of a request, in their order.
    static func userPart(_ messages: [ChatMessage]) -> String {
        messages.lazy.filter { $0.role == .system || $0.role == .developer }.map { trimmed($0.text) }
            .filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    private static func trimmed(_ text: String) -> String {
        guard let first = text.firstIndex(where: { !$0.isWhitespace }),
            let last = text.lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(text[first...last])
    }
}

/// The agent of the engine that a persona is: one for each persona and choice of integrations.
struct PersonaAgent: Sendable, Equatable, Hashable {
    let persona: String
    /// Sorted.
    let integrations: [String]
    /// It may look and explain, and change nothing.
    let isPlan: Bool

    init(persona: String, integrations: some Sequence<String> = [], isPlan: Bool = false) {
        self.persona = persona
        self.integrations = integrations.sorted()
        self.isPlan = isPlan
    }

    /// `build` and `plan` are the engine's own.
    var name: String {
        let base = PersonaAgent.plain(([persona] + integrations).joined(separator: "-"))
        return isPlan && persona != "plan" ? "\(base)__plan" : base
    }

    /// Small letters, digits and hyphens, 48 at most.
    static func plain(_ text: String) -> String {
        var name = ""
        for character in text.lowercased().unicodeScalars {
            let isPlain = ("a"..."z").contains(character) || ("0"..."9").contains(character)
            if isPlain { name.unicodeScalars.append(character) } else if !name.hasSuffix("-") { name += "-" }
        }
        while name.hasPrefix("-") { name.removeFirst() }
        name = String(name.prefix(48))
        while name.hasSuffix("-") { name.removeLast() }
        return name.isEmpty ? "persona" : name
    }
}
