import Runtime

/// Health, streams, and what is about all directories.
extension Life {
    func addGlobal(to routes: FakeRoutes) {
        routes.on(.get, "/global/health") { call in
            .value(["healthy": true, "version": .string(call.life.fake.version)])
        }
        routes.on(.get, "/global/event") { call in call.life.stream(directory: nil) }
        routes.on(.get, "/event") { call in
            _ = try call.instance
            return call.life.stream(directory: call.directory)
        }
        routes.on(.get, "/global/config") { _ in .value(["$schema": "https://opencode.ai/config.json"]) }
        routes.on(.patch, "/global/config") { call in
            let patch = try call.body()
            await call.life.disposeAll()
            return .value(.object(patch))
        }
        routes.on(.post, "/global/dispose") { call in
            await call.life.disposeAll()
            return .value(true)
        }
        routes.on(.post, "/instance/dispose") { call in
            _ = try call.instance
            await call.life.dispose(call.directory)
            return .value(true)
        }
        routes.on(.post, "/global/upgrade") { call in
            .value(["success": true, "version": .string(call.life.fake.version)])
        }
        routes.on(.post, "/log") { _ in .value(true) }
        routes.on(.get, "/api/health") { _ in .value(["healthy": true]) }
        routes.on(.get, "/api/info") { _ in Refusal.noRoute.response }
        routes.on(.put, "/auth/{provider}") { call in
            let body = try call.body()
            guard ["api", "oauth", "wellknown"].contains(body.text("type")) else {
                throw Refusal.schema("Expected Auth, got \(JSONValue.object(body).json)")
            }
            call.life.fake.keys[call.parameter("provider")] = body["key"]?.string
            return .value(true)
        }
        routes.on(.delete, "/auth/{provider}") { _ in .value(true) }
    }

    private func stream(directory: String?) -> Response {
        let headers: Headers = [
            "cache-control": "no-cache, no-transform", "x-accel-buffering": "no", "x-content-type-options": "nosniff",
        ]
        return Response(
            200, headers, mediaType: "text/event-stream",
            body: .source { [weak self] writer in
                if let self, !self.isOver { self.hub.open(writer, directory: directory) } else { writer.fail() }
            })
    }

    private func disposeAll() async {
        for directory in instances.keys.sorted() { await dispose(directory) }
        hub.emit("global.disposed", [:], directory: "global", project: nil)
    }
}
