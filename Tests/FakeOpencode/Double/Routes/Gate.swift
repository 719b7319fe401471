import Runtime

/// What every request passes before its handler, and the answers to those that have none.
extension Life {
    typealias FakeHandler = @Loop (Call) async throws -> Response

    func addRoutes(to router: Router) {
        let routes = FakeRoutes(router, self)
        addControl(to: routes)
        addGlobal(to: routes)
        addSessions(to: routes)
        addSessionWork(to: routes)
        addPrompts(to: routes)
        addAsks(to: routes)
        addInstance(to: routes)
        addCatalogues(to: routes)
        addFiles(to: routes)
        // Wrong methods too are unknown routes there.
        router.adjust(under: "/") { [weak self] request, response in
            guard request.pattern.isEmpty || response.status == 405, let self else { return }
            response = self.mayPass(request) ? Refusal.noRoute.response : Life.unauthorized
        }
    }

    fileprivate func handle(_ request: Request, _ handler: FakeHandler) async throws -> Response {
        try await fake.hang()
        if fake.modes.delay > 0 { try await Loop.sleep(for: .milliseconds(fake.modes.delay)) }
        guard mayPass(request) else { return Life.unauthorized }
        if fake.modes.newMajor { return newMajorAnswer(request) }
        do {
            return try await handler(Call(request, self))
        } catch let refusal as Refusal {
            return refusal.response
        } catch is PromptProblem {
            return Refusal.defect.response
        }
    }

    private func mayPass(_ request: Request) -> Bool {
        guard settings.password != nil || fake.modes.newMajor else { return true }
        let wanted = Base64.encode(Array("\(settings.username):\(fake.password)".utf8))
        if let header = request.headers["authorization"], header == "Basic \(wanted)" { return true }
        return request.query["auth_token"] == wanted
    }

    private static var unauthorized: Response {
        Response(401, ["www-authenticate": "Basic realm=\"Secure Area\""])
    }

    private func newMajorAnswer(_ request: Request) -> Response {
        guard request.method == .get, request.path == "/api/info" else {
            return Refusal(404, body: ["_tag": "NotFound", "message": "Not found"]).response
        }
        return .value(["version": .string(fake.version)])
    }
}

/// Registers handlers so that they let the life go when it is over.
@Loop
struct FakeRoutes {
    private let router: Router
    private weak var life: Life?

    init(_ router: Router, _ life: Life) {
        self.router = router
        self.life = life
    }

    func on(_ method: Method, _ pattern: String, _ handler: @escaping Life.FakeHandler) {
        router.on(method, pattern, body: .collected) { [weak life] request in
            guard let life else { throw Fault.cancelled }
            return try await life.handle(request, handler)
        }
    }

    /// Past the gate: the test's own door.
    func control(_ method: Method, _ pattern: String, _ handler: @escaping Life.FakeHandler) {
        router.on(method, pattern, body: .collected) { [weak life] request in
            guard let life else { throw Fault.cancelled }
            return try await handler(Call(request, life))
        }
    }
}
