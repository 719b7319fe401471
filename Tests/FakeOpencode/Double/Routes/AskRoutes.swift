import Runtime

/// Answers to permissions and questions.
extension Life {
    func addAsks(to routes: FakeRoutes) {
        routes.on(.get, "/permission") { call in
            .value(.array(try call.instance.permissions.map { .object($0.request) }))
        }
        routes.on(.get, "/question") { call in
            .value(.array(try call.instance.questions.map { .object($0.request) }))
        }
        routes.on(.post, "/permission/{requestID}/reply") { call in
            let id = try call.parameter("requestID", prefix: "per")
            let body = try call.body()
            try call.life.reply(id, body["reply"], "reply", body.text("message"), try call.instance)
            return .value(true)
        }
        routes.on(.post, "/session/{id}/permissions/{requestID}") { call in
            let id = try call.parameter("requestID", prefix: "per")
            let (_, instance) = try call.place
            try call.life.reply(id, try call.body()["response"], "response", nil, instance)
            return .value(true)
        }
        routes.on(.post, "/question/{requestID}/reply") { call in
            let ask = try Life.take(try call.parameter("requestID", prefix: "que"), try call.instance)
            guard let answers = try call.body()["answers"], answers.elements != nil else {
                throw Refusal.schema("Missing key\n  at [\"answers\"]")
            }
            try call.instance.questions.removeAll { $0 === ask }
            let replied = object([
                "sessionID": .string(ask.session), "requestID": .string(ask.id), "answers": answers,
            ])
            call.life.emit("question.replied", replied, call.directory)
            ask.waiter.finish(.success(.answers(answers)))
            return .value(true)
        }
        routes.on(.post, "/question/{requestID}/reject") { call in
            let ask = try Life.take(try call.parameter("requestID", prefix: "que"), try call.instance)
            try call.instance.questions.removeAll { $0 === ask }
            let rejected = object(["sessionID": .string(ask.session), "requestID": .string(ask.id)])
            call.life.emit("question.rejected", rejected, call.directory)
            ask.waiter.finish(.success(.dismissed))
            return .value(true)
        }
    }

    private static func take(_ id: String, _ instance: Instance) throws(Refusal) -> PendingAsk {
        guard let ask = instance.questions.first(where: { $0.id == id }) else {
            throw .tagged(
                404, "QuestionNotFoundError",
                ["requestID": .string(id), "message": .string("Question request not found: \(id)")])
        }
        return ask
    }

    private func reply(
        _ id: String, _ word: JSONValue?, _ key: String, _ message: String?, _ instance: Instance
    ) throws(Refusal) {
        guard let word else { throw .schema("Missing key\n  at [\"\(key)\"]") }
        guard let reply = word.string, ["once", "always", "reject"].contains(reply) else {
            throw .schema("Expected \"once\" | \"always\" | \"reject\", got \(word.json)\n  at [\"\(key)\"]")
        }
        guard let ask = instance.permissions.first(where: { $0.id == id }) else {
            throw .tagged(
                404, "PermissionNotFoundError",
                ["requestID": .string(id), "message": .string("Permission request not found: \(id)")])
        }
        settle(ask, reply, message, instance)
        let others = instance.permissions.filter { $0.session == ask.session }
        switch reply {
        case "reject" where message == nil: for other in others { settle(other, "reject", nil, instance) }
        case "always":
            let permission = ask.request.text("permission") ?? "*"
            for pattern in (ask.request["always"]?.elements ?? []).compactMap(\.string) {
                instance.grants.append(PermissionRule(permission, pattern, "allow"))
            }
            for other in others where isGranted(other, instance) { settle(other, "always", nil, instance) }
        default: break
        }
    }

    private func isGranted(_ ask: PendingAsk, _ instance: Instance) -> Bool {
        let permission = ask.request.text("permission") ?? ""
        return ask.patterns.allSatisfy { PermissionRule.action(instance.grants, permission, $0) == "allow" }
    }

    private func settle(_ ask: PendingAsk, _ reply: String, _ message: String?, _ instance: Instance) {
        instance.permissions.removeAll { $0 === ask }
        let replied = object([
            "sessionID": .string(ask.session), "requestID": .string(ask.id), "reply": .string(reply),
        ])
        emit("permission.replied", replied, instance.directory)
        switch reply {
        case "once": ask.waiter.finish(.success(.once))
        case "always": ask.waiter.finish(.success(.always))
        default: ask.waiter.finish(.success(.reject(message)))
        }
    }
}
