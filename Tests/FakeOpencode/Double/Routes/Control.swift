import Runtime

/// `/fake/…`: the double's own door, for tests that reach it over HTTP.
extension Life {
    func addControl(to routes: FakeRoutes) {
        routes.control(.get, "/fake/state") { call in .value(call.life.fake.state) }

        routes.control(.post, "/fake/modes") { call in
            guard let members = JSONValue(json: call.request.body.bytes)?.members else {
                return Refusal(400, body: ["error": "the body must be an object of modes"]).response
            }
            var modes = call.life.fake.modes
            guard modes.take(members) else {
                return Refusal(400, body: ["error": "an unknown mode, or a value of the wrong kind"]).response
            }
            call.life.fake.modes = modes
            return .value(modes.json)
        }

        routes.control(.post, "/fake/version/{version}") { call in
            call.life.fake.version = call.parameter("version")
            return .value(true)
        }

        routes.control(.post, "/fake/do/{what}") { call in
            let fake = call.life.fake
            switch call.parameter("what") {
            case "lose-sessions": fake.loseSessions()
            case "mute-streams": fake.muteStreams()
            case "drop-streams": fake.dropStreams()
            case "beat": fake.beat()
            case "recover": fake.recover()
            case "drop-connections": call.life.later { $0.dropConnections() }
            case "crash": call.life.later { $0.crash() }
            case "restart": call.life.later { fake in fake.scope.spawn("restart") { try await fake.restart() } }
            default: return Refusal(404, body: ["error": "no such thing to do"]).response
            }
            return .value(true)
        }
    }

    /// After the answer to this request has left.
    private func later(_ work: @escaping @Loop (FakeOpencode) -> Void) {
        fake.scope.spawn("later") { [weak fake] in
            for _ in 0..<3 { await Loop.yield() }
            if let fake { work(fake) }
        }
    }
}
