/// opencode 1.x.
@Loop
final class MajorOne: OpencodeDialect {
    let capabilities: OpencodeCapabilities
    private let link: OpencodeLink

    init(_ link: OpencodeLink, _ capabilities: OpencodeCapabilities) {
        self.link = link
        self.capabilities = capabilities
    }

    // MARK: events

    var stream: OpencodeCall { OpencodeCall(.get, ["global", "event"]) }

    func events(_ frame: JSONView) -> [OpencodeEvent] { OpencodeEvent.majorOne(frame).map { [$0] } ?? [] }

    // MARK: sessions

    func create(_ session: OpencodeNewSession, in directory: String) async throws -> OpencodeSession {
        var body: JSONObject = [:]
        body["title"] = session.title.map { .string($0) }
        body["parentID"] = session.parent.map { .string($0) }
        body["agent"] = session.agent.map { .string($0) }
        return try await one(
            OpencodeCall(
                .post, ["session"], in: directory, body: .object(body), limit: link.settings.firstCall))
    }

    func session(_ id: String, in directory: String?) async throws -> OpencodeSession {
        try checkForm(id)
        return try await one(OpencodeCall(.get, ["session", id], in: directory))
    }

    func sessions(in directory: String, limit: Int) async throws -> [OpencodeSession] {
        let call = OpencodeCall(
            .get, ["session"], query: [("directory", directory), ("limit", "\(limit)")], in: directory)
        return try await read(call).elements.compactMap { OpencodeSession($0) }
    }

    func remove(_ session: String, in directory: String?) async throws {
        try await link.answer(OpencodeCall(.delete, ["session", session], in: directory)).done()
    }

    func fork(_ session: String, before message: String?, in directory: String?) async throws -> OpencodeSession {
        var body: JSONObject = [:]
        body["messageID"] = message.map { .string($0) }
        return try await one(
            OpencodeCall(.post, ["session", session, "fork"], in: directory, body: .object(body)))
    }

    func children(of session: String, in directory: String?) async throws -> [OpencodeSession] {
        try await read(OpencodeCall(.get, ["session", session, "children"], in: directory)).elements
            .compactMap { OpencodeSession($0) }
    }

    func abort(_ session: String, in directory: String?) async throws {
        try await link.answer(OpencodeCall(.post, ["session", session, "abort"], in: directory)).done()
    }

    // MARK: messages

    func messages(
        of session: String, limit: Int, before place: String?, in directory: String?
    ) async throws -> (messages: [OpencodeMessage], older: String?) {
        try checkForm(session)
        var query = [(name: "limit", value: "\(limit)")]
        if let place { query.append(("before", place)) }
        let answer = try await link.answer(
            OpencodeCall(.get, ["session", session, "message"], query: query, in: directory))
        let messages = try answer.value().elements.compactMap { OpencodeMessage($0["info"], parts: $0["parts"]) }
        return (messages, answer.headers["x-next-cursor"])
    }

    func prompt(_ prompt: OpencodePrompt, to session: String, in directory: String?) async throws -> String? {
        var body: JSONObject = ["parts": .array(prompt.parts.map(MajorOne.part))]
        body["agent"] = prompt.agent.map { .string($0) }
        body["system"] = prompt.system.map { .string($0) }
        body["variant"] = prompt.variant.map { .string($0) }
        if let model = prompt.model { body["model"] = .object(try OpencodeModel(model).fields(id: "modelID")) }
        if let schema = prompt.schema { body["format"] = ["type": "json_schema", "schema": schema] }
        if !prompt.withoutTools.isEmpty {
            body["tools"] = .object(JSONObject(prompt.withoutTools.map { ($0, .bool(false)) }))
        }
        try await link.answer(
            OpencodeCall(
                .post, ["session", session, "prompt_async"], in: directory, body: .object(body),
                limit: link.settings.firstCall)
        ).done()
        return nil
    }

    private static func part(_ part: OpencodePrompt.Part) -> JSONValue {
        switch part {
        case .text(let text, let id, let isSynthetic):
            var fields: JSONObject = ["type": "text", "text": .string(text)]
            fields["id"] = id.map { .string($0) }
            if isSynthetic { fields["synthetic"] = true }
            return .object(fields)
        case .file(let mime, let url, let name, let id):
            var fields: JSONObject = ["type": "file", "mime": .string(mime), "url": .string(url)]
            fields["id"] = id.map { .string($0) }
            fields["filename"] = name.map { .string($0) }
            return .object(fields)
        }
    }

    func status(in directory: String) async throws -> [String: OpencodeStatus] {
        let members = try await read(OpencodeCall(.get, ["session", "status"], in: directory)).members
        return Dictionary(members.map { ($0.key, OpencodeStatus($0.value)) }) { _, last in last }
    }

    // MARK: asks

    func asks(in directory: String) async throws -> [OpencodeAsk] {
        var asks: [OpencodeAsk] = []
        if !capabilities.repliesBySession {
            asks = try await read(OpencodeCall(.get, ["permission"], in: directory)).elements
                .compactMap { OpencodeAsk(permission: $0) }
        }
        guard capabilities.hasQuestions else { return asks }
        return try await asks
            + read(OpencodeCall(.get, ["question"], in: directory)).elements.compactMap { OpencodeAsk(question: $0) }
    }

    func answer(
        _ ask: OpencodeAsk, _ verdict: OpencodeVerdict, answers: [[String]], message: String?, in directory: String?
    ) async throws {
        let call: OpencodeCall
        if ask.isPermission, capabilities.repliesBySession {
            call = OpencodeCall(
                .post, ["session", ask.session, "permissions", ask.id], in: directory,
                body: ["response": .string(verdict.rawValue)])
        } else if ask.isPermission {
            var body: JSONObject = ["reply": .string(verdict.rawValue)]
            body["message"] = message.map { .string($0) }
            call = OpencodeCall(.post, ["permission", ask.id, "reply"], in: directory, body: .object(body))
        } else if verdict == .reject {
            call = OpencodeCall(.post, ["question", ask.id, "reject"], in: directory)
        } else {
            let lists = answers.map { JSONValue.array($0.map { .string($0) }) }
            call = OpencodeCall(
                .post, ["question", ask.id, "reply"], in: directory, body: ["answers": .array(lists)])
        }
        try await link.answer(call).done()
    }

    // MARK: the rest

    func todo(of session: String, in directory: String?) async throws -> [OpencodeTodo] {
        try await read(OpencodeCall(.get, ["session", session, "todo"], in: directory)).elements
            .map { OpencodeTodo($0) }
    }

    func diff(of session: String, message: String?, in directory: String?) async throws -> JSONValue {
        let query = message.map { [(name: "messageID", value: $0)] } ?? []
        return try await read(OpencodeCall(.get, ["session", session, "diff"], query: query, in: directory)).value
            ?? .null
    }

    func revert(_ session: String, to message: String, part: String?, in directory: String?) async throws {
        var body: JSONObject = ["messageID": .string(message)]
        body["partID"] = part.map { .string($0) }
        try await link.answer(
            OpencodeCall(.post, ["session", session, "revert"], in: directory, body: .object(body))
        ).done()
    }

    func unrevert(_ session: String, in directory: String?) async throws {
        try await link.answer(OpencodeCall(.post, ["session", session, "unrevert"], in: directory)).done()
    }

    func share(_ session: String, _ isShared: Bool, in directory: String?) async throws -> OpencodeSession {
        try await one(
            OpencodeCall(isShared ? .post : .delete, ["session", session, "share"], in: directory))
    }

    func config(in directory: String) async throws -> JSONValue {
        try await read(OpencodeCall(.get, ["config"], in: directory)).value ?? .null
    }

    func agents(in directory: String) async throws -> JSONValue {
        try await read(OpencodeCall(.get, ["agent"], in: directory)).value ?? .null
    }

    func setKey(_ key: Secret, of provider: String) async throws {
        try await link.answer(
            OpencodeCall(.put, ["auth", provider], body: ["type": "api", "key": .string(key.reveal())])
        ).done()
    }

    func dispose(_ directory: String) async throws {
        try await link.answer(OpencodeCall(.post, ["instance", "dispose"], in: directory)).done()
    }

    func disposeAll() async throws { try await link.answer(OpencodeCall(.post, ["global", "dispose"])).done() }

    // MARK: reading

    private func read(_ call: OpencodeCall) async throws -> JSONView { try await link.answer(call).value() }

    private func one(_ call: OpencodeCall) async throws -> OpencodeSession {
        guard let session = OpencodeSession(try await read(call)) else {
            throw Fault(.unavailable, "\(link.name): the answer to \(call.subject) is no session")
        }
        return session
    }

    /// Ids of another form make this server fail instead of missing them.
    private func checkForm(_ session: String) throws {
        guard session.hasPrefix("ses") else { throw Fault(.notFound, "\(link.name): there is no session \(session)") }
    }
}

/// A model's name taken apart.
struct OpencodeModel {
    let provider: String
    let model: String

    /// The model's own name may have slashes in it.
    init(_ text: String) throws {
        guard let slash = text.firstIndex(of: "/"), slash != text.startIndex, text.index(after: slash) != text.endIndex
        else {
            throw Fault(
                .invalidInput, "`\(text)` names no model of opencode", hint: "write it as provider/model")
        }
        provider = String(text[..<slash])
        model = String(text[text.index(after: slash)...])
    }

    func fields(id: String) -> JSONObject { JSONObject([("providerID", .string(provider)), (id, .string(model))]) }
}
