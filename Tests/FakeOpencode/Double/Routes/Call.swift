import Runtime

/// One request on its way to a handler.
@Loop
struct Call {
    let request: Request
    let life: Life
    /// Absolute, from the query, the header or the server's own.
    let directory: String

    init(_ request: Request, _ life: Life) {
        self.request = request
        self.life = life
        // The header is percent-encoded and a plus in it is a plus; the query's rules undo the rest.
        let header = request.headers["x-opencode-directory"].map { header in
            QueryFields("v=" + header.split(separator: "+", omittingEmptySubsequences: false).joined(separator: "%2B"))
        }
        let named = request.query["directory"] ?? header?["v"] ?? life.settings.directory
        directory = Files.resolve(named, in: life.settings.directory)
    }

    var instance: Instance { get throws(Refusal) { try life.instance(directory) } }

    func parameter(_ name: String) -> String { request.parameters[name] ?? "" }

    /// An id that must begin as its kind does.
    func parameter(_ name: String, prefix: String) throws(Refusal) -> String {
        let id = parameter(name)
        guard id.hasPrefix(prefix) else {
            throw .schema("Expected a string starting with \"\(prefix)\", got \"\(id)\"\n  at [\"\(name)\"]", "Params")
        }
        return id
    }

    /// The session of the path; an id of another kind is a defect, as in the original.
    var session: Session {
        get throws(Refusal) {
            let id = parameter("id")
            guard id.hasPrefix("ses") else { throw .defect }
            guard let session = life.store.sessions[id] else { throw .noSession(id) }
            return session
        }
    }

    /// The session with its directory's instance, whatever directory the request names.
    var place: (session: Session, instance: Instance) {
        get throws(Refusal) {
            let session = try session
            return (session, try life.instance(session.directory))
        }
    }

    /// The body as an object; text that is none is answered with `otherwise`.
    func body(otherwise refusal: Refusal = .defect) throws(Refusal) -> JSONObject {
        let bytes = request.body.bytes
        guard let value = JSONValue(json: bytes) else { throw refusal }
        guard let members = value.members else { throw .schema("Expected object, got \(value.json)") }
        return members
    }

    func message() throws(Refusal) -> (Session, StoredMessage) {
        let session = try session
        let id = parameter("message")
        guard let place = session.place(of: id) else { throw .noMessage(id) }
        return (session, session.messages[place])
    }

    /// 409 while the session works.
    func requireIdle(_ session: Session) throws(Refusal) {
        if life.runs[session.id] != nil { throw .busy(session.id) }
    }
}

extension Response {
    static func value(_ value: JSONValue) -> Response { .json(Array(value.json.utf8)) }
}
