import Runtime

/// Tells what an agent does in the chunks of a chat completion: text as content, thoughts as reasoning, tools as cards or
/// blocks to unfold. A state machine without a clock or a socket.
struct ChatNarrator: Narrator {
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
    /// A notice that holds until the turn goes on.
    private var passing: String?

    private let wantsUsage: Bool

    init(_ chunks: ChatChunks, isNative: Bool, wantsUsage: Bool = false) {
        self.chunks = chunks
        self.isNative = isNative
        self.wantsUsage = wantsUsage
    }

    mutating func begin() -> [StreamFrame] { [StreamFrame(chunks.role())] }

    mutating func text(_ text: String, part: String) -> [StreamFrame] {
        guard !text.isEmpty else { return [] }
        var list = closeThought()
        let isNew = textPart != part
        if isNew, !content.isEmpty, textPart != nil || isInterrupted { list += write(gap) }
        textPart = part
        isInterrupted = false
        return list + write(text)
    }

    mutating func reasoning(_ text: String, part: String) -> [StreamFrame] {
        guard !text.isEmpty else { return [] }
        // Thoughts before everything else have a field of their own; later ones would all be added to those.
        guard isNative, !content.isEmpty || hasItems else { return [StreamFrame(chunks.reasoning(text))] }
        var list: [StreamFrame] = []
        if thought?.id != part {
            list += closeThought()
            thought = (part, "")
            hasItems = true
            list.append(
                frame("response.output_item.added") { event in
                    event.object("item") { $0.putThought(part, status: "in_progress", text: nil) }
                })
        }
        thought!.text += text
        list.append(
            frame("response.reasoning_text.delta") {
                $0.member("item_id", part)
                $0.member("delta", text)
            })
        return list
    }

    /// A tool as it stands now, and how it is shown. Blocks and lines are written once, when it has ended.
    mutating func tool(_ tool: ToolUse, _ rendering: Rendering) -> [StreamFrame] {
        let hasEnded = tool.status == .completed || tool.status == .failed
        guard tool.status != .pending, !finished.contains(tool.id) else { return [] }
        if hasEnded { finished.insert(tool.id) }
        let isKnown = open.contains { $0.id == tool.id }
        var list: [StreamFrame] = []
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
            list += closeThought() + writeBlock(ToolWords.details(tool, rendering))
        case .text where hasEnded:
            list += closeThought() + writeBlock(ToolWords.line(tool, rendering))
        case .details, .text, .nothing: break
        }
        return list
    }

    /// A line that people should see. For clients with a place for it above the answer, it goes there.
    mutating func notice(_ text: String, isPassing: Bool) -> [StreamFrame] {
        guard isNative else { return [] }
        passing = isPassing ? text : nil
        return [
            status("status") {
                $0.member("description", text)
                $0.member("done", !isPassing)
            }
        ]
    }

    mutating func goesOn() -> [StreamFrame] {
        guard let text = passing else { return [] }
        passing = nil
        return [
            status("status") {
                $0.member("description", text)
                $0.member("done", true)
                $0.member("hidden", true)
            }
        ]
    }

    /// Something of our own between the agent's texts.
    mutating func block(_ text: String) -> [StreamFrame] { closeThought() + writeBlock(text) }

    /// Every card gets its result before the end: a client would call the tool itself otherwise.
    mutating func closeItems(_ reason: String) -> [StreamFrame] {
        var list = closeThought()
        for var tool in open {
            tool.status = .failed
            tool.error = tool.error ?? reason
            list += result(tool, Rendering(show: .native))
        }
        open = []
        return list
    }

    mutating func ask(call id: String, name: String, arguments: String) -> [StreamFrame] {
        [StreamFrame(chunks.toolCall(id: id, name: name, arguments: arguments))]
    }

    mutating func whole(_ finish: ChatChunks.Finish, reasoning: String, usage: Usage?) throws -> [UInt8] {
        try ChatAnswers.completion(chunks, content, reasoning: reasoning, finish: finish, usage: usage)
    }

    mutating func end(_ ending: ChatReply.Ending, usage: Usage?) throws -> [StreamFrame] {
        var list: [StreamFrame] = []
        switch ending {
        case .finished(let reason):
            list.append(StreamFrame(chunks.finish(reason)))
            // Clients add up what they are told, so that it is told once, behind the last part of an answer.
            if wantsUsage, reason != .toolCalls, let usage { list.append(StreamFrame(try chunks.usage(usage))) }
        case .failed(let error): list.append(StreamFrame(error.text))
        }
        return list + [StreamFrame(Array("[DONE]".utf8))]
    }

    // MARK: within

    private mutating func result(_ tool: ToolUse, _ rendering: Rendering) -> [StreamFrame] {
        open.removeAll { $0.id == tool.id }
        hasItems = true
        isInterrupted = true
        let hasFailed = tool.status == .failed
        let text = rendering.text ?? (hasFailed ? tool.error ?? tool.output : tool.output)
        return [
            call(tool, rendering, "completed"),
            frame("response.output_item.added") { event in
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

    private mutating func call(_ tool: ToolUse, _ rendering: Rendering, _ status: String) -> StreamFrame {
        hasItems = true
        isInterrupted = true
        return frame("response.output_item.added") { event in
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

    private mutating func closeThought() -> [StreamFrame] {
        guard let (id, text) = thought else { return [] }
        thought = nil
        isInterrupted = true
        return [
            frame("response.output_item.done") { event in
                event.object("item") { $0.putThought(id, status: "completed", text: text) }
            }
        ]
    }

    private mutating func write(_ text: String) -> [StreamFrame] {
        content += text
        return [StreamFrame(chunks.content(text))]
    }

    private mutating func writeBlock(_ text: String) -> [StreamFrame] {
        guard !text.isEmpty else { return [] }
        let list = write(gap + text)
        isInterrupted = true
        textPart = nil
        return list
    }

    private func frame(_ type: String, _ contents: (inout JSONWriter) -> Void) -> StreamFrame {
        StreamFrame(chunks.item(type, contents))
    }

    private func status(_ type: String, _ data: (inout JSONWriter) -> Void) -> StreamFrame {
        StreamFrame(chunks.event(type, data))
    }

    private var gap: String { content.isEmpty ? "" : content.hasSuffix("\n\n") ? "" : "\n\n" }
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
