import Runtime

/// One execution of a task, or a session: the run, and what it is called outside.
struct TaskEntry: Sendable, Equatable {
    let run: String
    let project: String
    let kind: TaskKind
    let name: String
    /// Executions of the same task are counted from 1.
    var number = 1
    /// The run that this one does again.
    var retryOf: String?
}

/// Remembers which runs are executions of which tasks. Everything is looked up below one user: what others have is not
/// there.
@Loop
struct TaskBook {
    let store: Store

    struct Filter: Sendable {
        var kind: TaskKind
        var project: String?
        var name: String?
        var states: Set<RunState> = []
        var before: String?
        var limit = 50
    }

    /// By the run's id, else the newest of that name.
    func find(_ id: String, kind: TaskKind, user: String, project: String?) async throws -> TaskEntry {
        let wanted = project ?? ""
        let found = try await store.read { snapshot in
            try snapshot.first(TaskQueries.one, id, user, kind, wanted, wanted)
                ?? snapshot.first(TaskQueries.newest, user, kind, id, wanted, wanted)
        }
        guard let found else {
            throw Fault(.notFound, "there is no \(kind.rawValue) \"\(id)\"", hint: "GET /\(kind.door) lists yours")
        }
        return found
    }

    func list(_ filter: Filter, user: String) async throws -> [(TaskEntry, RunRecord)] {
        let (project, name) = (filter.project ?? "", filter.name ?? "")
        let states =
            filter.states.isEmpty ? "" : ",\(filter.states.map(\.rawValue).sorted().joined(separator: ",")),"
        // Ids are made of digits and the letters a to f.
        let before = filter.before ?? "z"
        return try await store.read { snapshot in
            try snapshot.all(
                TaskQueries.list, user, filter.kind, project, project, name, name, before, states, states,
                filter.limit)
        }
    }

    /// What a key was used for before.
    func known(_ order: TaskOrder, _ key: String, user: String, project: String) async throws -> (
        entry: TaskEntry, isSame: Bool
    )? {
        let kind = order.kind
        let found = try await store.read { try $0.first(TaskQueries.ofKey, user, project, kind, key) }
        return found.map { (entry: $0.0, isSame: $0.1 == order.digest) }
    }

    /// All names of a task's executions.
    func executions(of entry: TaskEntry, user: String) async throws -> [String] {
        try await store.read { snapshot in
            try snapshot.all(TaskQueries.runs, user, entry.project, entry.kind, entry.name)
        }
    }

    /// What `enter` would refuse, found out before anything is made ready.
    func check(_ entry: TaskEntry, user: String) async throws {
        try await store.read { try TaskBook.check(entry, user: user, key: Optional.none, $0) }
    }

    /// Throws when the task may not begin: in the same transaction as the run, so that of two at once only one does.
    nonisolated static func enter(
        _ entry: TaskEntry, user: String, key: String?, digest: String, _ transaction: Store.Transaction
    ) throws {
        try check(entry, user: user, key: key, transaction)
        try transaction.run(
            TaskQueries.enter, entry.run, user, entry.project, entry.kind, entry.name, entry.retryOf, key, digest,
            user, entry.project, entry.kind, entry.name)
    }

    private nonisolated static func check(
        _ entry: TaskEntry, user: String, key: String?, _ snapshot: Store.Snapshot
    ) throws {
        if let key, try snapshot.first(TaskQueries.ofKey, user, entry.project, entry.kind, key) != nil {
            throw Fault(.conflict, "the Idempotency-Key was used already")
        }
        if entry.kind == .session {
            guard
                try snapshot.first(TaskQueries.newest, user, entry.kind, entry.name, entry.project, entry.project)
                    == nil
            else {
                throw Fault(
                    .conflict, "there is a session \"\(entry.name)\" already",
                    hint: "use another session_id, or DELETE it first")
            }
        }
        if let active = try snapshot.first(TaskQueries.active, user, entry.project, entry.kind, entry.name) {
            throw Fault(
                .conflict, "\(entry.kind.rawValue) \"\(entry.name)\" is at work already, as \(active)",
                hint: "wait for its end, or cancel it")
        }
    }

    /// How far the agent's own list is, in percent; nil when it keeps none.
    func progress(of run: String) async throws -> Int? {
        guard let row = try await store.read({ try $0.first(TaskQueries.todos, run) }),
            case .todo(let items)? = try row.events.first?.body
        else { return nil }
        return TaskMessage.progress(of: items)
    }
}

/// All SQL about tasks.
enum TaskQueries {
    static let schema: StaticString = """
        CREATE TABLE task_runs (
            run TEXT NOT NULL PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
            user_key TEXT NOT NULL,
            project TEXT NOT NULL,
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            number BIGINT NOT NULL,
            retry_of TEXT,
            idempotency_key TEXT,
            digest TEXT NOT NULL
        );
        CREATE INDEX task_runs_of_name ON task_runs (user_key, kind, name, run);
        CREATE INDEX task_runs_of_user ON task_runs (user_key, kind, run);
        CREATE UNIQUE INDEX task_runs_of_key ON task_runs (user_key, project, kind, idempotency_key);
        """

    static let enter: Query<Void> = """
        INSERT INTO task_runs (run, user_key, project, kind, name, retry_of, idempotency_key, digest, number)
        SELECT ?, ?, ?, ?, ?, ?, ?, ?, coalesce(max(number), 0) + 1 FROM task_runs
        WHERE user_key = ? AND project = ? AND kind = ? AND name = ?
        """
    static let one = Query(
        """
        SELECT run, project, kind, name, number, retry_of FROM task_runs
        WHERE run = ? AND user_key = ? AND kind = ? AND (? = '' OR project = ?)
        """, entry)
    static let newest = Query(
        """
        SELECT run, project, kind, name, number, retry_of FROM task_runs
        WHERE user_key = ? AND kind = ? AND name = ? AND (? = '' OR project = ?) ORDER BY run DESC LIMIT 1
        """, entry)
    static let ofKey = Query(
        """
        SELECT run, project, kind, name, number, retry_of, digest FROM task_runs
        WHERE user_key = ? AND project = ? AND kind = ? AND idempotency_key = ?
        """
    ) { row in (try entry(&row), try row.next(String.self)) }
    static let active = Query(
        """
        SELECT t.run FROM task_runs t JOIN runs r ON r.id = t.run
        WHERE t.user_key = ? AND t.project = ? AND t.kind = ? AND t.name = ? AND r.ended_at IS NULL LIMIT 1
        """, String.self)
    static let runs = Query(
        "SELECT run FROM task_runs WHERE user_key = ? AND project = ? AND kind = ? AND name = ? ORDER BY run",
        String.self)
    static let list = Query(
        """
        SELECT t.run, t.project, t.kind, t.name, t.number, t.retry_of,
            id, door, engine, r.user_key, workspace, persona, chat, lane, model, title, prompt, attended, state,
            created_at, started_at, ended_at, attempts, runner, session, message, usage, failure, waiting_for,
            coalesce((SELECT last FROM run_events e WHERE e.run = r.id ORDER BY first DESC LIMIT 1), 0), meta, ''
        FROM task_runs t JOIN runs r ON r.id = t.run
        WHERE t.user_key = ? AND t.kind = ? AND (? = '' OR t.project = ?) AND (? = '' OR t.name = ?) AND t.run < ?
            AND (? = '' OR ? LIKE '%,' || state || ',%')
        ORDER BY t.run DESC LIMIT ?
        """
    ) { row in (try entry(&row), try StoredRun.record(&row)) }
    static let todos = Query(
        """
        SELECT run, first, last, at, kind, data FROM run_events WHERE run = ? AND kind = 'todo'
        ORDER BY first DESC LIMIT 1
        """, EventRow.read)
    static let tools = Query(
        "SELECT run, first, last, at, kind, data FROM run_events WHERE run = ? AND kind = 'tool' ORDER BY first",
        EventRow.read)

    @Sendable
    private static func entry(_ row: inout Row) throws -> TaskEntry {
        try TaskEntry(
            run: row.next(), project: row.next(), kind: row.next(), name: row.next(), number: row.next(),
            retryOf: row.next())
    }
}
