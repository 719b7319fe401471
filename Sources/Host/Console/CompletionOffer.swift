import Runtime

/// What Tab does with the candidates that there are.
struct CompletionOffer {
    /// Goes in at the cursor: what all candidates have in common beyond what was typed.
    let insertion: String
    private let candidates: [ConsoleCandidate]

    private static let mostListed = 40

    init(_ candidates: [ConsoleCandidate], after text: String) {
        self.candidates = candidates
        let typed = text.reversed().prefix { $0.isLetter || $0.isNumber || $0 == "_" }.count
        guard let first = candidates.first else {
            // An indentation, where no name can be meant.
            insertion = text.allSatisfy { $0 == " " } ? "  " : ""
            return
        }
        var shared = first.text
        for candidate in candidates.dropFirst() {
            shared = String(zip(shared, candidate.text).prefix { $0 == $1 }.map(\.0))
        }
        insertion = typed == 0 && text.allSatisfy({ $0 == " " }) ? "  " : String(shared.dropFirst(typed))
    }

    /// The choice, one a line with what it is; nil when there is none.
    func listing(width: Int) -> String? {
        guard !candidates.isEmpty else { return nil }
        let shown = candidates.prefix(CompletionOffer.mostListed)
        let column = shown.map(\.text.count).max() ?? 0
        var lines = shown.map { candidate in
            let pad = String(repeating: " ", count: column - candidate.text.count)
            return CompletionOffer.cut("  \(candidate.text)\(pad)  \(candidate.summary)", width - 1)
        }
        if candidates.count > shown.count { lines.append("  … \(candidates.count - shown.count) more") }
        return lines.map { $0 + "\n" }.joined()
    }

    private static func cut(_ text: String, _ width: Int) -> String {
        var used = 0
        var result = ""
        for character in text {
            used += CharacterWidth.of(character)
            if used > width { return String(result.dropLast()) + "…" }
            result.append(character)
        }
        return result
    }
}
