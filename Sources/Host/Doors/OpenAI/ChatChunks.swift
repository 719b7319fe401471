import Runtime

/// Writes the chunks of one streamed chat completion. It knows the form and nothing of when.
struct ChatChunks {
    let id: String
    let model: String
    /// Seconds since the epoch.
    let created: Int
    private let head: [UInt8]

    init(id: String, model: String, created: Int) {
        self.id = id
        self.model = model
        self.created = created
        var writer = JSONWriter()
        writer.object {
            $0.member("id", id)
            $0.member("object", "chat.completion.chunk")
            $0.member("created", created)
            $0.member("model", model)
        }
        // What all chunks begin with is made once; each goes on where the brace was.
        head = writer.finish().dropLast() + Array(",\"choices\":[".utf8)
    }

    enum Finish: String { case stop, length, toolCalls = "tool_calls", contentFilter = "content_filter" }

    func role() -> [UInt8] {
        delta {
            $0.member("role", "assistant")
            $0.member("content", "")
        }
    }

    func content(_ text: String) -> [UInt8] { delta { $0.member("content", text) } }

    func reasoning(_ text: String) -> [UInt8] { delta { $0.member("reasoning_content", text) } }

    /// The one kind of tool call that a client is asked to make: to ask its user.
    func toolCall(id: String, name: String, arguments: String) -> [UInt8] {
        delta { delta in
            delta.array("tool_calls") { calls in
                calls.object { call in
                    call.member("index", 0)
                    call.member("id", id)
                    call.member("type", "function")
                    call.object("function") {
                        $0.member("name", name)
                        $0.member("arguments", arguments)
                    }
                }
            }
        }
    }

    func finish(_ reason: Finish) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { choice in
            choice.member("index", 0)
            choice.object("delta") { _ in }
            choice.member("finish_reason", reason.rawValue)
        }
        return head + writer.finish() + ChatChunks.tail
    }

    func usage(_ usage: Usage) throws -> [UInt8] {
        var writer = JSONWriter()
        try writer.object { try $0.put(completion: usage) }
        return head + Array("],\"usage\":".utf8) + writer.finish() + [UInt8(ascii: "}")]
    }

    /// An event of OpenAI's other API inside a chunk without choices: strict clients see an empty one, Open WebUI a card.
    func item(_ type: String, _ contents: (inout JSONWriter) throws -> Void) rethrows -> [UInt8] {
        var writer = JSONWriter()
        try writer.object {
            $0.member("type", type)
            try contents(&$0)
        }
        return head + Array("],".utf8) + writer.finish().dropFirst()
    }

    /// An event of Open WebUI's own, which it hands on to the browser.
    func event(_ type: String, _ data: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { chunk in
            chunk.object("event") {
                $0.member("type", type)
                $0.object("data", data)
            }
        }
        return head + Array("],".utf8) + writer.finish().dropFirst()
    }

    private func delta(_ contents: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter(after: head)
        writer.object { choice in
            choice.member("index", 0)
            choice.object("delta", contents)
            choice.member(null: "finish_reason")
        }
        return writer.finish() + ChatChunks.tail
    }

    private static let tail = Array("]}".utf8)
}

extension JSONWriter {
    /// As chat completions call it, with the cost where it is known.
    mutating func put(completion usage: Usage) throws {
        member("prompt_tokens", usage.input)
        member("completion_tokens", usage.output)
        member("total_tokens", usage.input + usage.output)
        object("prompt_tokens_details") { $0.member("cached_tokens", usage.cached) }
        object("completion_tokens_details") { $0.member("reasoning_tokens", usage.reasoning) }
        if let cost = usage.cost { try member("cost", cost) }
    }
}
