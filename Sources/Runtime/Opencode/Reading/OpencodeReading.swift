// How version 1 writes sessions, messages, parts and asks. What an object must have to be of use is required; anything
// unknown in it is passed over, because servers add to it all the time.

extension OpencodeSession {
    init?(_ view: JSONView) {
        guard let id = view["id"].string else { return nil }
        self.init(
            id: id, parent: view["parentID"].string, title: view["title"].string ?? "",
            directory: view["directory"].string ?? view["location"]["directory"].string ?? "",
            created: view["time"]["created"].milliseconds ?? 0, updated: view["time"]["updated"].milliseconds ?? 0,
            cost: view["cost"].number ?? 0, shareURL: view["share"]["url"].string)
    }
}

extension OpencodeStatus {
    init(_ view: JSONView) {
        switch view["type"].string {
        case "busy": self = .busy
        case "retry":
            self = .retry(
                attempt: view["attempt"].integer ?? 1, message: view["message"].string ?? "",
                next: view["next"].milliseconds ?? 0)
        default: self = .idle
        }
    }
}

extension OpencodeMessage {
    /// From its own object; `parts` are beside it, where there are any.
    init?(_ view: JSONView, parts: JSONView? = nil) {
        guard let id = view["id"].string, let session = view["sessionID"].string, let role = view["role"].string else {
            return nil
        }
        self.init(
            id: id, session: session, isUser: role == "user", parent: view["parentID"].string,
            created: view["time"]["created"].milliseconds ?? 0, completed: view["time"]["completed"].milliseconds,
            finish: view["finish"].string, error: OpencodeError(view["error"]),
            isSummary: view["summary"].bool ?? false, agent: view["agent"].string,
            structured: view["structured"].isNull ? nil : view["structured"].value,
            tokens: OpencodeTokens(view["tokens"]), cost: view["cost"].number ?? 0,
            parts: parts?.elements.compactMap { OpencodePart($0) } ?? [])
    }
}

extension OpencodePart {
    init?(_ view: JSONView) {
        guard let id = view["id"].string, let session = view["sessionID"].string,
            let message = view["messageID"].string, let type = view["type"].string
        else { return nil }
        var isEnded = true
        let body: Body
        switch type {
        case "text":
            isEnded = view["time"]["end"].milliseconds != nil
            body = .text(view["text"].string ?? "", isSynthetic: view["synthetic"].bool ?? false)
        case "reasoning":
            isEnded = view["time"]["end"].milliseconds != nil
            body = .reasoning(view["text"].string ?? "")
        case "tool": body = .tool(OpencodeTool(view))
        case "step-finish":
            body = .step(OpencodeTokens(view["tokens"]) ?? OpencodeTokens(), cost: view["cost"].number ?? 0)
        case "compaction": body = .compaction(isAutomatic: view["auto"].bool ?? false)
        default: body = .other(type)
        }
        self.init(id: id, session: session, message: message, isEnded: isEnded, body)
    }
}

extension OpencodeTool {
    /// From its whole part.
    init(_ part: JSONView) {
        let name = part["tool"].string ?? "tool"
        let state = part["state"]
        let metadata = state["metadata"]
        let input = state["input"].value ?? .object([:])
        let isTask = name == "task"
        self.init(
            name: name, call: part["callID"].string, status: state["status"].string.flatMap(Status.init) ?? .pending,
            title: state["title"].string,
            input: input, output: state["output"].string ?? metadata["output"].string ?? "",
            error: state["error"].string, started: state["time"]["start"].milliseconds,
            ended: state["time"]["end"].milliseconds, child: isTask ? metadata["sessionId"].string : nil,
            agent: isTask ? input["subagent_type"]?.string : nil)
    }
}

extension OpencodeTokens {
    init?(_ view: JSONView) {
        guard view.kind == .object else { return nil }
        self.init(
            input: view["input"].amount, output: view["output"].amount, reasoning: view["reasoning"].amount,
            cacheRead: view["cache"]["read"].amount, cacheWrite: view["cache"]["write"].amount)
    }
}

extension OpencodeError {
    init?(_ view: JSONView) {
        guard view.kind == .object else { return nil }
        let data = view["data"]
        let name = view["name"].string ?? view["_tag"].string ?? view["type"].string ?? "UnknownError"
        let headers = data["responseHeaders"]
        let wait = headers["retry-after"].string.flatMap { Double($0) }
        let waitMilliseconds = headers["retry-after-ms"].string.flatMap { Double($0) }
        self.init(
            name, data["message"].string ?? view["message"].string ?? name, status: data["statusCode"].integer,
            isRetryable: data["isRetryable"].bool ?? false, retryAfter: waitMilliseconds.map { $0 / 1000 } ?? wait,
            provider: data["providerID"].string)
    }
}

extension OpencodeAsk {
    init?(permission view: JSONView) {
        guard let id = view["id"].string, let session = view["sessionID"].string else { return nil }
        // The early names of version 2 came into late servers of version 1 as well.
        let name = view["permission"].string ?? view["action"].string ?? view["type"].string ?? "tool"
        let patterns = view["patterns"].exists ? view["patterns"] : view["resources"]
        let always = view["always"].exists ? view["always"] : view["save"]
        self.init(
            id: id, session: session, message: view["tool"]["messageID"].string ?? view["messageID"].string,
            call: view["tool"]["callID"].string ?? view["callID"].string,
            .permission(
                OpencodePermission(
                    name: name, patterns: patterns.texts, always: always.texts,
                    metadata: view["metadata"].value ?? .object([:]))))
    }

    init?(question view: JSONView) {
        guard let id = view["id"].string, let session = view["sessionID"].string else { return nil }
        let questions = view["questions"].elements.map { question in
            OpencodeQuestion(
                header: question["header"].string ?? "", text: question["question"].string ?? "",
                options: question["options"].elements.map {
                    .init(label: $0["label"].string ?? "", description: $0["description"].string ?? "")
                }, allowsSeveral: question["multiple"].bool ?? false, allowsOther: question["custom"].bool ?? true)
        }
        self.init(
            id: id, session: session, message: view["tool"]["messageID"].string, call: view["tool"]["callID"].string,
            .questions(questions))
    }
}

extension OpencodeTodo {
    init(_ view: JSONView) {
        self.init(
            text: view["content"].string ?? "", status: view["status"].string ?? "pending",
            priority: view["priority"].string)
    }
}

extension JSONView {
    /// Whole milliseconds, from whatever sort of number the server wrote.
    var milliseconds: Int64? {
        if let whole = integer { return Int64(whole) }
        return number.flatMap { Int64(exactly: $0.rounded()) }
    }

    /// A number of things, from whatever sort of number the server wrote; 0 where there is none.
    fileprivate var amount: Int { milliseconds.map { Int(max(0, $0)) } ?? 0 }

    /// The texts of a list, or of a single text.
    var texts: [String] {
        if let text = string { return [text] }
        return elements.compactMap(\.string)
    }
}
