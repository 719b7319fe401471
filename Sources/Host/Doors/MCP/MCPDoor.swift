import Runtime

/// Integrations as MCP servers, one at each `/mcp/{name}`, by the streamable HTTP transport of the protocol. Answers are
/// plain JSON: no tool here has anything to say before its result.
@Loop
struct MCPDoor: Door {
    nonisolated static let largestBody = 2 << 20
    nonisolated static let largestBatch = 32
    /// For one body, whatever tools' own times are.
    nonisolated static let patience = Duration.seconds(600)

    let name = "mcp"
    private let service: () throws -> MCPService

    /// `service` is asked at each request, because it starts after the doors are made.
    init(_ service: @escaping () -> MCPService?) {
        self.service = { try served(service(), "integrations") }
    }

    var endpoints: [Endpoint] {
        [
            Endpoint(
                method: .post, path: "/mcp/{name}",
                summary: "An integration as an MCP server: one JSON-RPC message, or several in version 2025-03-26.",
                answers: [
                    200: "the reply", 202: "nothing to reply", 400: "no message of the protocol",
                    401: "no token of this integration", 403: "a page of another site asks",
                    404: "no such integration, or no such session",
                ], body: .required(.any), action: .task(post)),
            Endpoint(
                method: .get, path: "/mcp/{name}", summary: "The server has nothing to say of its own.",
                answers: [405: "always", 404: "no such integration"], action: .task(get)),
            Endpoint(
                method: .delete, path: "/mcp/{name}", summary: "Ends a session.",
                answers: [204: "it is ended", 404: "there is none of that id"], action: .task(delete)),
        ]
    }

    private func get(_ request: Request) async throws -> Response {
        _ = try caller(request, service())
        var response = Response.problem(Fault(.invalidInput, "there is no stream of events here"), status: 405)
        response.headers["Allow"] = "POST, DELETE"
        return response
    }

    private func delete(_ request: Request) async throws -> Response {
        let service = try service()
        let caller = try caller(request, service)
        guard let session = request.headers["mcp-session-id"] else {
            throw Fault(.invalidInput, "Mcp-Session-Id is missing")
        }
        guard service.sessions.version(of: session, caller) != nil else { throw noSession }
        service.sessions.end(session)
        return Response(204)
    }

    private func post(_ request: Request) async throws -> Response {
        let service = try service()
        let caller: IntegrationCaller
        do {
            caller = try self.caller(request, service)
        } catch let fault as Fault where fault.kind == .unauthenticated {
            var response = Response.problem(fault)
            response.headers["WWW-Authenticate"] = "Bearer"
            return response
        }
        guard service.isOffered(caller.integration) else {
            throw Fault(.notFound, "no script offers an integration \"\(caller.integration)\"")
        }
        let body = try await request.body.collect(limit: MCPDoor.largestBody)
        let session = request.headers["mcp-session-id"]
        let version = try version(request, session, caller, service)
        let value: JSONValue
        do {
            value = try JSON.parse(body, limits: .init(bytes: MCPDoor.largestBody, depth: 64)).value ?? .null
        } catch {
            return try MCPDoor.json(MCPError.parse(Fault(error).message).reply(to: .null), status: 400)
        }
        return try await Deadline.within(MCPDoor.patience) {
            guard case .array(let values) = value else {
                return try await answer(MCPMessage(value), caller, session, service)
            }
            return try await answer(batch: values, caller, session ?? "", version, service)
        }
    }

    private func answer(
        _ message: MCPMessage, _ caller: IntegrationCaller, _ session: String?, _ service: MCPService
    ) async throws -> Response {
        guard let reply = await service.answer(message, caller, session: session ?? "") else { return Response(202) }
        if case .invalid = message { return try MCPDoor.json(reply, status: 400) }
        var response = try MCPDoor.json(reply)
        if case .request(_, "initialize", _) = message, let agreed = reply["result"]?["protocolVersion"]?.string {
            response.headers["Mcp-Session-Id"] = service.sessions.begin(caller, MCPVersion.agree(agreed))
        }
        return response
    }

    private func answer(
        batch values: [JSONValue], _ caller: IntegrationCaller, _ session: String, _ version: MCPVersion,
        _ service: MCPService
    ) async throws -> Response {
        let complaint =
            !version.allowsBatches
            ? "version \(version.rawValue) has one message in a body"
            : values.isEmpty
                ? "there is no message in it"
                : values.count > MCPDoor.largestBatch ? "at most \(MCPDoor.largestBatch) messages are taken" : nil
        if let complaint { return try MCPDoor.json(MCPError.request(complaint).reply(to: .null), status: 400) }
        var replies: [JSONValue] = []
        for value in values {
            let message = MCPMessage(value)
            if case .request(let id, "initialize", _) = message {
                replies.append(MCPError.request("initialize stands alone").reply(to: id))
            } else if let reply = await service.answer(message, caller, session: session) {
                replies.append(reply)
            }
        }
        return replies.isEmpty ? Response(202) : try MCPDoor.json(.array(replies))
    }

    // MARK: who and how

    /// A page of another site must not use the tokens of this one, and nobody those of another integration.
    private func caller(_ request: Request, _ service: MCPService) throws -> IntegrationCaller {
        for origin in request.headers.all("origin") where origin != "\(request.scheme)://\(request.host)" {
            throw Fault(.denied, "a page of \(origin) sent it")
        }
        let given = request.headers["authorization"] ?? ""
        let parts = given.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer",
            let caller = service.tokens.verify(Secret(parts[1].trimmed)),
            caller.integration == request.parameters["name"]
        else {
            throw Fault(
                .unauthenticated, "/mcp/\(request.parameters["name"] ?? ""): no token of this integration was given",
                hint: "Perigee itself writes them into the configuration of its agents")
        }
        return caller
    }

    private func version(
        _ request: Request, _ session: String?, _ caller: IntegrationCaller, _ service: MCPService
    ) throws -> MCPVersion {
        let named = request.headers["mcp-protocol-version"]
        if let session {
            guard let agreed = service.sessions.version(of: session, caller) else { throw noSession }
            return agreed
        }
        guard let named else { return .v20250326 }
        guard let version = MCPVersion(rawValue: named) else {
            let known = MCPVersion.allCases.map(\.rawValue).joined(separator: ", ")
            throw Fault(.invalidInput, "MCP-Protocol-Version \(named) is not spoken here", hint: "known are \(known)")
        }
        return version
    }

    private var noSession: Fault {
        Fault(.notFound, "there is no session of this id", hint: "begin a new one with initialize")
    }

    private static func json(_ value: JSONValue, status: Int = 200) throws -> Response {
        .json(try JSON.encode(value), status: status)
    }
}
