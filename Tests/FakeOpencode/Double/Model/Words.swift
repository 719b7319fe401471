import Runtime

/// What the scripted model does, one after the other.
enum Act: Sendable, Equatable {
    case say(String)
    case think(String)
    case tool(String, JSONValue)
    case ask(String, String)
    case image
    case json(JSONValue)
    case retry(Int, String)
    case rateLimit(Int)
    case fail(String, String?)
    case overflow
    case finish(String)
    case hang
    case crash
}

/// The words of a prompt, read. `README.md` lists them.
struct Words: Sendable, Equatable {
    var acts: [Act] = []
    /// Between two tokens.
    var pace = 0
    var usage = Usage()
    /// No word was in the text: the answer names what was asked.
    var isPlain: Bool

    init(_ text: String) {
        let pieces = text.split { $0 == "\n" || $0 == ";" }.map { Words.trimmed($0) }.filter { !$0.isEmpty }
        // Words count when the text begins with one; a mark before a word makes it count anywhere.
        let isScript = pieces.first.map { Words.isWord($0) } ?? false
        isPlain = true
        for piece in pieces {
            let isMarked = piece.hasPrefix("!")
            guard isMarked || isScript, take(isMarked ? piece.dropFirst() : piece) else { continue }
            isPlain = false
        }
    }

    private static let names: Set<String> = [
        "say", "think", "tool", "bash", "read", "write", "ask", "question", "todo", "task", "retry", "rate-limit",
        "error", "slow", "tokens", "image", "hang", "crash", "overflow", "json", "finish",
    ]

    private static func isWord(_ piece: Substring) -> Bool {
        let piece = piece.hasPrefix("!") ? piece.dropFirst() : piece
        return names.contains(String(piece.prefix { $0 != " " }))
    }

    private mutating func take(_ piece: Substring) -> Bool {
        let (name, rest) = Words.cut(piece)
        switch name {
        case "say": acts.append(.say(rest))
        case "think": acts.append(.think(rest))
        case "tool":
            let (tool, input) = Words.cut(rest[...])
            acts.append(.tool(tool, JSONValue(json: Array(input.utf8)) ?? [:]))
        case "bash": acts.append(.tool("bash", ["command": .string(rest), "description": "run it"]))
        case "read": acts.append(.tool("read", ["filePath": .string(rest)]))
        case "write":
            let (file, content) = Words.cut(rest[...])
            acts.append(.tool("write", ["filePath": .string(file), "content": .string(content + "\n")]))
        case "ask":
            let (permission, pattern) = Words.cut(rest[...])
            acts.append(.ask(permission, pattern.isEmpty ? "*" : pattern))
        case "question": acts.append(.tool("question", Words.question(rest)))
        case "todo": acts.append(.tool("todowrite", ["todos": .array(Words.todos(rest))]))
        case "task":
            let (agent, prompt) = Words.cut(rest[...])
            acts.append(
                .tool("task", ["description": "sub", "prompt": .string(prompt), "subagent_type": .string(agent)]))
        case "retry":
            let (count, message) = Words.cut(rest[...])
            acts.append(.retry(Int(count) ?? 1, message.isEmpty ? "Overloaded" : message))
        case "rate-limit": acts.append(.rateLimit(Int(rest) ?? 1000))
        case "error":
            let (error, message) = Words.cut(rest[...])
            acts.append(.fail(error, message.isEmpty ? nil : message))
        case "slow": pace = Int(rest) ?? 0
        case "tokens": usage = Words.usage(rest)
        case "image": acts.append(.image)
        case "hang": acts.append(.hang)
        case "crash": acts.append(.crash)
        case "overflow": acts.append(.overflow)
        case "json": acts.append(.json(JSONValue(json: Array(rest.utf8)) ?? ["answer": "yes"]))
        case "finish": acts.append(.finish(rest))
        default: return false
        }
        return true
    }

    // MARK: the rest of a line

    /// The first word and what follows it.
    static func cut(_ text: Substring) -> (String, String) {
        let first = text.prefix { $0 != " " }
        return (String(first), String(trimmed(text.dropFirst(first.count))))
    }

    static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0.isWhitespace }
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }

    private static func question(_ text: String) -> JSONValue {
        let parts = text.split(separator: "|").map { String(trimmed($0)) }
        let options = parts.dropFirst().map { label -> JSONValue in
            ["label": .string(label), "description": .string("take \(label)")]
        }
        return [
            "questions": [
                ["question": .string(parts.first ?? "Which?"), "header": "Pick", "options": .array(Array(options))]
            ]
        ]
    }

    /// `a, b~, c!`: pending, in progress, done.
    private static func todos(_ text: String) -> [JSONValue] {
        text.split(separator: ",").map { trimmed($0) }.map { item in
            let status = item.hasSuffix("!") ? "completed" : item.hasSuffix("~") ? "in_progress" : "pending"
            let content = status == "pending" ? item : item.dropLast()
            return ["content": .string(String(content)), "status": .string(status), "priority": "medium"]
        }
    }

    /// `P [C]`: tokens of the prompt, of which two fifths were cached, and of the completion, a quarter reasoning.
    private static func usage(_ text: String) -> Usage {
        let numbers = text.split(separator: " ").compactMap { Int($0) }
        let prompt = numbers.first ?? 100
        let completion = numbers.count > 1 ? numbers[1] : 20
        return Usage(prompt: prompt, cached: prompt * 2 / 5, completion: completion, reasoning: completion / 4)
    }
}
