import Runtime

/// An answer that is an error, in one of the original's families.
struct Refusal: Error {
    let status: Int
    let body: JSONValue

    init(_ status: Int, body: JSONValue) { (self.status, self.body) = (status, body) }

    /// `{name, data}`
    init(_ status: Int, _ name: String, _ data: JSONValue) {
        self.init(status, body: ["name": .string(name), "data": data])
    }

    /// `{_tag, …}`
    static func tagged(_ status: Int, _ tag: String, _ members: KeyValuePairs<String, JSONValue?> = [:]) -> Refusal {
        var body = object(["_tag": .string(tag)])
        body.merge(object(members))
        return Refusal(status, body: .object(body))
    }

    static func noSession(_ id: String) -> Refusal {
        Refusal(404, "NotFoundError", ["message": .string("Session not found: \(id)")])
    }

    static func noMessage(_ id: String) -> Refusal {
        Refusal(404, "NotFoundError", ["message": .string("Message not found: \(id)")])
    }

    static func busy(_ id: String) -> Refusal {
        tagged(409, "SessionBusyError", ["sessionID": .string(id), "message": .string("Session is busy: \(id)")])
    }

    /// A body or parameter that does not fit its schema.
    static func schema(_ message: String, _ kind: String = "Payload") -> Refusal {
        Refusal(400, "BadRequest", ["message": .string(message), "kind": .string(kind)])
    }

    /// A defect: the reason is in the log and in events only.
    static var defect: Refusal {
        Refusal(
            500, "UnknownError",
            [
                "message": "Unexpected server error. Check server logs for details.",
                "ref": .string("err_\(Hex.encode(Random.bytes(4)))"),
            ])
    }

    static let noRoute = Refusal(404, body: ["error": "Not Found"])

    var response: Response { .json(Array(body.json.utf8), status: status) }
}
