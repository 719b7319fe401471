import Runtime

/// What is done to a session's past: fork, revert, share, and its messages one by one.
extension Life {
    func addSessionWork(to routes: FakeRoutes) {
        routes.on(.post, "/session/{id}/fork") { call in
            let (session, instance) = try call.place
            let isEmpty = call.request.body.bytes.isEmpty
            let body = isEmpty ? JSONObject() : try call.body(otherwise: .tagged(400, "BadRequest"))
            return .value(call.life.fork(session, before: body.text("messageID"), instance).json)
        }
        routes.on(.post, "/session/{id}/abort") { call in
            let id = call.parameter("id")
            let directory = call.life.store.sessions[id]?.directory ?? call.directory
            if let run = call.life.runs[id] {
                await run.abort()
            } else {
                call.life.setStatus(id, nil, directory)
            }
            return .value(true)
        }
        routes.on(.post, "/session/{id}/revert") { call in
            let (session, _) = try call.place
            try call.requireIdle(session)
            let body = try call.body()
            guard let message = body.text("messageID") else {
                throw Refusal.schema("Missing key\n  at [\"messageID\"]")
            }
            call.life.revert(session, to: message)
            return .value(session.json)
        }
        routes.on(.post, "/session/{id}/unrevert") { call in
            let (session, _) = try call.place
            try call.requireIdle(session)
            call.life.unrevert(session)
            return .value(session.json)
        }
        routes.on(.post, "/session/{id}/share") { call in
            let (session, instance) = try call.place
            if instance.config.text("share") == "disabled" { throw Refusal.defect }
            session.info["share"] = ["url": .string("https://opncd.ai/share/\(session.id.suffix(8))")]
            call.life.emitSession("updated", session)
            return .value(session.json)
        }
        routes.on(.delete, "/session/{id}/share") { call in
            let (session, _) = try call.place
            session.info["share"] = nil
            call.life.emitSession("updated", session)
            return .value(session.json)
        }
        routes.on(.get, "/session/{id}/message") { call in try Life.page(call) }
        routes.on(.get, "/session/{id}/message/{message}") { call in .value(try call.message().1.json) }
        routes.on(.delete, "/session/{id}/message/{message}") { call in
            let (session, message) = try call.message()
            try call.requireIdle(session)
            call.life.drop(message.id, from: session)
            return .value(true)
        }
    }

    // MARK: pages

    /// Oldest first; with a limit the latest page, and where the one before it is.
    private static func page(_ call: Call) throws -> Response {
        let session = try call.session
        let query = call.request.query
        guard let limit = query["limit"].flatMap({ Int($0) }), limit > 0 else {
            if query["before"] != nil { throw Refusal.schema("before needs limit", "Query") }
            return .value(.array(session.messages.map(\.json)))
        }
        var messages = session.messages[...]
        if let before = query["before"] {
            guard let cursor = Base64URL.decode(before).flatMap({ JSONValue(json: $0) })?["id"]?.string else {
                throw Refusal.schema("Invalid cursor\n  at [\"before\"]", "Query")
            }
            messages = messages.prefix { $0.id < cursor }
        }
        let page = messages.suffix(limit)
        var response = Response.value(.array(page.map(\.json)))
        if page.count < messages.count, let first = page.first {
            let time = first.info["time"]?["created"] ?? 0
            let cursor = Base64URL.encode(Array(value(["id": .string(first.id), "time": time]).json.utf8))
            let path = "\(call.life.fake.address)/session/\(session.id)/message?limit=\(limit)&before=\(cursor)"
            response.headers.add("Link", "<\(path)>; rel=\"next\"")
            response.headers.add("X-Next-Cursor", cursor)
            response.headers.add("Access-Control-Expose-Headers", "Link, X-Next-Cursor")
        }
        return response
    }

    // MARK: fork and revert

    private func fork(_ session: Session, before message: String?, _ instance: Instance) -> Session {
        let copy = create(
            object(["title": .string("\(session.title) (fork #1)"), "metadata": session.info["metadata"]]), instance)
        var names: [String: String] = [:]
        for message in session.messages.prefix(while: { $0.id != message }) {
            var info = message.info
            names[message.id] = id("msg")
            info["id"] = .text(names[message.id])
            info["sessionID"] = .string(copy.id)
            if let parent = info.text("parentID").flatMap({ names[$0] }) { info["parentID"] = .string(parent) }
            save(info, copy)
            for var part in message.parts {
                part["id"] = .string(id("prt"))
                part["sessionID"] = .string(copy.id)
                part["messageID"] = info["id"]
                save(part: part, copy)
            }
        }
        return copy
    }

    /// Files go back at once; messages stay until the next prompt.
    private func revert(_ session: Session, to message: String) {
        let undone = session.changes.filter { $0.step >= message }
        for change in undone.reversed() {
            if let before = change.before {
                _ = Files.write(before, to: change.path)
            } else {
                Files.remove(change.path)
            }
        }
        let diffs = FileDiff.list(undone, in: session.directory)
        func sum(_ key: String) -> JSONValue { .int((diffs.elements ?? []).reduce(0) { $0 + ($1[key]?.integer ?? 0) }) }
        session.info["summary"] = [
            "additions": sum("additions"), "deletions": sum("deletions"), "files": .int(diffs.elements?.count ?? 0),
        ]
        session.info["revert"] = [
            "messageID": .string(message), "snapshot": .string(Hex.encode(Random.bytes(20))),
            "diff": .string((diffs.elements ?? []).compactMap { $0["patch"]?.string }.joined()),
        ]
        session.touch()
        emit("session.diff", object(["sessionID": .string(session.id), "diff": diffs]), session.directory)
        emitSession("updated", session)
    }

    private func unrevert(_ session: Session) {
        guard let message = session.info["revert"]?["messageID"]?.string else { return }
        for change in session.changes where change.step >= message { _ = Files.write(change.after, to: change.path) }
        session.info["revert"] = nil
        session.touch()
        emitSession("updated", session)
    }

    /// The next prompt after a revert makes it final.
    func settleRevert(_ session: Session) {
        guard let message = session.info["revert"]?["messageID"]?.string else { return }
        for dropped in session.messages.filter({ $0.id >= message }) { drop(dropped.id, from: session) }
        session.changes.removeAll { $0.step >= message }
        session.info["revert"] = nil
        emitSession("updated", session)
    }

    private func drop(_ message: String, from session: Session) {
        session.messages.removeAll { $0.id == message }
        emitDurable(
            "message.removed", object(["sessionID": .string(session.id), "messageID": .string(message)]), session)
    }
}
