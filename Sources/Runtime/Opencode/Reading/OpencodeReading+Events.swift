extension OpencodeEvent {
    /// An event of version 1, from either of its streams; nil for what is of no use here. The global stream says durable
    /// events twice, the second time as `sync`.
    static func majorOne(_ frame: JSONView) -> OpencodeEvent? {
        let event = frame["payload"].exists ? frame["payload"] : frame
        guard let type = event["type"].string, type != "sync",
            let body = Body(type, event["properties"], directory: frame["directory"].string)
        else { return nil }
        return OpencodeEvent(id: event["id"].string, body)
    }
}

extension OpencodeEvent.Body {
    fileprivate init?(_ type: String, _ data: JSONView, directory: String?) {
        let session = data["sessionID"].string
        let read: Self?
        switch type {
        case "server.connected": read = .connected
        case "server.heartbeat": read = .heartbeat
        case "server.instance.disposed": read = .disposed(directory: data["directory"].string ?? directory)
        case "global.disposed": read = .disposed(directory: nil)
        case "session.created", "session.updated": read = OpencodeSession(data["info"]).map { .session($0) }
        case "session.deleted": read = (session ?? data["info"]["id"].string).map { .sessionRemoved($0) }
        case "session.status": read = session.map { .status(session: $0, OpencodeStatus(data["status"])) }
        case "session.idle": read = session.map { .status(session: $0, .idle) }
        case "session.compacted": read = session.map { .compacted(session: $0) }
        case "session.error":
            read = session.flatMap { id in OpencodeError(data["error"]).map { .failed(session: id, $0) } }
        case "todo.updated":
            read = session.map { .todo(session: $0, data["todos"].elements.map { OpencodeTodo($0) }) }
        case let type where type.hasPrefix("message."): read = Self(message: type, data)
        case let type where type.hasPrefix("permission.") || type.hasPrefix("question."): read = Self(ask: type, data)
        default: read = nil
        }
        guard let read else { return nil }
        self = read
    }

    private init?(message type: String, _ data: JSONView) {
        let session = data["sessionID"].string ?? ""
        let message = data["messageID"].string ?? ""
        let read: Self?
        switch type {
        case "message.updated": read = OpencodeMessage(data["info"]).map { .message($0) }
        case "message.removed": read = .messageRemoved(session: session, message: message)
        // The old dialect has the new piece beside the whole text so far; the text alone is enough.
        case "message.part.updated": read = OpencodePart(data["part"]).map { .part($0) }
        case "message.part.removed":
            read = data["partID"].string.map { .partRemoved(session: session, message: message, part: $0) }
        case "message.part.delta":
            read = data["partID"].string.map {
                .delta(
                    session: session, message: message, part: $0, field: data["field"].string ?? "text",
                    text: data["delta"].string ?? "")
            }
        default: read = nil
        }
        guard let read else { return nil }
        self = read
    }

    private init?(ask type: String, _ data: JSONView) {
        // `permission.v2.asked` and `question.v2.asked` came with the first parts of version 2.
        let words = type.split(separator: ".")
        guard let verb = words.last, let session = data["sessionID"].string else { return nil }
        let id = data["requestID"].string ?? data["permissionID"].string
        let isPermission = words[0] == "permission"
        let read: Self?
        switch verb {
        // Before version 1.1 an open permission was an updated one.
        case "asked", "updated":
            read = (isPermission ? OpencodeAsk(permission: data) : OpencodeAsk(question: data)).map { .asked($0) }
        case "replied":
            let reply = (data["reply"].string ?? data["response"].string).flatMap(OpencodeVerdict.init)
            read = id.map {
                .answered(
                    session: session, ask: $0, isPermission ? reply ?? .once : .answered,
                    answers: data["answers"].elements.map(\.texts))
            }
        case "rejected": read = id.map { .answered(session: session, ask: $0, .reject, answers: []) }
        default: read = nil
        }
        guard let read else { return nil }
        self = read
    }
}
