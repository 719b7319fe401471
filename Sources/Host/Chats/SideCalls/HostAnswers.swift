import Runtime

/// What Perigee answers side calls by itself, without any model: in the form that the client expects, and never more
/// than it can know.
enum HostAnswers {
    static let longestTitle = 60

    static func answer(_ task: SideTask, _ prompt: SidePrompt) -> String {
        switch task {
        case .title: return task.json(.string(title(prompt.firstRequest ?? "")))
        case .tags: return task.json(.array(tags(prompt.chat.map(\.text)).map { .string($0) }))
        case .followUps, .queries, .memory: return task.json([])
        case .autocomplete: return task.json("")
        case .imagePrompt:
            let wanted = (prompt.lastRequest ?? "").onOneLine
            return task.json(.string(String(wanted.prefix(1000))))
        case .emoji: return "🙂"
        case .merge: return merged(prompt.text)
        case .toolChoice: return "{}"
        case .compaction: return summary(prompt.chat)
        case .other:
            let guess = SideTask.guess(prompt.text)
            return guess == .other ? "{}" : answer(guess, prompt)
        }
    }

    /// The first line that says something, cut between words.
    static func title(_ text: String) -> String {
        let lines = text.split(separator: "\n").map { plain($0) }
        guard var title = lines.first(where: { $0.contains { $0.isLetter || $0.isNumber } }) else { return "New chat" }
        if title.count > longestTitle {
            let cut = title.prefix(longestTitle)
            // A text without blanks, such as Chinese or an address, is cut where it is.
            let words = cut.lastIndex(of: " ").map { cut[..<$0] } ?? cut
            title = (words.count >= longestTitle / 2 ? words : cut).trimmed + "…"
        }
        return title.prefix(1).uppercased() + title.dropFirst()
    }

    /// Without the marks of Markdown.
    private static func plain(_ line: Substring) -> String {
        let rest = line.drop { $0.isWhitespace || "#>*-+`".contains($0) }
        return rest.filter { !"*`".contains($0) }.onOneLine
    }

    // MARK: tags

    /// The three words that come most often, those that say nothing left out.
    static func tags(_ texts: [String]) -> [String] {
        var counts: [String: (count: Int, first: Int, shown: String)] = [:]
        var place = 0
        for text in texts {
            for word in text.prefix(20_000).split(whereSeparator: { !$0.isLetter && !$0.isNumber }) {
                place += 1
                let key = word.lowercased()
                let isWord = key.count > 3 && key.count <= 24 && key.contains { $0.isLetter } && !common.contains(key)
                guard isWord else { continue }
                counts[key, default: (0, place, String(word))].count += 1
            }
        }
        let best = counts.values.sorted { ($1.count, $0.first) < ($0.count, $1.first) }.prefix(3)
        return best.isEmpty ? ["General"] : best.map { $0.shown.prefix(1).uppercased() + $0.shown.dropFirst() }
    }

    private static let common: Set<String> = [
        "about", "after", "again", "also", "been", "before", "being", "both", "could", "does", "done", "each", "every",
        "first", "from", "give", "have", "hello", "help", "here", "into", "just", "know", "like", "look", "made",
        "make",
        "many", "more", "most", "much", "must", "need", "only", "other", "over", "please", "same", "should", "show",
        "some", "such", "sure", "take", "tell", "than", "thank", "thanks", "that", "their", "them", "then", "there",
        "these", "they", "thing", "things", "think", "this", "those", "very", "want", "well", "were", "what", "when",
        "where", "which", "while", "will", "with", "would", "your", "aber", "auch", "bitte", "dass", "dein", "diese",
        "eine", "einen", "einer", "haben", "kann", "mein", "meine", "mich", "nicht", "noch", "oder", "sein", "sich",
        "sind", "wenn", "werden", "wird",
    ]

    // MARK: prose

    /// Answers of several models, one below the other: choosing is the reader's.
    private static func merged(_ text: String) -> String {
        let mark = "Responses from models:"
        let answers = text.ranges(of: mark).last.map { text[$0.upperBound...] } ?? text[...]
        let pieces = String(answers).split(separator: "\"\"\"").map(\.trimmed).filter { !$0.isEmpty }
        return pieces.joined(separator: "\n\n---\n\n")
    }

    private static let longestSummary = 4000

    /// What was asked first, and the end: what fits, word for word.
    private static func summary(_ chat: [SidePrompt.Line]) -> String {
        let lines = chat.map { "\($0.role == "user" ? "User" : "Assistant"): \($0.text.onOneLine.prefix(600))" }
        guard let first = lines.first else { return "Nothing was said yet." }
        var kept: [String] = []
        var room = longestSummary - first.count
        for line in lines.dropFirst().reversed() {
            room -= line.count
            if room < 0 { break }
            kept.append(line)
        }
        let gap = kept.count < lines.count - 1 ? ["[…]"] : []
        return ([first] + gap + kept.reversed()).joined(separator: "\n")
    }
}
