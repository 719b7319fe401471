import Runtime

/// Tells what an agent does in the events of the Responses API: messages and thoughts as items, tools as words in the
/// text, because clients would run calls themselves.
struct ResponseNarrator: Narrator {
    let id: String
    let model: String
    /// Seconds since the epoch.
    let created: Int
    private(set) var content = ""

    /// Items that are whole, as JSON.
    private var items: [[UInt8]] = []
    private var open: OpenItem?
    private var sequence = 0
    private var finished: Set<String> = []
    private var isInterrupted = false

    private struct OpenItem {
        enum Kind { case message, thought }

        let kind: Kind
        let id: String
        var part: String
        var text = ""
    }

    init(id: String, model: String, created: Int) {
        self.id = id
        self.model = model
        self.created = created
    }

    mutating func begin() -> [StreamFrame] {
        let response = response("in_progress")
        return ["response.created", "response.in_progress"].map { self.event($0, response) }
    }

    mutating func text(_ text: String, part: String) -> [StreamFrame] {
        guard !text.isEmpty else { return [] }
        var list: [StreamFrame] = []
        if open?.kind != .message { list += close() + begin(.message, part) }
        // One message may be made of several texts, with something between them.
        let isNew = open!.part != part || isInterrupted
        open!.part = part
        isInterrupted = false
        return list + write((isNew && !open!.text.isEmpty && !open!.text.hasSuffix("\n\n") ? "\n\n" : "") + text)
    }

    mutating func reasoning(_ text: String, part: String) -> [StreamFrame] {
        guard !text.isEmpty else { return [] }
        var list: [StreamFrame] = []
        if open?.kind != .thought || open?.part != part { list += close() + begin(.thought, part) }
        open!.text += text
        let (item, index) = (open!.id, items.count)
        return list + [
            event("response.reasoning_text.delta") {
                $0.member("item_id", item)
                $0.member("output_index", index)
                $0.member("content_index", 0)
                $0.member("delta", text)
            }
        ]
    }

    mutating func tool(_ tool: ToolUse, _ rendering: Rendering) -> [StreamFrame] {
        guard tool.status == .completed || tool.status == .failed, finished.insert(tool.id).inserted else { return [] }
        var words: [String] = rendering.before.map { [$0] } ?? []
        switch rendering.show {
        case .native, .details: words.append(ToolWords.details(tool, rendering))
        case .text: words.append(ToolWords.line(tool, rendering))
        case .nothing: break
        }
        return words.isEmpty ? [] : block(words.joined(separator: "\n\n"))
    }

    mutating func notice(_ text: String, isPassing: Bool) -> [StreamFrame] { [] }
    mutating func goesOn() -> [StreamFrame] { [] }

    mutating func block(_ text: String) -> [StreamFrame] {
        isInterrupted = true
        let list = self.text(text, part: "block")
        isInterrupted = true
        return list
    }

    mutating func closeItems(_ reason: String) -> [StreamFrame] { [] }

    mutating func ask(call id: String, name: String, arguments: String) -> [StreamFrame] {
        var list = close()
        var item = JSONWriter()
        item.object {
            $0.member("type", "function_call")
            $0.member("id", "fc_\(id)")
            $0.member("call_id", id)
            $0.member("name", name)
            $0.member("arguments", arguments)
            $0.member("status", "completed")
        }
        let bytes = item.finish()
        for type in ["response.output_item.added", "response.output_item.done"] { list.append(itemEvent(type, bytes)) }
        items.append(bytes)
        return list
    }

    mutating func end(_ ending: ChatReply.Ending, usage: Usage?) throws -> [StreamFrame] {
        let list = close()
        let (status, bytes) = response(ending, usage)
        return list + [event("response.\(status)", bytes)]
    }

    /// Thoughts are items already.
    mutating func whole(_ finish: ChatChunks.Finish, reasoning: String, usage: Usage?) -> [UInt8] {
        _ = close()
        return response(.finished(finish), usage).bytes
    }

    // MARK: items

    private mutating func begin(_ kind: OpenItem.Kind, _ part: String) -> [StreamFrame] {
        let name = kind == .message ? "msg" : "rs"
        let item = OpenItem(kind: kind, id: "\(name)_\(id.dropFirst(5))_\(items.count)", part: part)
        open = item
        var list = [itemEvent("response.output_item.added", ResponseNarrator.bytes(item, "in_progress"))]
        if kind == .message { list.append(contentPart("response.content_part.added", item)) }
        return list
    }

    private mutating func write(_ text: String) -> [StreamFrame] {
        open!.text += text
        content += text
        let (item, index) = (open!.id, items.count)
        return [
            event("response.output_text.delta") {
                $0.member("item_id", item)
                $0.member("output_index", index)
                $0.member("content_index", 0)
                $0.member("delta", text)
            }
        ]
    }

    private mutating func close() -> [StreamFrame] {
        guard let item = open else { return [] }
        open = nil
        isInterrupted = true
        var list: [StreamFrame] = []
        let index = items.count
        if item.kind == .message {
            list.append(
                event("response.output_text.done") {
                    $0.member("item_id", item.id)
                    $0.member("output_index", index)
                    $0.member("content_index", 0)
                    $0.member("text", item.text)
                })
            list.append(contentPart("response.content_part.done", item))
        }
        let bytes = ResponseNarrator.bytes(item, "completed")
        list.append(itemEvent("response.output_item.done", bytes))
        items.append(bytes)
        return list
    }

    private mutating func contentPart(_ type: String, _ item: OpenItem) -> StreamFrame {
        let index = items.count
        return event(type) { event in
            event.member("item_id", item.id)
            event.member("output_index", index)
            event.member("content_index", 0)
            event.object("part") { $0.putText(item.text) }
        }
    }

    private mutating func itemEvent(_ type: String, _ item: [UInt8]) -> StreamFrame {
        let index = items.count
        return event(type) { event in
            event.member("output_index", index)
            event.key("item")
            event.value(json: item)
        }
    }

    private mutating func event(_ type: String, _ contents: (inout JSONWriter) -> Void) -> StreamFrame {
        var writer = JSONWriter()
        writer.object { event in
            event.member("type", type)
            event.member("sequence_number", sequence)
            contents(&event)
        }
        sequence += 1
        return StreamFrame(writer.finish(), event: type)
    }

    private mutating func event(_ type: String, _ response: [UInt8]) -> StreamFrame {
        event(type) { event in
            event.key("response")
            event.value(json: response)
        }
    }

    private static func bytes(_ item: OpenItem, _ status: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { object in
            object.member("id", item.id)
            switch item.kind {
            case .message:
                object.member("type", "message")
                object.member("role", "assistant")
                object.member("status", status)
                object.array("content") { list in
                    if !item.text.isEmpty { list.object { $0.putText(item.text) } }
                }
            case .thought:
                object.member("type", "reasoning")
                object.array("summary") { _ in }
                object.array("content") { list in
                    guard !item.text.isEmpty else { return }
                    list.object {
                        $0.member("type", "reasoning_text")
                        $0.member("text", item.text)
                    }
                }
                object.member("status", status)
            }
        }
        return writer.finish()
    }

    // MARK: the response

    private func response(_ ending: ChatReply.Ending, _ usage: Usage?) -> (status: String, bytes: [UInt8]) {
        switch ending {
        case .failed(let error): return ("failed", response("failed", usage, error))
        case .finished(let reason):
            let status = reason == .stop || reason == .toolCalls ? "completed" : "incomplete"
            return (status, response(status, usage, incomplete: reason))
        }
    }

    private func response(
        _ status: String, _ usage: Usage? = nil, _ error: OpenAIError? = nil, incomplete: ChatChunks.Finish? = nil
    ) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { put(into: &$0, status, usage, error, incomplete) }
        return writer.finish()
    }

    private func put(
        into response: inout JSONWriter, _ status: String, _ usage: Usage?, _ error: OpenAIError?,
        _ incomplete: ChatChunks.Finish?
    ) {
        response.member("id", id)
        response.member("object", "response")
        response.member("created_at", created)
        response.member("status", status)
        response.member("model", model)
        response.array("output") { list in for item in items { list.value(json: item) } }
        if let error {
            response.object("error") {
                $0.member("code", error.code ?? "server_error")
                $0.member("message", error.message)
            }
        } else {
            response.member(null: "error")
        }
        if status == "incomplete" {
            response.object("incomplete_details") {
                $0.member("reason", incomplete == .length ? "max_output_tokens" : "content_filter")
            }
        } else {
            response.member(null: "incomplete_details")
        }
        response.member(null: "instructions")
        response.object("metadata") { _ in }
        response.member("parallel_tool_calls", true)
        response.member("tool_choice", "auto")
        response.array("tools") { _ in }
        guard let usage else { return response.member(null: "usage") }
        response.object("usage") { object in
            object.member("input_tokens", usage.input)
            object.object("input_tokens_details") { $0.member("cached_tokens", usage.cached) }
            object.member("output_tokens", usage.output)
            object.object("output_tokens_details") { $0.member("reasoning_tokens", usage.reasoning) }
            object.member("total_tokens", usage.input + usage.output)
        }
    }
}

extension JSONWriter {
    fileprivate mutating func putText(_ text: String) {
        member("type", "output_text")
        member("text", text)
        array("annotations") { _ in }
    }
}
