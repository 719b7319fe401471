import Runtime

/// What a tool did, in words for clients that have no form for it.
enum ToolWords {
    static func details(_ tool: ToolUse, _ rendering: Rendering) -> String {
        let title = rendering.title ?? tool.headline
        let text = rendering.text ?? (tool.status == .failed ? tool.error ?? tool.output : tool.output)
        let mark = tool.status == .failed ? " (failed)" : ""
        return "<details>\n<summary>\(escaped(title))\(mark)</summary>\n\n\(fenced(text))\n\n</details>"
    }

    static func line(_ tool: ToolUse, _ rendering: Rendering) -> String {
        if let text = rendering.text { return text }
        return "_\(rendering.title ?? tool.headline)\(tool.status == .failed ? ": failed" : "")_"
    }

    /// A fence that is longer than any inside the text.
    private static func fenced(_ text: String) -> String {
        var longest = 2
        var run = 0
        for character in text {
            run = character == "`" ? run + 1 : 0
            longest = max(longest, run)
        }
        let fence = String(repeating: "`", count: longest + 1)
        return "\(fence)\n\(text)\n\(fence)"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}

extension ToolUse {
    /// The name and what it is about, in a line.
    var headline: String { title.map { $0.isEmpty ? name : "\(name): \($0)" } ?? name }

    /// The input as JSON text.
    var inputText: String {
        var writer = JSONWriter()
        do {
            try writer.value(input)
        } catch {
            // Only a number that is none has no form; it cannot come from JSON.
            return "{}"
        }
        return String(decoding: writer.finish(), as: UTF8.self)
    }
}
