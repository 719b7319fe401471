import Runtime

/// HTTP endpoints that the owner's scripts add, under `/x`. What is served changes with every generation, so one
/// pattern takes all of it and the live generation finds the script.
@Loop
struct RoutesDoor: Door {
    let name = "routes"
    private let gate: Gate
    private let scripts: Scripts
    private let log: Log

    private nonisolated static let methods: [Method] = [.get, .post, .put, .patch, .delete]

    init(_ gate: Gate, _ scripts: Scripts, log: Log) {
        self.gate = gate
        self.scripts = scripts
        self.log = log
    }

    var endpoints: [Endpoint] {
        RoutesDoor.methods.map { method in
            Endpoint(
                method: method, path: "/x/{path...}",
                summary: "A route that a script in hooks/ declares; `GET /mgmt/scripts` lists them.",
                answers: [200: "what the script answers", 404: "no script has this route"], action: .task(serve))
        }
    }

    private func serve(_ request: Request) async throws -> Response {
        let use = GenerationUse(scripts.live)
        let path = "/" + (request.parameters["path"] ?? "")
        switch use.route(request.method, path) {
        case .route(let route, let parameters): return try await answer(request, path, route, parameters, use)
        case .wrongMethod(let allow):
            let fault = Fault(.invalidInput, "/x\(path) does not take \(request.method.rawValue)")
            var response = Response.problem(fault, status: 405)
            response.headers["Allow"] = allow.map(\.rawValue).joined(separator: ", ")
            return response
        case .nothing:
            throw Fault(
                .notFound, "no script has a route for /x\(path)",
                hint: "a file in hooks/ adds one: routes = { [\"\(request.method.rawValue) \(path)\"] = function … }")
        }
    }

    private func answer(
        _ request: Request, _ path: String, _ route: ScriptRoute, _ parameters: [String: String], _ use: GenerationUse
    ) async throws -> Response {
        do {
            var response = try await use.answer(
                request, by: route, path: path, parameters: parameters, isTrusted: gate.admits(.manage, request),
                log: log)
            response.headers["X-Perigee-Generation"] = String(use.generation.number)
            return response
        } catch let fault as Fault where fault.kind == .script {
            // What is wrong in a script is its owner's to read, in the log, and nobody else's.
            log.error("a route failed", fault, ["route": LogValue("\(route.method.rawValue) /x\(route.pattern)")])
            // An answer, because what is thrown is logged once more.
            return .problem(
                Fault(
                    .script, "the script of this route failed",
                    hint: "its owner finds why in the log, by the request id"))
        }
    }
}
