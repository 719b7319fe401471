import Runtime

/// Tasks that a backend submits, watches and cancels. `docs/tasks.md` has the protocol.
@Loop
struct TasksDoor: Door {
    let name = "tasks"
    let desk: TaskDesk

    private nonisolated static let unknown = "there is none of that id, or it is another's"

    var endpoints: [Endpoint] {
        let unknown = TasksDoor.unknown
        return [
            Endpoint(
                method: .post, path: "/tasks/execute",
                summary: "Submits a task: `task_id`, `code`, and `context`, which is any JSON. It waits for its place.",
                answers: [
                    202: "the execution, which is on the disk", 400: "the body is wrong, and where",
                    404: "the project is another's", 409: "the task is at work already", 413: "it is too large",
                    429: "too many wait",
                ], body: .required(.ref("TaskSubmission")), action: .task(guarded(execute))),
            Endpoint(
                method: .get, path: "/tasks",
                summary:
                    "Executions, the newest first. ?status=, ?task_id= and ?project= choose, ?before= goes on from "
                    + "an id, ?limit= is 50 unless told.",
                answers: [200: "the executions", 400: "a filter is wrong"], action: .task(guarded(list))),
            Endpoint(
                method: .get, path: "/tasks/{id}/status",
                summary: "How an execution stands; of a task, its newest one.",
                answers: [200: "its status", 404: unknown], action: .task(guarded(status))),
            Endpoint(
                method: .get, path: "/tasks/{id}", summary: "The same.", answers: [200: "its status", 404: unknown],
                action: .task(guarded(status))),
            Endpoint(
                method: .get, path: "/tasks/{id}/stream",
                summary:
                    "Its output and status over a WebSocket, from the first message or behind ?after=. A page opens "
                    + "it with ?ticket=.",
                answers: [101: "the stream", 403: "a page of another site", 404: unknown],
                action: .task(guarded(stream))),
            Endpoint(
                method: .get, path: "/tasks/{id}/events",
                summary: "The same as server-sent events, behind ?after= or Last-Event-ID.",
                answers: [200: "the messages, each with its number as id", 404: unknown],
                mediaType: "text/event-stream", action: .task(guarded(events))),
            Endpoint(
                method: .post, path: "/tasks/{id}/ticket",
                summary: "A ticket that opens its WebSocket once, within 30 seconds, without a key.",
                answers: [201: "the ticket", 404: unknown], action: .task(guarded(ticket))),
            Endpoint(
                method: .get, path: "/tasks/{id}/output",
                summary: "Its output to keep: ?format=text or jsonl; ?type= and ?severity= choose.",
                answers: [200: "the output", 404: unknown], mediaType: "text/plain", action: .task(guarded(output))),
            Endpoint(
                method: .get, path: "/tasks/{id}/executions",
                summary:
                    "Every execution of the task, the newest first, each with its outcome and the end of its output.",
                answers: [200: "the executions", 404: unknown], action: .task(guarded(executions))),
            Endpoint(
                method: .post, path: "/tasks/{id}/cancel",
                summary: "Stops it, and answers when it has stopped. A body may say the reason.",
                answers: [200: "its status", 404: unknown, 409: "it has ended already"],
                action: .task(guarded(cancel))),
            Endpoint(
                method: .post, path: "/tasks/{id}/retry",
                summary: "The same once more, as a new execution of the task.",
                answers: [202: "the new execution", 404: unknown, 409: "it has not ended"],
                action: .task(guarded(retry))),
            Endpoint(
                method: .post, path: "/tasks/{id}/asks/{ask}",
                summary: "Answers what it asks: `verdict`, and `answers` to a question. The first answer counts.",
                answers: [200: "its status", 404: "nothing like that was asked", 409: "it was answered already"],
                body: .required(.ref("AskAnswer")), action: .task(guarded(answer))),
            Endpoint(
                method: .delete, path: "/tasks/{id}",
                summary: "Stops it if need be, and removes the execution, or the task with all of its executions.",
                answers: [204: "it is gone", 404: unknown], action: .task(guarded(remove))),
        ]
    }

    /// What is wrong with a field is told as any other fault.
    private func guarded(_ handler: @escaping @Loop (Request) async throws -> Response) -> Handler {
        { request in
            do {
                return try await handler(request)
            } catch let bad as BadField {
                throw bad.fault
            }
        }
    }

    // MARK: submitting

    private func execute(_ request: Request) async throws -> Response {
        try desk.gate.present(request)
        let caller = try await desk.caller(request, door: name)
        let key = try desk.idempotencyKey(request)
        let body = try await request.body.collect(limit: TaskOrder.largestBody)
        var order = try TaskOrder(execute: body, limits: desk.intake.limits)
        order.project = try order.project ?? desk.project(request)
        order.idempotencyKey = key
        order.request = request.id
        return try accepted(try await desk.intake.submit(order, caller))
    }

    private func retry(_ request: Request) async throws -> Response {
        let caller = try await desk.caller(request, door: name)
        let entry = try await desk.entry(request, .task, of: caller)
        return try accepted(try await desk.intake.retry(entry, caller, key: desk.idempotencyKey(request)))
    }

    private func accepted(_ accepted: TaskIntake.Accepted) throws -> Response {
        let (entry, run) = (accepted.entry, accepted.run)
        var json = JSONWriter()
        try json.object { answer in
            answer.member("execution_id", run.id)
            // A new one is told as it was accepted, however soon it has begun.
            answer.member("status", (accepted.isReplay ? TaskStatus(run.state) : .pending).rawValue)
            answer.member("task_id", entry.name)
            answer.member("project_id", entry.project)
            answer.member("execution", entry.number)
            if let position = try desk.runs.places.position(of: run.id) { answer.member("position", position) }
            answer.member("created_at", TaskTime.text(run.createdAt))
            if !accepted.notices.isEmpty {
                answer.array("notices") { list in for notice in accepted.notices { list.value(notice) } }
            }
        }
        var response = Response.json(json.finish(), status: 202)
        response.headers["Location"] = "/tasks/\(run.id)/status"
        if accepted.isReplay { response.headers["Idempotent-Replayed"] = "true" }
        return response
    }

    // MARK: looking

    private func list(_ request: Request) async throws -> Response {
        let caller = try await desk.caller(request, door: name)
        let filter = try desk.filter(request, .task)
        return try await shown(try await desk.intake.book.list(filter, user: caller.user), filter)
    }

    private func status(_ request: Request) async throws -> Response {
        try await status(of: try await entry(request))
    }

    private func entry(_ request: Request) async throws -> TaskEntry {
        try await desk.entry(request, .task, of: try await desk.caller(request, door: name))
    }

    private func executions(_ request: Request) async throws -> Response {
        let caller = try await desk.caller(request, door: name)
        let entry = try await desk.entry(request, .task, of: caller)
        var filter = try desk.filter(request, .task)
        filter.project = entry.project
        filter.name = entry.name
        return try await shown(try await desk.intake.book.list(filter, user: caller.user), filter, withOutput: true)
    }

    private func shown(
        _ found: [(TaskEntry, RunRecord)], _ filter: TaskBook.Filter, withOutput: Bool = false
    ) async throws -> Response {
        var json = JSONWriter()
        json.beginObject()
        json.key(withOutput ? "executions" : "tasks")
        json.beginArray()
        for (entry, stored) in found {
            json.beginObject()
            let run = try desk.runs.live[stored.id]?.record ?? stored
            try await put(entry, run, into: &json)
            if withOutput {
                let (text, isCut) = try await desk.output(of: run.id)
                json.member("outcome", run.state.isEnded ? TaskStatus(run.state).rawValue : "none yet")
                json.member("output", text)
                if isCut { json.member("output_is_cut", true) }
            }
            json.endObject()
        }
        json.endArray()
        json.member("more", found.count == filter.limit)
        json.endObject()
        return .json(json.finish())
    }

    private func status(of entry: TaskEntry) async throws -> Response {
        var json = JSONWriter()
        json.beginObject()
        try await put(entry, try await desk.intake.run(of: entry), into: &json)
        json.endObject()
        return .json(json.finish())
    }

    private func put(_ entry: TaskEntry, _ run: RunRecord, into json: inout JSONWriter) async throws {
        json.member("execution_id", run.id)
        json.member("task_id", entry.name)
        json.member("status", TaskStatus(run.state).rawValue)
        try await desk.put(entry, run, into: &json)
    }

    // MARK: ending

    private func cancel(_ request: Request) async throws -> Response {
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
        let caller = try await desk.caller(request, door: name)
        let entry = try await desk.entry(request, .task, of: caller)
        let isOne = desk.id(request) == entry.run
        try await desk.remove(
            isOne ? [entry.run] : try await desk.intake.book.executions(of: entry, user: caller.user))
        return Response(204)
    }
}
