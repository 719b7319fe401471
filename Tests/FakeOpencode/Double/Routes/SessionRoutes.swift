import Runtime

/// Sessions: made, listed, changed, removed.
extension Life {
    func addSessions(to routes: FakeRoutes) {
        routes.on(.post, "/session") { call in
            let instance = try call.instance
            let body =
                call.request.body.bytes.isEmpty ? JSONObject() : try call.body(otherwise: .tagged(400, "BadRequest"))
            if let title = body["title"], title.string == nil { throw Refusal.tagged(400, "BadRequest") }
            return .value(call.life.create(body, instance).json)
        }
        routes.on(.get, "/session") { call in
            let instance = try call.instance
            let hasDirectory = call.request.query["directory"] != nil
            let found = call.life.store.sorted.filter {
                hasDirectory ? $0.directory == call.directory : $0.info.text("projectID") == instance.project
            }
            return .value(.array(call.life.filter(found, call.request.query)))
        }
        routes.on(.get, "/experimental/session") { call in
            let found = call.life.filter(call.life.store.sorted, call.request.query)
            return .value(
                .array(
                    found.map { session in
                        var session = session.members ?? JSONObject()
                        let worktree = Files.worktree(of: session.text("directory") ?? "/") ?? "/"
                        session["project"] = value(["id": session["projectID"], "worktree": .string(worktree)])
                        return .object(session)
                    }))
        }
        routes.on(.get, "/session/status") { call in
            _ = try call.instance
            let own = call.life.statuses.filter {
                call.life.store.sessions[$0.key]?.directory ?? call.directory == call.directory
            }
            return .value(.object(JSONObject(own.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })))
        }
        routes.on(.get, "/session/{id}") { call in .value(try call.session.json) }
        routes.on(.patch, "/session/{id}") { call in
            let session = try call.place.session
            call.life.change(session, try call.body(otherwise: .tagged(400, "BadRequest")))
            return .value(session.json)
        }
        routes.on(.delete, "/session/{id}") { call in
            call.life.remove(try call.place.session)
            return .value(true)
        }
        routes.on(.get, "/session/{id}/children") { call in
            .value(.array(call.life.store.children(of: try call.session.id).map(\.json)))
        }
        routes.on(.get, "/session/{id}/todo") { call in .value(try call.session.todos) }
        routes.on(.get, "/session/{id}/diff") { call in
            let session = try call.session
            guard let message = call.request.query["messageID"] else { return .value([]) }
            return .value(FileDiff.list(session.changes.filter { $0.messageID == message }, in: session.directory))
        }
    }

    /// A session of the body's members; its parent is not looked for.
    func create(_ body: JSONObject, _ instance: Instance) -> Session {
        let directory = instance.directory
        let moment = Clock.now
        let kind = body["parentID"] == nil ? "New" : "Child"
        let inner = FileDiff.name(directory, in: instance.worktree)
        let session = Session(
            object([
                "id": .string(id("ses")), "slug": .string(Life.slug()), "projectID": .string(instance.project),
                "directory": .string(directory), "path": .string(inner == directory ? "" : inner),
                "parentID": body["parentID"], "cost": 0, "tokens": Usage.none,
                "title": body["title"] ?? .string("\(kind) session - \(Clock.text)"), "agent": body["agent"],
                "model": body["model"], "version": .string(fake.version), "metadata": body["metadata"],
                "permission": body["permission"], "time": ["created": moment, "updated": moment],
            ]))
        store.add(session)
        emitSession("created", session)
        return session
    }

    private func change(_ session: Session, _ body: JSONObject) {
        if let title = body["title"] { session.info["title"] = title }
        if let metadata = body["metadata"] { session.info["metadata"] = metadata }
        if let rules = body["permission"]?.elements {
            session.info["permission"] = .array((session.info["permission"]?.elements ?? []) + rules)
        }
        session.touch()
        if let archived = body["time"]?["archived"] { session.setTime("archived", archived) }
        emitSession("updated", session)
    }

    /// A turn that runs goes on: the original does not stop it either.
    private func remove(_ session: Session) {
        for child in store.children(of: session.id) { remove(child) }
        emitSession("deleted", session)
        store.remove(session.id)
    }

    private func filter(_ sessions: [Session], _ query: QueryFields) -> [JSONValue] {
        let start = query["start"].flatMap { Int($0) }
        let found = sessions.filter { session in
            if query["roots"] == "true", session.parent != nil { return false }
            if let search = query["search"], !session.title.lowercased().contains(search.lowercased()) { return false }
            if let start, (session.info["time"]?["updated"]?.integer ?? 0) < start { return false }
            return true
        }
        return found.prefix(query["limit"].flatMap { Int($0) } ?? 100).map(\.json)
    }

    private static func slug() -> String {
        let (first, second) = (["quiet", "brave", "lucky", "sunny"], ["harbor", "pixel", "eagle", "island"])
        let chance = Random.bytes(2)
        return "\(first[Int(chance[0]) % 4])-\(second[Int(chance[1]) % 4])"
    }
}
