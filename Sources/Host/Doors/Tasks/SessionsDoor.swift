import Runtime

/// Sessions of the sidecar's later API: the same runs in other words. `docs/tasks.md` has the protocol.
@Loop
struct SessionsDoor: Door {
    let name = "sessions"
    let desk: TaskDesk

    /// Between two signs of life.
    private nonisolated static let heartbeat = Duration.seconds(30)

    var endpoints: [Endpoint] {
        let unknown = "there is none of that id, or it is another's"
        return [
            Endpoint(
                method: .post, path: "/sessions",
                summary: "Starts a session: `session_id`, `prompt`, `model_config`, `system_prompt`.",
                answers: [
                    201: "the session, which is on the disk", 400: "a field is wrong, and why",
                    409: "there is a session of that id", 503: "too many are at work",
                ], body: .required(.ref("SessionSubmission")), action: .task(guarded(start))),
            Endpoint(
                method: .get, path: "/sessions",
                summary: "Sessions, the newest first; ?status=, ?before= and ?limit= choose.",
                answers: [200: "the sessions"], action: .task(guarded(list))),
            Endpoint(
                method: .get, path: "/api/sessions/active", summary: "Sessions that have not ended.",
                answers: [200: "the sessions"], action: .task(guarded(active))),
            Endpoint(
                method: .get, path: "/sessions/{id}/status", summary: "How a session stands.",
                answers: [200: "its status", 404: unknown], action: .task(guarded(status))),
            Endpoint(
                method: .get, path: "/sessions/{id}", summary: "The same.", answers: [200: "its status", 404: unknown],
                action: .task(guarded(status))),
            Endpoint(
                method: .get, path: "/sessions/{id}/stream",
                summary: "What happens in it as server-sent events, behind Last-Event-ID or from the beginning.",
                answers: [200: "the events", 404: unknown], mediaType: "text/event-stream",
                action: .task(guarded(stream))),
            Endpoint(
                method: .post, path: "/sessions/{id}/stop", summary: "Stops it, and answers when it has stopped.",
                answers: [200: "its status", 404: unknown, 409: "it has ended already"], action: .task(guarded(stop))),
            Endpoint(
                method: .post, path: "/sessions/{id}/asks/{ask}", summary: "Answers what it waits for.",
                answers: [200: "its status", 404: "nothing like that was asked", 409: "it was answered already"],
                body: .required(.ref("AskAnswer")), action: .task(guarded(answer))),
            Endpoint(
                method: .delete, path: "/sessions/{id}", summary: "Stops it if need be, and removes it.",
                answers: [204: "it is gone", 404: unknown], action: .task(guarded(remove))),
        ]
    }

    /// Failures as this protocol has them: `{error, details: {field, reason}, timestamp}`.
    private func guarded(_ handler: @escaping @Loop (Request) async throws -> Response) -> Handler {
        { request in
            do {
                return try await handler(request)
            } catch let bad as BadField {
                return SessionsDoor.failed(bad.fault, bad)
            } catch {
                let fault = Fault(error)
                if fault.kind == .cancelled || fault.kind == .internal || fault.kind == .script { throw error }
                return SessionsDoor.failed(fault)
            }
        }
    }

    private static func failed(_ fault: Fault, _ bad: BadField? = nil) -> Response {
        var json = JSONWriter()
        json.object { answer in
            answer.member("error", fault.message)
            if let hint = fault.hint { answer.member("hint", hint) }
            if let bad {
                answer.object("details") { details in
                    details.member("field", bad.field)
                    details.member("reason", bad.reason)
                }
            }
            answer.member("timestamp", TaskTime.text(Runs.wallClock()))
        }
        var response = Response.json(json.finish(), status: fault.kind.status)
        if response.status == 401 { response.headers["WWW-Authenticate"] = "Bearer" }
        return response
    }

    // MARK: starting

    private func start(_ request: Request) async throws -> Response {
        try desk.gate.present(request)
        let caller = try await desk.caller(request, door: name)
        let key = try desk.idempotencyKey(request)
        let body = try await request.body.collect(limit: TaskOrder.largestBody)
        var order = try TaskOrder(session: body, limits: desk.intake.limits)
        order.project = try order.project ?? desk.project(request)
        order.idempotencyKey = key
        order.request = request.id
        let accepted = try await desk.intake.submit(order, caller)
        let run = accepted.run
        var json = JSONWriter()
        try json.object { answer in
            answer.member("session_id", accepted.entry.name)
            answer.member("remote_session_id", run.id)
            // It runs as soon as it has its place: nobody but its agent is waited for then.
            let position = try desk.runs.places.position(of: run.id)
            let status = SessionStatus(run.state)
            answer.member(
                "status", status == .pending && position == nil ? SessionStatus.running.rawValue : status.rawValue)
            if let position { answer.member("position", position) }
            answer.member("created_at", TaskTime.text(run.createdAt))
            if !accepted.notices.isEmpty {
                answer.array("notices") { list in for notice in accepted.notices { list.value(notice) } }
            }
        }
        return .json(json.finish(), status: accepted.isReplay ? 200 : 201)
    }

    // MARK: looking

    private func list(_ request: Request) async throws -> Response {
        try await shown(request, try desk.filter(request, .session))
    }

    private func active(_ request: Request) async throws -> Response {
        var filter = try desk.filter(request, .session)
        filter.states = Set(RunState.allCases.filter { !$0.isEnded })
        return try await shown(request, filter)
    }

    private func shown(_ request: Request, _ filter: TaskBook.Filter) async throws -> Response {
        let caller = try await desk.caller(request, door: name)
        var json = JSONWriter()
        json.beginObject()
        json.key("sessions")
        json.beginArray()
        for (entry, stored) in try await desk.intake.book.list(filter, user: caller.user) {
            json.beginObject()
            try await put(entry, try desk.runs.live[stored.id]?.record ?? stored, into: &json)
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return .json(json.finish())
    }

    private func status(_ request: Request) async throws -> Response { try await status(of: try await entry(request)) }

    private func status(of entry: TaskEntry) async throws -> Response {
        var json = JSONWriter()
        json.beginObject()
        try await put(entry, try await desk.intake.run(of: entry), into: &json)
        json.endObject()
        return .json(json.finish())
    }

    private func put(_ entry: TaskEntry, _ run: RunRecord, into json: inout JSONWriter) async throws {
        json.member("session_id", entry.name)
        json.member("remote_session_id", run.id)
        json.member("status", SessionStatus(run.state).rawValue)
        try await desk.put(entry, run, into: &json)
    }

    private func entry(_ request: Request) async throws -> TaskEntry {
        try await desk.entry(request, .session, of: try await desk.caller(request, door: name))
    }

    // MARK: following

    private func stream(_ request: Request) async throws -> Response {
        let entry = try await entry(request)
        let filter = try TaskFilter(request.query, lastEventID: Self.seen(request))
        let (follower, gap, run) = try await desk.follower(entry, after: filter.after)
        let runs = try desk.runs
        let first = SessionEvent.status(
            SessionStatus(run.state), ["progress": .integer(Int64(try await desk.progress(run)))])
        return EventStream.response { (stream: EventStream) async throws in
            stream.onGone = { follower.close() }
            // It bears the number that the client has already, and a time before all others: none is passed over by it.
            var seen = filter.after
            try await stream.send(event: first.name, id: String(seen), data: first.json(at: run.createdAt))
            var pulse: Timer?
            pulse = Timer {
                stream.sendNow(
                    event: "heartbeat", id: String(seen), data: "{\"timestamp\":\"\(TaskTime.text(runs.now()))\"}")
                pulse?.schedule(after: SessionsDoor.heartbeat)
            }
            pulse?.schedule(after: SessionsDoor.heartbeat)
            defer {
                pulse?.cancel()
                pulse = nil
                follower.close()
            }
            var items = TaskItems(follower, first: gap)
            while let item = try await items.next() {
                guard let (event, at) = try await shown(item, run.id, runs) else { continue }
                seen = item.number
                try await stream.send(event: event.name, id: String(seen), data: event.json(at: at))
            }
        }
    }

    /// An id that no event can have is one that the client has from elsewhere.
    private static func seen(_ request: Request) -> String? {
        guard let text = EventStream.lastEventID(of: request) else { return Optional.none }
        return Int64(text).map { $0 < 0 } ?? true ? String(Int64.max / 2) : text
    }

    private func shown(
        _ item: RunFollower.Item, _ run: String, _ runs: Runs
    ) async throws -> (SessionEvent, Int64)? {
        switch item {
        case .missing(let from, let to): return (.gap(from, to), runs.now())
        case .event(let event):
            if let made = SessionEvent(event) { return (made, event.at) }
            guard case .state(.succeeded, _) = event.body else { return Optional.none }
            return (try await complete(run, runs), event.at)
        }
    }

    private func complete(_ id: String, _ runs: Runs) async throws -> SessionEvent {
        guard let run = try await runs.run(id) else { throw runs.unknown(id) }
        let rows = try await runs.store.read { try $0.all(TaskQueries.tools, id, atMost: 100_000) }
        let tools = try rows.flatMap { row in
            try row.events.compactMap { if case .tool(let tool) = $0.body { tool } else { nil } }
        }
        let message = try await runs.answer(of: id).end(TaskOrder.longestCode)
        return .complete(message, files: SessionEvent.files(tools), run)
    }

    // MARK: ending

    private func stop(_ request: Request) async throws -> Response {
        let entry = try await entry(request)
        try await desk.cancel(entry, request)
        return try await status(of: entry)
    }

    private func answer(_ request: Request) async throws -> Response {
        let entry = try await entry(request)
        try await desk.answer(entry, request, by: name)
        return try await status(of: entry)
    }

    private func remove(_ request: Request) async throws -> Response {
        try await desk.remove([try await entry(request).run])
        return Response(204)
    }
}
