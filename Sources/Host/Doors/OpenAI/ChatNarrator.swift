import Runtime

/// Tells what an agent does in the chunks of a chat completion: text as content, thoughts as reasoning, tools as cards or
/// blocks to unfold. A state machine without a clock or a socket.
struct ChatNarrator {
    let chunks: ChatChunks
    /// The client has forms of its own for tools and for thoughts between them.
    let isNative: Bool
    /// All content so far, for clients that come back with it.
    private(set) var content = ""

    private var textPart: String?
    /// Something has been shown since the last piece of text.
    private var isInterrupted = false
    private var hasItems = false
    private var thought: (id: String, text: String)?
    /// Cards that have no result yet, in their order.
    private var open: [ToolUse] = []
    private var finished: Set<String> = []

    init(_ chunks: ChatChunks, isNative: Bool) {
        self.chunks = chunks
        self.isNative = isNative
    }

    mutating func text(_ text: String, part: String) -> [[UInt8]] {
        guard !text.isEmpty else { return [] }
        var list = closeThought()
        let isNew = textPart != part
        if isNew, !content.isEmpty, textPart != nil || isInterrupted { list += write(gap) }
        textPart = part
        isInterrupted = false
        return list + write(text)
    }

    mutating func reasoning(_ text: String, part: String) -> [[UInt8]] {
        guard !text.isEmpty else { return [] }
        // Thoughts before everything else have a field of their own; later ones would all be added to those.
        guard isNative, !content.isEmpty || hasItems else { return [chunks.reasoning(text)] }
        var list: [[UInt8]] = []
        if thought?.id != part {
            list += closeThought()
            thought = (part, "")
            hasItems = true
            list.append(
                chunks.item("response.output_item.added") { event in
                    event.object("item") { $0.putThought(part, status: "in_progress", text: nil) }
                })
        }
        thought!.text += text
        list.append(
            chunks.item("response.reasoning_text.delta") {
                $0.member("item_id", part)
                $0.member("delta", text)
            })
        return list
    }

    /// A tool as it stands now, and how it is shown. Blocks and lines are written once, when it has ended.
    mutating func tool(_ tool: ToolUse, _ rendering: Rendering) -> [[UInt8]] {
        let hasEnded = tool.status == .completed || tool.status == .failed
        guard tool.status != .pending, !finished.contains(tool.id) else { return [] }
        if hasEnded { finished.insert(tool.id) }
        let isKnown = open.contains { $0.id == tool.id }
        var list: [[UInt8]] = []
        if let before = rendering.before, !isKnown || rendering.show != .native, hasEnded || rendering.show == .native {
            list += closeThought() + writeBlock(before)
        }
        switch rendering.show {
        case .native:
            if hasEnded {
                list += closeThought() + result(tool, rendering)
            } else if !isKnown {
                open.append(tool)
                list += closeThought() + [call(tool, rendering, "in_progress")]
            }
        case .details where hasEnded:
            list += closeThought() + writeBlock(ChatNarrator.details(tool, rendering))
        case .text where hasEnded:
            list += closeThought() + writeBlock(ChatNarrator.line(tool, rendering))
        case .details, .text, .nothing: break
        }
        return list
    }

    /// A line that people should see. For clients with a place for it above the answer, it goes there.
    mutating func notice(_ text: String) -> [[UInt8]] {
        guard isNative else { return [] }
        return [
            chunks.event("status") {
                $0.member("description", text)
                $0.member("done", true)
            }
        ]
    }

    /// Something of our own between the agent's texts.
    mutating func block(_ text: String) -> [[UInt8]] { closeThought() + writeBlock(text) }

    /// Every card gets its result before the end: a client would call the tool itself otherwise.
    mutating func closeItems(_ reason: String = "This was still running when the answer ended.") -> [[UInt8]] {
        var list = closeThought()
        for var tool in open {
            tool.status = .failed
            tool.error = tool.error ?? reason
            list += result(tool, Rendering(show: .native))
        }
        open = []
        return list
    }

    // MARK: within

    private mutating func result(_ tool: ToolUse, _ rendering: Rendering) -> [[UInt8]] {
        open.removeAll { $0.id == tool.id }
        hasItems = true
        isInterrupted = true
        let hasFailed = tool.status == .failed
        let text = rendering.text ?? (hasFailed ? tool.error ?? tool.output : tool.output)
        return [
            call(tool, rendering, "completed"),
            chunks.item("response.output_item.added") { event in
                event.object("item") { item in
                    item.member("type", "function_call_output")
                    item.member("id", "fco_\(tool.id)")
                    item.member("call_id", tool.id)
                    item.member("status", hasFailed ? "failed" : "completed")
                    item.array("output") { list in
                        list.object {
                            $0.member("type", "input_text")
                            $0.member("text", text)
                        }
                    }
                }
            },
        ]
    }

    private mutating func call(_ tool: ToolUse, _ rendering: Rendering, _ status: String) -> [UInt8] {
        hasItems = true
        isInterrupted = true
        return chunks.item("response.output_item.added") { event in
            event.object("item") {
                $0.member("type", "function_call")
                $0.member("id", "fc_\(tool.id)")
                $0.member("call_id", tool.id)
                $0.member("name", rendering.title ?? tool.name)
                $0.member("arguments", tool.inputText)
                $0.member("status", status)
            }
        }
    }

    private mutating func closeThought() -> [[UInt8]] {
        guard let (id, text) = thought else { return [] }
        thought = nil
        isInterrupted = true
        return [
            chunks.item("response.output_item.done") { event in
                event.object("item") { $0.putThought(id, status: "completed", text: text) }
            }
        ]
    }

    private mutating func write(_ text: String) -> [[UInt8]] {
        content += text
        return [chunks.content(text)]
    }

    private mutating func writeBlock(_ text: String) -> [[UInt8]] {
        guard !text.isEmpty else { return [] }
        let list = write(gap + text)
        isInterrupted = true
        textPart = nil
        return list
    }

    private var gap: String { content.isEmpty ? "" : content.hasSuffix("\n\n") ? "" : "\n\n" }

    // MARK: words for clients without cards

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

extension JSONWriter {
    fileprivate mutating func putThought(_ id: String, status: String, text: String?) {
        member("type", "reasoning")
        member("id", id)
        member("status", status)
        array("content") { list in
            guard let text else { return }
            list.object {
                $0.member("type", "output_text")
                $0.member("text", text)
            }
        }
        member(null: "summary")
    }
}
