// How version 2 writes the same things. Its stream says what happens in place of how the messages then look, so parts
// are put together from the message, the kind and the place in it. Both the early names (`session.next.…`) and the
// later ones are read.

extension OpencodeEvent {
    static func majorTwo(_ frame: JSONView) -> OpencodeEvent? {
        guard let type = frame["type"].string else { return nil }
        let plain = type.hasPrefix("session.next.") ? "session." + type.dropFirst(13) : type
        guard let body = Body(two: plain, frame["data"], directory: frame["location"]["directory"].string) else {
            return nil
        }
        return OpencodeEvent(id: frame["id"].string, body)
    }
}

extension OpencodeEvent.Body {
    fileprivate init?(two type: String, _ data: JSONView, directory: String?) {
        let session = data["sessionID"].string ?? data["id"].string
        let read: Self?
        switch type {
        case "server.connected": read = .connected
        case "server.heartbeat": read = .heartbeat
        case "session.created":
            read = OpencodeSession(data["info"].exists ? data["info"] : data).map { .session($0) }
        case "session.deleted": read = session.map { .sessionRemoved($0) }
        case "session.execution.started": read = session.map { .status(session: $0, .busy) }
        case "session.execution.succeeded": read = session.map { .status(session: $0, .idle) }
        case "session.execution.failed":
            read = session.flatMap { id in OpencodeError(data["error"]).map { .failed(session: id, $0) } }
        // A superseded turn goes on in the one that took its place.
        case "session.execution.interrupted":
            read =
                data["reason"].equals("superseded")
                ? nil
                : session.map {
                    .failed(session: $0, OpencodeError("MessageAbortedError", data["reason"].string ?? "interrupted"))
                }
        case "session.retry.scheduled", "session.retried":
            read = session.map {
                .status(
                    session: $0,
                    .retry(
                        attempt: data["attempt"].integer ?? 1, message: data["error"]["message"].string ?? "",
                        next: data["next"].milliseconds ?? 0))
            }
        case "session.compaction.ended": read = session.map { .compacted(session: $0) }
        case "permission.asked", "permission.v2.asked": read = OpencodeAsk(permission: data).map { .asked($0) }
        case "permission.replied", "permission.v2.replied":
            let reply = (data["decision"].string ?? data["reply"].string).flatMap(OpencodeVerdict.init)
            read = session.flatMap { session in
                data["requestID"].string.map {
                    .answered(session: session, ask: $0, reply ?? .once, answers: [])
                }
            }
        case "form.created": read = OpencodeAsk(form: data).map { .asked($0) }
        case "form.replied", "form.cancelled":
            read = session.flatMap { session in
                (data["formID"].string ?? data["requestID"].string).map {
                    .answered(session: session, ask: $0, type.hasSuffix("replied") ? .answered : .reject, answers: [])
                }
            }
        default: read = Self(twoMessage: type, data)
        }
        guard let read else { return nil }
        self = read
    }

    private init?(twoMessage type: String, _ data: JSONView) {
        guard let session = data["sessionID"].string else { return nil }
        let answer = data["assistantMessageID"].string ?? ""
        let read: Self?
        switch type {
        case "session.inbox.enqueued", "session.prompt.admitted", "session.prompted":
            read = data["messageID"].string.map {
                .message(
                    OpencodeMessage(
                        id: $0, session: session, isUser: true, created: data["timestamp"].milliseconds ?? 0))
            }
        case "session.step.started":
            read = .message(
                OpencodeMessage(
                    id: answer, session: session, isUser: false, created: data["timestamp"].milliseconds ?? 0,
                    agent: data["agent"].string))
        // A failed step is no failed turn: it may be tried again.
        case "session.step.ended":
            read = .part(
                OpencodePart(
                    id: "\(answer)/step", session: session, message: answer,
                    .step(OpencodeTokens(data["tokens"]) ?? OpencodeTokens(), cost: data["cost"].number ?? 0)))
        case let type where type.hasPrefix("session.tool."): read = Self(twoTool: type, data, session, answer)
        case let type where type.hasPrefix("session.text.") || type.hasPrefix("session.reasoning."):
            read = Self(twoText: type, data, session, answer)
        default: read = nil
        }
        guard let read else { return nil }
        self = read
    }

    private init?(twoText type: String, _ data: JSONView, _ session: String, _ answer: String) {
        let isText = type.hasPrefix("session.text.")
        let kind = isText ? "text" : "reasoning"
        let place = data["textID"].string ?? data["reasoningID"].string ?? "\(kind)-\(data["ordinal"].integer ?? 0)"
        let id = "\(answer)/\(place)"
        let text = data["text"].string ?? ""
        let body: OpencodePart.Body = isText ? .text(text, isSynthetic: false) : .reasoning(text)
        switch type.split(separator: ".").last {
        case "started": self = .part(OpencodePart(id: id, session: session, message: answer, isEnded: false, body))
        case "ended": self = .part(OpencodePart(id: id, session: session, message: answer, body))
        case "delta":
            self = .delta(
                session: session, message: answer, part: id, field: "text", text: data["delta"].string ?? "")
        default: return nil
        }
    }

    private init?(twoTool type: String, _ data: JSONView, _ session: String, _ answer: String) {
        guard let call = data["callID"].string ?? data["id"].string else { return nil }
        let status: OpencodeTool.Status
        switch type.dropFirst("session.tool.".count) {
        case "input.started": status = .pending
        case "called", "progress": status = .running
        case "success", "succeeded": status = .completed
        case "failed": status = .failed
        default: return nil
        }
        // Only the first of them has the name; an empty one leaves what is known.
        let tool = OpencodeTool(
            name: data["tool"].string ?? data["name"].string ?? "", call: call, status: status,
            input: data["input"].value ?? .object([:]), output: data["content"].elements.toolText,
            error: status == .failed ? data["error"]["message"].string ?? "the tool failed" : nil)
        self = .part(OpencodePart(id: "\(answer)/\(call)", session: session, message: answer, .tool(tool)))
    }
}

extension OpencodeMessage {
    /// A message of version 2; nil for those that are neither a prompt nor an answer.
    init?(two view: JSONView, session: String) {
        guard let id = view["id"].string, let type = view["type"].string, type == "user" || type == "assistant" else {
            return nil
        }
        var parts: [OpencodePart] = []
        if type == "user" {
            parts = [
                OpencodePart(
                    id: "\(id)/text", session: session, message: id,
                    .text(view["text"].string ?? "", isSynthetic: false))
            ]
        }
        let isComplete = view["time"]["completed"].milliseconds != nil
        parts += view["content"].elements.compactMap { content in
            OpencodePart(two: content, session: session, message: id, isComplete: isComplete)
        }
        if let tokens = OpencodeTokens(view["tokens"]) {
            parts.append(
                OpencodePart(
                    id: "\(id)/step", session: session, message: id, .step(tokens, cost: view["cost"].number ?? 0)))
        }
        self.init(
            id: id, session: session, isUser: type == "user", created: view["time"]["created"].milliseconds ?? 0,
            completed: view["time"]["completed"].milliseconds, finish: view["finish"].string,
            error: OpencodeError(view["error"]), agent: view["agent"].string, tokens: OpencodeTokens(view["tokens"]),
            cost: view["cost"].number ?? 0, parts: parts)
    }
}

extension OpencodePart {
    fileprivate init?(two view: JSONView, session: String, message: String, isComplete: Bool) {
        guard let place = view["id"].string, let type = view["type"].string else { return nil }
        let text = view["text"].string ?? ""
        let isEnded = isComplete || view["time"]["completed"].milliseconds != nil
        let body: Body
        switch type {
        case "text": body = .text(text, isSynthetic: false)
        case "reasoning": body = .reasoning(text)
        case "tool":
            let state = view["state"]
            body = .tool(
                OpencodeTool(
                    name: view["name"].string ?? "tool", call: place,
                    status: state["status"].string.flatMap(OpencodeTool.Status.init) ?? .pending,
                    input: state["input"].value.flatMap { $0.string == nil ? $0 : nil } ?? .object([:]),
                    output: state["content"].elements.toolText, error: state["error"]["message"].string,
                    started: view["time"]["ran"].milliseconds, ended: view["time"]["completed"].milliseconds))
        default: body = .other(type)
        }
        self.init(id: "\(message)/\(place)", session: session, message: message, isEnded: isEnded, body)
    }
}

extension OpencodeAsk {
    /// Version 2 asks by forms.
    init?(form view: JSONView) {
        guard let id = view["id"].string, let session = view["sessionID"].string else { return nil }
        let fields = view["fields"].exists ? view["fields"] : view["questions"]
        self.init(
            id: id, session: session, message: view["source"]["messageID"].string,
            call: view["source"]["callID"].string,
            .questions(
                fields.elements.map { field in
                    OpencodeQuestion(
                        header: field["header"].string ?? field["label"].string ?? "",
                        text: field["question"].string ?? field["title"].string ?? view["title"].string ?? "",
                        options: field["options"].elements.map {
                            .init(
                                label: $0["label"].string ?? $0.string ?? "",
                                description: $0["description"].string ?? "")
                        }, allowsSeveral: field["multiple"].bool ?? false, allowsOther: field["custom"].bool ?? true,
                        key: field["key"].string ?? field["id"].string)
                }))
    }
}

extension JSONView.Elements {
    /// The texts that a tool gave, one below the other.
    fileprivate var toolText: String { compactMap { $0["text"].string }.joined(separator: "\n") }
}
