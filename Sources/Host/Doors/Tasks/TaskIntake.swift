import Runtime

/// Brings what is asked for to a run, once: checked, looked up, accepted.
@Loop
final class TaskIntake {
    let runs: Runs
    let book: TaskBook
    let limits: TaskLimits
    private let turns: TurnIntake
    private let scripts: Scripts
    private let workspaces: Workspaces
    private let sealer: Sealer
    /// Gives a key to the agent of the one project that works in `WORKSPACE_DIR`; nil where that is not its alone.
    private let giveKey: GivingKey?
    /// What it was given last, by provider.
    private var given: [Provider: Secret] = [:]

    typealias GivingKey = @Loop (Provider, Secret) async throws -> Void

    /// Where nothing names a project.
    private static let anyProject = "default"

    struct Accepted {
        let entry: TaskEntry
        let run: RunRecord
        var notices: [String] = []
        /// It was asked for before, with the same key.
        var isReplay = false
    }

    init(
        _ runs: Runs, _ turns: TurnIntake, _ scripts: Scripts, _ workspaces: Workspaces, _ sealer: Sealer,
        _ limits: TaskLimits, giveKey: GivingKey? = nil
    ) {
        self.giveKey = giveKey
        self.runs = runs
        self.turns = turns
        self.scripts = scripts
        self.workspaces = workspaces
        self.sealer = sealer
        self.limits = limits
        book = TaskBook(store: runs.store)
    }

    // MARK: whose

    /// The project that a request means; nil for any of the user's. What is not served here is not there.
    func project(_ named: String?) throws -> String? {
        guard let own = limits.project else { return named }
        guard let named, named != own else { return own }
        throw Fault(
            .notFound, "there is no project \"\(named.prefix(200))\" here", hint: "this server works for one project")
    }

    func find(_ id: String, _ kind: TaskKind, _ caller: Caller, project named: String?) async throws -> TaskEntry {
        try await book.find(id, kind: kind, user: caller.user, project: project(named))
    }

    /// The run of an entry as it stands now.
    func run(of entry: TaskEntry) async throws -> RunRecord {
        guard let run = try await runs.run(entry.run) else { throw runs.unknown(entry.run) }
        return run
    }

    // MARK: accepting

    func submit(_ order: TaskOrder, _ caller: Caller) async throws -> Accepted {
        let project = try project(order.project) ?? TaskIntake.anyProject
        if let before = try await replay(order, caller, project) { return before }
        try await book.check(
            TaskEntry(run: "", project: project, kind: order.kind, name: order.name), user: caller.user)
        try checkSessions(order)
        let use = GenerationUse(scripts.live)
        let personas = use.generation.offeredPersonas.map(\.id)
        guard personas.contains(order.persona) else {
            let near = NearestName.of(order.persona, among: personas).map { "; did you mean \"\($0)\"?" } ?? ""
            throw BadField(field: "persona", reason: "there is no \"\(order.persona)\"\(near)")
        }
        if let key = order.model.key { runs.log.secrets.add(key.reveal()) }
        let told = Told()
        let shape = shape(order, caller, project, told)
        do {
            let run = try await turns.submit(TurnRequest(order, caller, project), use.generation, shape)
            return Accepted(entry: try await entry(of: run, order.kind, caller), run: run, notices: told.notices)
        } catch {
            // Of two requests with the same key one came first.
            guard Fault(error).kind == .conflict, let before = try await replay(order, caller, project) else {
                throw error
            }
            return before
        }
    }

    /// The same order once more, as a new execution of the same task.
    func retry(_ entry: TaskEntry, _ caller: Caller, key: String?) async throws -> Accepted {
        let before = try await run(of: entry)
        guard before.state.isEnded else {
            throw Fault(
                .conflict, "\(entry.run) has not ended (\(before.state.rawValue))",
                hint: "cancel it, or wait for its end")
        }
        var order = before.order
        order.key = caller.key?.id
        let wanted = TaskOrder(retrying: entry, key: key)
        if let again = try await replay(wanted, caller, entry.project) { return again }
        let user = order.user
        let run = try await runs.accept(order) { run, transaction in
            let next = TaskEntry(
                run: run.id, project: entry.project, kind: entry.kind, name: entry.name, retryOf: entry.run)
            try TaskBook.enter(next, user: user, key: key, digest: wanted.digest, transaction)
        }
        return Accepted(entry: try await self.entry(of: run, entry.kind, caller), run: run)
    }

    private func entry(of run: RunRecord, _ kind: TaskKind, _ caller: Caller) async throws -> TaskEntry {
        try await book.find(run.id, kind: kind, user: caller.user, project: Optional.none)
    }

    private func replay(_ order: TaskOrder, _ caller: Caller, _ project: String) async throws -> Accepted? {
        guard let key = order.idempotencyKey,
            let known = try await book.known(order, key, user: caller.user, project: project)
        else { return nil }
        guard known.isSame else {
            throw Fault(
                .conflict, "the Idempotency-Key was used for something else", hint: "use a new key for each request")
        }
        return Accepted(entry: known.entry, run: try await run(of: known.entry), isReplay: true)
    }

    private func checkSessions(_ order: TaskOrder) throws {
        guard order.kind == .session, let most = limits.sessions else { return }
        guard runs.live.values.count(where: { $0.record.order.door == TaskKind.session.door }) < most else {
            throw Fault(.unavailable, "\(most) sessions are at work already", hint: "ask again when one has ended")
        }
    }

    // MARK: the run

    /// What is found out on the way, for the answer.
    @Loop
    private final class Told { var notices: [String] = [] }

    private func shape(_ order: TaskOrder, _ caller: Caller, _ project: String, _ told: Told) -> TurnShape {
        var shape = TurnShape(isAttended: order.isAttended, title: order.title)
        shape.placed = { [self] engine, workspace in
            guard engine == "opencode", let key = order.model.key, let provider = order.model.keptFor else {
                return workspace
            }
            guard limits.directory != nil else {
                return try await workspaces.setKeys([provider: .some(key)], of: workspace)
            }
            try await give(key, of: provider)
            return workspace
        }
        shape.finish = { [self] run in
            finish(&run, order, caller, project)
            told.notices = order.model.apply(
                to: &run, sealer: sealer, takesKey: limits.directory == nil || giveKey != nil)
            return told.notices
        }
        let (kind, name, user) = (order.kind, order.name, caller.user)
        shape.beside = { run, transaction in
            try TaskBook.enter(
                TaskEntry(run: run.id, project: project, kind: kind, name: name), user: user, key: order.idempotencyKey,
                digest: order.digest, transaction)
        }
        return shape
    }

    private func give(_ key: Secret, of provider: Provider) async throws {
        guard let giveKey, given[provider] != key else { return }
        try await giveKey(provider, key)
        given[provider] = key
    }

    private func finish(_ run: inout RunOrder, _ order: TaskOrder, _ caller: Caller, _ project: String) {
        // A task is no turn of a chat: each execution has a session of its own, and waits for a place, not for others.
        run.input.lineage = Optional.none
        run.lane = Optional.none
        run.input.parts = (order.texts + (run.input.worktree?.layout.map { [$0] } ?? [])).map { .text($0) }
        (run.input.context, run.input.attached) = (nil, nil)
        run.input.bounds = RunBounds(
            share: "\(caller.user)/\(project)", seconds: order.seconds ?? limits.taskSeconds)
        guard let directory = limits.directory, run.engine != "provider" else { return }
        // The directory has a configuration of its own, which knows no agents of ours.
        run.input.directory = directory
        run.input.agent = run.input.agent.hasSuffix("plan") ? "plan" : "build"
    }
}

extension TaskOrder {
    /// What an Idempotency-Key of a retry stands for.
    fileprivate init(retrying entry: TaskEntry, key: String?) {
        kind = entry.kind
        name = entry.name
        texts = []
        idempotencyKey = key
        digest = "retry of \(entry.run)"
    }
}

extension TurnRequest {
    /// A task as hooks see it.
    fileprivate init(_ order: TaskOrder, _ caller: Caller, _ project: String) {
        let model = "open-persona/\(order.persona)"
        var facts = ClientFacts([:], model: model, extra: [:])
        facts.meta = order.meta
        facts.meta["request_id"] = order.request.map { .string($0) }
        facts.meta["project"] = .string(project)
        facts.meta["\(order.kind.rawValue)_id"] = .string(order.name)
        var messages: [ChatMessage] = []
        if let system = order.system { messages.append(ChatMessage(role: .system, text: system)) }
        messages.append(ChatMessage(role: .user, text: order.texts.joined(separator: "\n\n")))
        self.init(
            door: order.kind.door, caller: caller, model: model, facts: facts, messages: messages,
            wishes: AnswerWishes(), repo: order.repos.first)
        otherRepos = Array(order.repos.dropFirst())
    }
}
