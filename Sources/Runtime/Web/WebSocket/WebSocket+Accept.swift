extension WebSocket {
    /// Answers a request for a WebSocket. `body` has the connection until it returns: then it closes with 1000, after
    /// an error with 1011, and when `scope` closes with 1001.
    ///
    /// `protocols` is in the order of preference. `isAllowed` judges the page that a browser says it comes from;
    /// clients that send no origin are no browsers and pass.
    public static func accept(
        _ request: Request, in scope: Scope, protocols: [String] = [],
        settings: WebSocketSettings = WebSocketSettings(),
        isAllowed: @Loop (String, Request) -> Bool = WebSocket.isSameOrigin,
        _ body: @escaping @Loop (WebSocket) async throws -> Void
    ) -> Response {
        let upgrade: Upgrade
        do {
            upgrade = try Upgrade.check(request, protocols: protocols, isAllowed: isAllowed)
        } catch {
            return refuse(error)
        }
        // The connection itself adds `Connection: Upgrade`.
        var headers: Headers = ["Upgrade": "websocket", "Sec-WebSocket-Accept": upgrade.accept]
        if let name = upgrade.subprotocol { headers.add("Sec-WebSocket-Protocol", name) }
        let pattern = request.pattern
        return Response(
            101, headers,
            body: .upgrade { transport in
                let socket = WebSocket(
                    over: transport, as: .server, subprotocol: upgrade.subprotocol, settings: settings)
                scope.spawn("websocket \(pattern)") { try await socket.serve(body) }
            })
    }

    /// Whether the page that a browser names is on the host that it talks to.
    public static func isSameOrigin(_ origin: String, _ request: Request) -> Bool {
        Upgrade.isSameOrigin(origin, request)
    }

    func serve(_ body: @Loop (WebSocket) async throws -> Void) async throws {
        do {
            try await body(self)
            close(.normal)
        } catch {
            let isCancelled = Fault(error).kind == .cancelled
            close(isCancelled ? .goingAway : .internalError, isCancelled ? "the server stops" : "")
            // The closing has its own time limit, and the task's cancellation is what it answers to.
            throw error
        }
        try await closed()
    }

    private static func refuse(_ refusal: Upgrade.Refusal) -> Response {
        switch refusal {
        case .badRequest(let why): return .problem(Fault(.invalidInput, why))
        case .foreignOrigin(let origin):
            return .problem(Fault(.denied, "pages of \(origin) may not connect here"))
        case .notAnUpgrade(let why):
            var response = Response.problem(Fault(.invalidInput, why), status: 426)
            response.headers["Upgrade"] = "websocket"
            return response
        case .otherVersion:
            var response = Response.problem(
                Fault(.invalidInput, "only version 13 of WebSocket is spoken here"), status: 426)
            response.headers["Upgrade"] = "websocket"
            response.headers["Sec-WebSocket-Version"] = "13"
            return response
        }
    }
}
