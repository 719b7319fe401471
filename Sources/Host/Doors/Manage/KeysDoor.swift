import Runtime

/// API keys: made, listed and revoked. Only for `admin`, because whoever makes keys can make any.
@Loop
struct KeysDoor: Door {
    let name = "keys"
    private let gate: Gate
    private let keys: Keys

    private nonisolated static let mostBytes = 64 << 10

    init(_ gate: Gate, _ keys: Keys) {
        self.gate = gate
        self.keys = keys
    }

    var endpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/mgmt/keys", summary: "All API keys, without their text.",
                answers: [200: "the keys, the oldest first", 401: "no good key", 403: "not for you"],
                schema: .ref("Keys"), action: .plain(list)),
            Endpoint(
                method: .post, path: "/mgmt/keys",
                summary: "Makes a key of name, user, scopes and expires; its text is in this answer and nowhere else.",
                answers: [
                    201: "the key and its text", 400: "what is wrong with the order", 429: "there are too many",
                ], body: .optional(.ref("KeyOrder")), schema: .ref("Key"), action: .task(create)),
            Endpoint(
                method: .post, path: "/mgmt/keys/{id}/revoke", summary: "Makes a key worthless, at once and for good.",
                answers: [200: "the key", 404: "there is none of that id"], schema: .ref("Key"), action: .task(revoke)),
        ]
    }

    private func list(_ request: Request) throws -> Response {
        try gate.require(.admin, request)
        return try answer(KeysDoor.listed(keys.list(), at: Access.now()))
    }

    private func create(_ request: Request) async throws -> Response {
        try gate.require(.admin, request)
        let body = try await request.body.collect(limit: KeysDoor.mostBytes)
        let order = try body.isEmpty ? KeyOrder() : KeyOrder(JSON.parse(body))
        let issued = try await keys.issue(order)
        var response = try answer(KeysDoor.made(issued, at: Access.now()), status: 201)
        response.headers["Cache-Control"] = "no-store"
        return response
    }

    private func revoke(_ request: Request) async throws -> Response {
        try gate.require(.admin, request)
        let key = try await keys.revoke(request.parameters["id"] ?? "")
        return try answer(.object(key.shown(at: Access.now())))
    }

    private func answer(_ value: JSONValue, status: Int = 200) throws -> Response {
        .json(try JSON.encode(value), status: status)
    }

    // The same where a command works on the store itself.

    nonisolated static func listed(_ keys: [APIKey], at now: Int64) -> JSONValue {
        ["keys": .array(keys.map { .object($0.shown(at: now)) }), "next": .null]
    }

    nonisolated static func made(_ issued: IssuedKey, at now: Int64) -> JSONValue {
        var shown = issued.key.shown(at: now)
        shown["token"] = .string(issued.token.reveal())
        return .object(shown)
    }
}
