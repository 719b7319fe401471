import Runtime

/// What sort of event it is: the `kind` of its JSON, and a column of the store.
enum RunEventKind: String, Sendable, CaseIterable, Storable {
    case state, text, reasoning, tool, todo, ask, answer, usage, artifact, notice, cut, error, place
}

extension RunEventBody {
    var kind: RunEventKind {
        switch self {
        case .state: .state
        case .text: .text
        case .reasoning: .reasoning
        case .tool: .tool
        case .todo: .todo
        case .ask: .ask
        case .answer: .answer
        case .usage: .usage
        case .artifact: .artifact
        case .notice: .notice
        case .cut: .cut
        case .error: .error
        case .place: .place
        }
    }

    /// The members of its JSON, behind `kind`: the one form in which events are kept, sent and shown to scripts.
    func put(into json: inout JSONWriter) throws {
        switch self {
        case .state(let state, let reason):
            json.member("state", state.rawValue)
            json.member("reason", reason)
        case .text(let text, let part), .reasoning(let text, let part):
            json.member("text", text)
            json.member("part", part)
        case .tool(let use): try json.member("tool", encoding: use)
        case .todo(let items): try json.member("items", encoding: items)
        case .ask(let ask): try json.member("ask", encoding: ask)
        case .answer(let answer): try json.member("answer", encoding: answer)
        case .usage(let usage): try json.member("usage", encoding: usage)
        case .artifact(let artifact): try json.member("artifact", artifact)
        case .notice(let text, let isPassing):
            json.member("text", text)
            if isPassing { json.member("passing", true) }
        case .cut(let text): json.member("text", text)
        case .error(let failure): try json.member("error", encoding: failure)
        case .place(let place): json.member("place", place)
        }
    }

    init(_ kind: RunEventKind, _ json: JSONView) throws {
        func text(_ name: String) throws -> String {
            guard let text = json[name].string else {
                throw Fault(.internal, "an event of kind \(kind.rawValue) has no \(name)")
            }
            return text
        }
        switch kind {
        case .state:
            guard let state = RunState(rawValue: try text("state")) else {
                throw Fault(.internal, "there is no state \"\(try text("state"))\"")
            }
            self = .state(state, reason: try text("reason"))
        case .text: self = .text(try text("text"), part: try text("part"))
        case .reasoning: self = .reasoning(try text("text"), part: try text("part"))
        case .tool: self = .tool(try json["tool"].decode(ToolUse.self))
        case .todo: self = .todo(try json["items"].decode([TodoItem].self))
        case .ask: self = .ask(try json["ask"].decode(Ask.self))
        case .answer: self = .answer(try json["answer"].decode(AskAnswer.self))
        case .usage: self = .usage(try json["usage"].decode(Usage.self))
        case .artifact: self = .artifact(json["artifact"].value ?? .null)
        case .notice: self = .notice(try text("text"), isPassing: json["passing"].bool ?? false)
        case .cut: self = .cut(try text("text"))
        case .error: self = .error(try json["error"].decode(RunFailure.self))
        case .place: self = .place(json["place"].integer ?? 1)
        }
    }
}

extension RunEvent {
    /// `{"number": 7, "at": 1700000000000, "kind": "text", "text": "…", "part": "…"}`
    func put(into json: inout JSONWriter) throws {
        try json.object { json in
            json.member("number", Int(number))
            json.member("at", Int(at))
            json.member("kind", body.kind.rawValue)
            try body.put(into: &json)
        }
    }

    var json: [UInt8] {
        get throws {
            var json = JSONWriter()
            try put(into: &json)
            return json.finish()
        }
    }

    init(_ json: JSONView) throws {
        guard let number = json["number"].integer, let at = json["at"].integer,
            let kind = json["kind"].string.flatMap({ RunEventKind(rawValue: $0) })
        else { throw Fault(.invalidInput, "that is no event of a run: it needs number, at and kind") }
        self.init(number: Int64(number), at: Int64(at), body: try RunEventBody(kind, json))
    }
}

extension JSONWriter {
    mutating func member(_ name: StaticString, encoding value: some Encodable) throws {
        key(name)
        try self.value(encoding: value)
    }
}
