import Runtime

/// `host.runs`: the runs of this Perigee in the forms that scripts know. Scripts are loaded before runs are served, so
/// it is connected later.
@Loop
final class ScriptRuns: WorldRuns {
    private weak var runs: Runs?
    private weak var intake: TurnIntake?
    private weak var scripts: Scripts?

    func connect(_ runs: Runs, _ intake: TurnIntake, _ scripts: Scripts) {
        self.runs = runs
        self.intake = intake
        self.scripts = scripts
    }

    func list(_ filter: ScriptRunFilter) async throws -> [JSONValue] {
        let runs = try served()
        let found = try await runs.list(RunFilter(filter))
        let pinned = try await runs.pinned()
        return found.map { ScriptRuns.shown($0, isPinned: pinned.contains($0.id)) }
    }

    func get(_ id: String) async throws -> JSONValue { try await shown(id, try served()) }

    func start(_ order: ScriptRunOrder) async throws -> JSONValue {
        let intake = try Host.served(intake, "runs")
        // What it is begun with stays loaded meanwhile.
        let use = GenerationUse(try Host.served(scripts, "scripts").live)
        return ScriptRuns.shown(try await intake.start(order, use.generation), isPinned: false)
    }

    func cancel(_ id: String, reason: String) async throws -> JSONValue {
        let runs = try served()
        try await runs.cancel(id, reason: reason)
        return try await shown(id, runs)
    }

    func wait(_ id: String) async throws -> JSONValue {
        let runs = try served()
        try await runs.waitForEnd(of: id)
        return try await shown(id, runs)
    }

    func asks(user: String?, chat: String?) throws -> [JSONValue] {
        try served().asks(user: user, chat: chat).map { run, ask in
            ["run": ScriptRuns.shown(run, isPinned: false), "ask": try ScriptRuns.value(ask)]
        }
    }

    func answer(_ id: String, _ answer: ScriptRunAnswer) async throws -> JSONValue {
        let runs = try served()
        guard let verdict = AskAnswer.Verdict(rawValue: answer.verdict) else {
            throw Fault(.invalidInput, "\"\(answer.verdict)\" is no answer")
        }
        try await runs.answer(
            id,
            AskAnswer(
                ask: answer.ask, verdict: verdict, answers: answer.answers, message: answer.message, by: "script"))
        return try await shown(id, runs)
    }

    func events(_ id: String, after number: Int64, follows: Bool) async throws -> any WorldRunEvents {
        let runs = try served()
        let last = follows ? nil : try await runs.run(id)?.lastEvent
        return ScriptRunFollower(try await runs.follow(id, after: number), upTo: last)
    }

    func why(_ id: String) async throws -> [JSONValue] {
        try await served().why(id).map { step in
            var shown: JSONObject = [
                "at": .number(Double(step.at) / 1000), "hook": .string(step.decision.hook),
                "generation": .integer(Int64(step.decision.generation)),
                "scripts": .array(step.decision.scripts.map { .string($0) }),
            ]
            shown["decision"] = step.decision.value
            shown["reason"] = step.decision.reason.map { .string($0) }
            return .object(shown)
        }
    }

    func pin(_ id: String, _ isPinned: Bool) async throws { try await served().pin(id, isPinned) }

    func chats(_ page: UnusedPage) async throws -> [JSONValue] {
        let runs = try served()
        let before = page.before(runs.now())
        let found = try await runs.store.read { snapshot in
            try snapshot.all(ChatsQueries.unused, before, page.after, page.limit)
        }
        return found.map { chat in
            [
                "kind": "chat", "id": .string(chat.newest), "user": .string(chat.user), "chat": .string(chat.chat),
                "label": .string("\(chat.chat.isEmpty ? "a chat" : chat.chat) of \(chat.user)"),
                "turns": .integer(chat.turns), "last_used": .number(Double(chat.usedAt) / 1000),
                "pinned": .bool(chat.isPinned),
            ]
        }
    }

    // MARK: within

    private func served() throws -> Runs { try Host.served(runs, "runs") }

    private func shown(_ id: String, _ runs: Runs) async throws -> JSONValue {
        guard let run = try await runs.run(id) else { throw runs.unknown(id) }
        return ScriptRuns.shown(run, isPinned: try await runs.pinned().contains(id))
    }

    /// `host.Run`, as an item for gc plans too.
    private static func shown(_ run: RunRecord, isPinned: Bool) -> JSONValue {
        var facts = RunFacts.run(run).object
        facts["kind"] = "run"
        facts["label"] = .string("\(run.order.title ?? "a run") (\(run.order.user), \(JobTime.text(run.createdAt)))")
        facts["pinned"] = .bool(isPinned)
        return .object(facts)
    }

    fileprivate static func value(_ ask: Ask) throws -> JSONValue { try JSON.parse(JSON.encode(ask)).value ?? [:] }
}

/// A run's events for one script.
@Loop
private final class ScriptRunFollower: WorldRunEvents {
    private let follower: RunFollower
    /// The last one to give; nil goes on until the run's end.
    private let last: Int64?
    private var given: Int64

    init(_ follower: RunFollower, upTo last: Int64?) {
        self.follower = follower
        self.last = last
        given = follower.seen
    }

    func next() async throws -> JSONValue? {
        if let last, given >= last { return Optional.none }
        switch try await follower.next() {
        case .event(let event)?:
            given = event.number
            guard case .object(var shown)? = try JSON.parse(event.json).value else { return Optional.none }
            shown["at"] = .number(Double(event.at) / 1000)
            return .object(shown)
        case .missing(let from, let to)?:
            given = to
            return ["number": .integer(from), "kind": "missing", "to": .integer(to)]
        case nil: return Optional.none
        }
    }

    func close() { follower.close() }
}

extension RunFilter {
    fileprivate init(_ filter: ScriptRunFilter) {
        self.init(
            user: filter.user, chat: filter.chat, states: Set(filter.states.compactMap(RunState.init)),
            before: filter.before, after: filter.after, oldestFirst: filter.oldestFirst, limit: filter.limit)
    }
}
