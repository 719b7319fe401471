import Runtime

// Runs as `/mgmt` shows and takes them.

extension JSONWriter {
    /// Everything but what the engine was given.
    mutating func put(_ run: RunRecord) throws {
        let order = run.order
        member("id", run.id)
        member("state", run.state.rawValue)
        member("door", order.door)
        member("engine", order.engine)
        member("user", order.user)
        member("workspace", order.workspace)
        put("persona", order.persona)
        put("chat", order.chat)
        put("lane", order.lane)
        put("model", order.model)
        put("title", order.title)
        member("prompt", order.prompt)
        member("attended", order.isAttended)
        try member("meta", JSONValue.object(order.meta))
        member("created_at", JobTime.text(run.createdAt))
        put("started_at", run.startedAt.map { JobTime.text($0) })
        put("ended_at", run.endedAt.map { JobTime.text($0) })
        member("attempts", run.attempts)
        put("runner", run.runner)
        put("session", run.session)
        try member("usage", encoding: run.usage)
        if let failure = run.failure { try member("error", encoding: failure) }
        put("waiting_for", run.waitingFor)
        member("last_event", Int(run.lastEvent))
    }

    mutating func put(_ decision: RunDecision) throws {
        member("at", JobTime.text(decision.at))
        member("hook", decision.decision.hook)
        member("generation", decision.decision.generation)
        array("scripts") { list in for script in decision.decision.scripts { list.value(script) } }
        if let value = decision.decision.value { try member("decision", value) } else { member(null: "decision") }
        put("reason", decision.decision.reason)
    }

    private mutating func put(_ name: StaticString, _ text: String?) { if let text { member(name, text) } }
}

extension RunFilter {
    init(_ query: QueryFields) throws {
        user = query["user"]
        chat = query["chat"]
        before = query["before"]
        after = query["after"]
        for word in query["state"]?.split(separator: ",") ?? [] {
            guard let state = RunState(rawValue: String(word)) else {
                let known = RunState.allCases.map(\.rawValue).joined(separator: ", ")
                throw Fault(.invalidInput, "there is no state \"\(word)\"", hint: "known are \(known)")
            }
            states.insert(state)
        }
        if let text = query["limit"] {
            guard let number = Int(text), (1...1000).contains(number) else {
                throw Fault(.invalidInput, "limit is \"\(text)\", not a number from 1 to 1000")
            }
            limit = number
        }
    }
}

extension RunOrder {
    /// An order in JSON, for one engine directly.
    init(body: JSONView) throws {
        guard let prompt = body["prompt"].string, !prompt.isEmpty else {
            throw Fault(.invalidInput, "the order has no prompt", hint: "send {\"prompt\": \"…\"}")
        }
        /// What is there and is no text is a mistake rather than nothing.
        func text(_ field: String) throws -> String? {
            let value = body[field]
            guard value.exists else { return nil }
            guard let text = value.string else { throw Fault(.invalidInput, "`\(field)` of the order is no text") }
            return text
        }
        let (attended, meta) = (body["attended"], body["meta"])
        guard !attended.exists || attended.bool != nil else {
            throw Fault(.invalidInput, "`attended` of the order is neither true nor false")
        }
        guard !meta.exists || meta.kind == .object else {
            throw Fault(.invalidInput, "`meta` of the order is no object")
        }
        let user = try text("user") ?? "admin"
        self.init(
            door: "manage", engine: try text("engine") ?? "rehearsal", user: user,
            workspace: try text("workspace") ?? user, chat: try text("chat"), lane: try text("lane"),
            model: try text("model"), title: try text("title"), prompt: prompt,
            isAttended: attended.bool ?? true,
            input: RunInput(
                model: try text("model"), parts: [.text(prompt)], directory: try text("directory") ?? ""))
        if case .object(let members)? = meta.value { self.meta = members }
    }
}

extension AskAnswer {
    /// What a person sent. A list of plain texts is taken for one question's labels each.
    init(to ask: String, body: JSONView, by: String) throws {
        guard let verdict = body["verdict"].string.flatMap({ Verdict(rawValue: $0) }) else {
            throw Fault(
                .invalidInput, "the answer has no verdict",
                hint: "send {\"verdict\": \"once\"}, always, reject, answered or dismissed")
        }
        let answers = body["answers"].elements.map { element in
            element.string.map { [$0] } ?? element.elements.compactMap(\.string)
        }
        self.init(ask: ask, verdict: verdict, answers: answers, message: body["message"].string, by: by)
    }
}
