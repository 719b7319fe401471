import LuaBridge

extension GenerationUse {
    /// Which script answers a request below `/x`.
    public func route(_ method: Method, _ path: String) -> RouteTable.Match {
        generation.contents.routeTable.match(method, path)
    }

    /// Lets the route's script answer. `log` hears of streams that break off after the answer has begun.
    public func answer(
        _ request: Request, by route: ScriptRoute, path: String, parameters: [String: String], isTrusted: Bool, log: Log
    ) async throws -> Response {
        let body = try await request.body.collect(limit: route.largestBody)
        let facts = RouteFacts(request, path: path, parameters: parameters, body: body, isTrusted: isTrusted).value
        let results = try await generation.call(
            route.handler, of: route.script, as: .route, name: "\(route.method.rawValue) \(route.pattern)"
        ) { parcel in
            parcel.makeNextReadOnly()
            parcel.put(facts)
        }
        return try RouteAnswer(results, of: route).response(self, route, log)
    }
}
