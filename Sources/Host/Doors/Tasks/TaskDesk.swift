import Runtime

/// What both doors of tasks stand on: who asks, what they may see, and how it is told.
@Loop
final class TaskDesk {
    let gate: Gate
    let scripts: Scripts
    let tickets = TaskTickets()
    /// Of streams that are held open.
    let streams: Scope
    private let opened: () -> TaskIntake?

    /// More open streams than these are refused.
    nonisolated static let mostStreams = 2000
    /// What of each execution's output a list shows, from its end.
    nonisolated static let shownOutput = 16 << 10

    init(_ gate: Gate, _ scripts: Scripts, streams: Scope, _ intake: @escaping () -> TaskIntake?) {
        self.gate = gate
        self.scripts = scripts
        self.streams = streams
        opened = intake
    }

    var intake: TaskIntake { get throws { try served(opened(), "tasks") } }
    var runs: Runs { get throws { try intake.runs } }

    // MARK: who, and what

    func caller(_ request: Request, door: String) async throws -> Caller {
        let use = GenerationUse(scripts.live)
        return try await gate.caller(request, door: door, generation: use.generation)
    }

    /// The project that a request names.
    func project(_ request: Request) throws -> String? {
        guard let named = request.headers["x-project-id"] ?? request.query["project"], !named.isEmpty else {
            return Optional.none
        }
        guard Fields.isWord(named) else {
            throw Fault(.invalidInput, "\"\(named.prefix(200))\" cannot be a project's id")
        }
        return named
    }

    /// What the path names, if it is the caller's.
    func entry(_ request: Request, _ kind: TaskKind, of caller: Caller) async throws -> TaskEntry {
        try await intake.find(id(request), kind, caller, project: project(request))
    }

    func id(_ request: Request) -> String { request.parameters["id"] ?? "" }

    /// What repeats of a request are known by.
    func idempotencyKey(_ request: Request) throws -> String? {
        guard let key = request.headers["idempotency-key"], !key.isEmpty else { return Optional.none }
        guard key.utf8.count <= 200, key.utf8.allSatisfy({ 33...126 ~= $0 }) else {
            throw Fault(.invalidInput, "the Idempotency-Key must be 1 to 200 printable characters without blanks")
        }
        return key
    }

    /// What a request for a list chooses.
    func filter(_ request: Request, _ kind: TaskKind) throws -> TaskBook.Filter {
        let query = request.query
        var filter = TaskBook.Filter(kind: kind, project: try intake.project(project(request)))
        filter.name = query["\(kind.rawValue)_id"]
        filter.before = query["before"]
        for word in query["status"]?.split(separator: ",") ?? [] {
            guard let status = TaskStatus(rawValue: String(word)) else {
                let known = TaskStatus.allCases.map(\.rawValue).joined(separator: ", ")
                throw Fault(.invalidInput, "there is no status \"\(word)\"", hint: "known are \(known)")
            }
            filter.states.formUnion(status.states)
        }
        guard let text = query["limit"] else { return filter }
        guard let number = Int(text), (1...1000).contains(number) else {
            throw Fault(.invalidInput, "limit is \"\(text)\", not a number from 1 to 1000")
        }
        filter.limit = number
        return filter
    }

    // MARK: following

    /// Of WebSockets; a stream of events is bounded as any connection is.
    func checkStreams() throws {
        // Each has a task that speaks and one that listens.
        guard streams.taskCount < 2 * TaskDesk.mostStreams else {
            throw Fault(.overBudget, "\(TaskDesk.mostStreams) streams are open", hint: "close some")
        }
    }

    /// A reader behind a number, and what is to be told first: that a number was named which no event has.
    func follower(
        _ entry: TaskEntry, after number: Int64
    ) async throws -> (follower: RunFollower, gap: RunFollower.Item?, run: RunRecord) {
        let run = try await intake.run(of: entry)
        let last = try runs.live[run.id]?.record.lastEvent ?? run.lastEvent
        guard number > last else { return (try await runs.follow(run.id, after: number), nil, run) }
        return (try await runs.follow(run.id, after: last), .missing(from: last + 1, to: number), run)
    }

    // MARK: ending

    func cancel(_ entry: TaskEntry, _ request: Request) async throws {
        let body = try await request.body.collect(limit: 64 << 10)
        let reason = body.isEmpty ? nil : try Fields(body).text("reason", atMost: 500)
        try await runs.cancel(entry.run, reason: reason ?? "cancelled by its client")
    }

    /// Stops it if need be, and removes it with all that its run kept.
    func remove(_ ids: [String]) async throws {
        let runs = try runs
        for id in ids {
            if runs.live[id] != nil {
                do {
                    try await runs.cancel(id, reason: "removed by its client")
                } catch let fault as Fault where fault.kind == .conflict {
                    // It has ended by itself, which is as good.
                }
            }
            try await runs.store.write { transaction in
                guard let endedAt = try transaction.first(RunsQueries.standing, id) else { return }
                guard endedAt != nil else {
                    throw Fault(.conflict, "\(id) has not ended yet", hint: "try again in a moment", isRetryable: true)
                }
                try transaction.run(RunsQueries.unpin, id)
                _ = try StoredRun.remove(id, transaction)
            }
        }
    }

    /// A person's answer to what it asks.
    func answer(_ entry: TaskEntry, _ request: Request, by door: String) async throws {
        let body = try JSON.parse(try await request.body.collect(limit: 1 << 20))
        try await runs.answer(
            entry.run, AskAnswer(to: request.parameters["ask"] ?? "", body: body, by: door))
    }

    // MARK: telling

    /// The members that tasks and sessions have in common, behind their ids and status.
    func put(_ entry: TaskEntry, _ run: RunRecord, into json: inout JSONWriter) async throws {
        let runs = try runs
        json.member("state", run.state.rawValue)
        json.member("progress", try await progress(run))
        if let position = runs.places.position(of: run.id) { json.member("position", position) }
        json.member("project_id", entry.project)
        json.member("execution", entry.number)
        if let request = run.order.meta["request_id"]?.string { json.member("request_id", request) }
        if let before = entry.retryOf { json.member("retry_of", before) }
        json.member("created_at", TaskTime.text(run.createdAt))
        if let moment = run.startedAt { json.member("started_at", TaskTime.text(moment)) }
        if let moment = run.endedAt { json.member("completed_at", TaskTime.text(moment)) }
        if let moment = run.endedAt { try json.member("duration", Double(moment - (run.startedAt ?? moment)) / 1000) }
        if let title = run.order.title { json.member("title", title) }
        if let bounds = run.order.input.bounds { json.member("timeout", bounds.seconds) }
        try json.member("usage", TaskMessage.value(run.usage))
        if let failure = run.failure { try json.member("error", TaskMessage.value(failure)) }
        if run.state == .blocked {
            let asks = runs.asks(user: run.order.user).filter { $0.run.id == run.id }
            try json.member("asks", .array(asks.map { TaskMessage.value($0.ask) }))
        }
        json.member("last_event", Int(run.lastEvent))
    }

    func progress(_ run: RunRecord) async throws -> Int {
        switch run.state {
        case .succeeded: 100
        case .queued: 0
        default: try await intake.book.progress(of: run.id) ?? 0
        }
    }

    /// The end of what it said.
    func output(of run: String) async throws -> (text: String, isCut: Bool) {
        let rows = try await runs.store.read { try $0.all(RunsQueries.newestTexts, run, 64) }
        var text = ""
        var last: String?
        for case .text(let piece, let part) in try rows.reversed().flatMap({ try $0.events.map(\.body) }) {
            if let last, last != part { text += "\n\n" }
            last = part
            text += piece
        }
        let end = text.end(TaskDesk.shownOutput)
        return (end, end.utf8.count < text.utf8.count || rows.count == 64)
    }
}
