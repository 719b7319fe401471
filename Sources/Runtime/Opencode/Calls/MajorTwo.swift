/// opencode 2.x, as far as it is known: sessions, prompts, stopping, events and asks. The rest is told in a fault.
@Loop
final class MajorTwo: OpencodeDialect {
    let capabilities: OpencodeCapabilities
    private let link: OpencodeLink

    init(_ link: OpencodeLink, _ capabilities: OpencodeCapabilities) {
        self.link = link
        self.capabilities = capabilities
    }

    var stream: OpencodeCall { OpencodeCall(.get, ["api", "event"]) }

    /// A turn that failed or was stopped is over: version 1 says both.
    func events(_ frame: JSONView) -> [OpencodeEvent] {
        guard let event = OpencodeEvent.majorTwo(frame) else { return [] }
        guard case .failed(let session, _) = event.body else { return [event] }
        return [event, OpencodeEvent(.status(session: session, .idle))]
    }

    // MARK: sessions

    func create(_ session: OpencodeNewSession, in directory: String) async throws -> OpencodeSession {
        var body: JSONObject = ["location": ["directory": .string(directory)]]
        body["title"] = session.title.map { .string($0) }
        body["agent"] = session.agent.map { .string($0) }
        return try await one(
            OpencodeCall(.post, ["api", "session"], body: .object(body), limit: link.settings.firstCall))
    }

    func session(_ id: String, in directory: String?) async throws -> OpencodeSession {
        try await one(OpencodeCall(.get, ["api", "session", id]))
    }

    func sessions(in directory: String, limit: Int) async throws -> [OpencodeSession] {
        let call = OpencodeCall(
            .get, ["api", "session"], query: [("directory", directory), ("limit", "\(limit)")])
        return try await read(call).elements.compactMap { OpencodeSession($0) }
    }

    func remove(_ session: String, in directory: String?) async throws {
        try await link.answer(OpencodeCall(.delete, ["api", "session", session])).done()
    }

    func abort(_ session: String, in directory: String?) async throws {
        try await link.answer(OpencodeCall(.post, ["api", "session", session, "interrupt"])).done()
    }

    func children(of session: String, in directory: String?) async throws -> [OpencodeSession] { [] }

    // MARK: messages

    func messages(
        of session: String, limit: Int, before place: String?, in directory: String?
    ) async throws -> (messages: [OpencodeMessage], older: String?) {
        var query = [(name: "limit", value: "\(limit)"), (name: "order", value: "desc")]
        if let place { query.append(("cursor", place)) }
        let answer = try await link.answer(
            OpencodeCall(.get, ["api", "session", session, "message"], query: query)
        ).value()
        let messages = answer["data"].elements.compactMap { OpencodeMessage(two: $0, session: session) }
        return (messages.reversed(), messages.isEmpty ? nil : answer["cursor"]["next"].string)
    }

    func prompt(_ prompt: OpencodePrompt, to session: String, in directory: String?) async throws -> String? {
        if prompt.system != nil { throw missing("give a system prompt with a prompt") }
        if !prompt.withoutTools.isEmpty { throw missing("keep a prompt from tools") }
        if prompt.schema != nil { throw missing("bind an answer to a JSON schema") }
        if let agent = prompt.agent {
            try await link.answer(
                OpencodeCall(.post, ["api", "session", session, "agent"], body: ["agent": .string(agent)])
            ).done()
        }
        if let model = prompt.model {
            var fields = try OpencodeModel(model).fields(id: "id")
            fields["variant"] = prompt.variant.map { .string($0) }
            try await link.answer(
                OpencodeCall(.post, ["api", "session", session, "model"], body: ["model": .object(fields)])
            ).done()
        }
        var text: [String] = []
        var files: [JSONValue] = []
        for part in prompt.parts {
            switch part {
            case .text(let piece, _, _): text.append(piece)
            case .file(let mime, let url, let name, _):
                files.append(["uri": .string(url), "mime": .string(mime), "name": .string(name ?? "file")])
            }
        }
        var body: JSONObject = ["text": .string(text.joined(separator: "\n\n")), "delivery": "steer"]
        if !files.isEmpty { body["files"] = .array(files) }
        let admitted = try await read(
            OpencodeCall(
                .post, ["api", "session", session, "prompt"], body: .object(body), limit: link.settings.firstCall))
        return admitted["id"].string ?? admitted["messageID"].string
    }

    func status(in directory: String) async throws -> [String: OpencodeStatus] {
        let active = try await read(OpencodeCall(.get, ["api", "session", "active"]))
        return Dictionary(active.members.map { ($0.key, OpencodeStatus.busy) }) { first, _ in first }
    }

    // MARK: asks

    func asks(in directory: String) async throws -> [OpencodeAsk] {
        let call = OpencodeCall(
            .get, ["api", "permission", "request"], query: [("location[directory]", directory)])
        return try await read(call).elements.compactMap { OpencodeAsk(permission: $0) }
    }

    func answer(
        _ ask: OpencodeAsk, _ verdict: OpencodeVerdict, answers: [[String]], message: String?, in directory: String?
    ) async throws {
        let call: OpencodeCall
        switch ask.body {
        case .permission:
            // The early name of the field goes along; a server passes over the one that it does not know.
            var body: JSONObject = [
                "decision": .string(verdict.rawValue), "reply": .string(verdict.rawValue),
            ]
            body["message"] = message.map { .string($0) }
            call = OpencodeCall(
                .post, ["api", "session", ask.session, "permission", ask.id, "reply"], body: .object(body))
        case .questions(let questions):
            let form = ["api", "session", ask.session, "form", ask.id]
            if verdict == .reject {
                call = OpencodeCall(.delete, form)
            } else {
                var answer: JSONObject = [:]
                for (index, (question, chosen)) in zip(questions, answers).enumerated() {
                    let values = chosen.map { JSONValue.string($0) }
                    answer[question.key ?? "\(index)"] =
                        question.allowsSeveral ? .array(values) : values.first ?? .string("")
                }
                call = OpencodeCall(.post, form + ["reply"], body: ["answer": .object(answer)])
            }
        }
        try await link.answer(call).done()
    }

    // MARK: what is not known yet

    func fork(_ session: String, before message: String?, in directory: String?) async throws -> OpencodeSession {
        throw missing("fork a session at a message")
    }

    func todo(of session: String, in directory: String?) async throws -> [OpencodeTodo] {
        throw missing("tell a session's list of things to do")
    }

    func diff(of session: String, message: String?, in directory: String?) async throws -> JSONValue {
        throw missing("tell what a session changed")
    }

    func revert(_ session: String, to message: String, part: String?, in directory: String?) async throws {
        throw missing("take a session back to a message")
    }

    func unrevert(_ session: String, in directory: String?) async throws { throw missing("undo that") }

    func share(_ session: String, _ isShared: Bool, in directory: String?) async throws -> OpencodeSession {
        throw missing("share a session")
    }

    func config(in directory: String) async throws -> JSONValue { throw missing("tell its configuration") }

    func agents(in directory: String) async throws -> JSONValue {
        let call = OpencodeCall(.get, ["api", "agent"], query: [("location[directory]", directory)])
        return try await read(call).value ?? .null
    }

    func setKey(_ key: Secret, of provider: String) async throws { throw missing("take a provider's key") }

    func dispose(_ directory: String) async throws { throw missing("end what runs in a directory") }

    /// It has no such call: sessions that were interrupted leave nothing running.
    func disposeAll() async throws {}

    private func missing(_ what: String) -> Fault {
        Fault(
            .invalidInput, "Perigee cannot make \(link.name), version \(capabilities.version), \(what) yet",
            hint: "opencode 1.x can do it")
    }

    // MARK: reading

    private func read(_ call: OpencodeCall) async throws -> JSONView { try await link.answer(call).value()["data"] }

    private func one(_ call: OpencodeCall) async throws -> OpencodeSession {
        guard let session = OpencodeSession(try await read(call)) else {
            throw Fault(.unavailable, "\(link.name): the answer to \(call.subject) is no session")
        }
        return session
    }
}
