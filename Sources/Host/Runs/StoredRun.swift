import Runtime

/// A run and a decision as their rows say them, and back.
enum StoredRun {
    /// What `RunsQueries.older` and its like give in the place of the input.
    static let noInput = RunInput(parts: [], directory: "")

    @Sendable
    static func record(_ row: inout Row) throws -> RunRecord {
        let id: String = try row.next()
        var order = try RunOrder(
            door: row.next(), engine: row.next(), user: row.next(), workspace: row.next(), persona: row.next(),
            chat: row.next(), lane: row.next(), model: row.next(), title: row.next(), prompt: row.next(),
            isAttended: row.next(), input: noInput)
        let state: RunState = try row.next()
        let times: (Int64, Int64?, Int64?) = try (row.next(), row.next(), row.next())
        let attempts: Int = try row.next()
        let places: (String?, String?, String?) = try (row.next(), row.next(), row.next())
        let usage: String = try row.next()
        let failure: String? = try row.next()
        let waitingFor: String? = try row.next()
        let last: Int64 = try row.next()
        if case .object(let meta)? = try JSON.parse(row.next(String.self)).value { order.meta = meta }
        let input: String = try row.next()
        if !input.isEmpty { order.input = try JSON.parse(input).decode(RunInput.self) }
        return RunRecord(
            id: id, order: order, state: state, createdAt: times.0, startedAt: times.1, endedAt: times.2,
            attempts: attempts, runner: places.0, session: places.1, message: places.2,
            usage: usage == "{}" ? Usage() : try JSON.parse(usage).decode(Usage.self),
            failure: try failure.map { try JSON.parse($0).decode(RunFailure.self) }, waitingFor: waitingFor,
            lastEvent: last)
    }

    @Sendable
    static func decision(_ row: inout Row) throws -> RunDecision {
        let at: Int64 = try row.next()
        let hook: String = try row.next()
        let generation: Int = try row.next()
        let scripts = try JSON.parse(row.next(String.self)).decode([String].self)
        let value = try row.next(String?.self).flatMap { try JSON.parse($0).value }
        return RunDecision(
            at: at, decision: Decision(hook: hook, value: value, generation: generation, scripts: scripts))
    }

    static func add(_ run: RunRecord, _ transaction: Store.Transaction) throws {
        let order = run.order
        try transaction.run(
            RunsQueries.add, run.id, order.door, order.engine, order.user, order.workspace, order.persona, order.chat,
            order.lane, order.model, order.title, order.prompt, order.isAttended,
            text(order.decisions), run.state, run.createdAt, run.startedAt, run.attempts, run.runner, run.session,
            run.message, text(run.usage), run.failure.map(text), run.waitingFor, text(JSONValue.object(order.meta)),
            text(order.input), order.key)
    }

    /// False when it had ended before.
    @discardableResult
    static func save(_ run: RunRecord, _ transaction: Store.Transaction) throws -> Bool {
        let isOpen =
            try transaction.run(
                RunsQueries.save, run.state, run.startedAt, run.attempts, run.runner, run.session, run.message,
                text(run.usage), run.failure.map(text), run.waitingFor, run.id) > 0
        if isOpen, let end = run.endedAt { try transaction.run(RunsQueries.end, end, run.id) }
        return isOpen
    }

    static func add(_ decision: Decision, of run: String, at: Int64, _ transaction: Store.Transaction) throws {
        try transaction.run(
            RunsQueries.decide, run, at, decision.hook, decision.generation, text(decision.scripts),
            decision.value.map(text), run)
    }

    /// What hooks decided before it was accepted, in order.
    static func firstDecisions(of run: String, _ snapshot: Store.Snapshot) throws -> [RunDecision] {
        guard let (at, decisions) = try snapshot.first(RunsQueries.firstDecisions, run) else { return [] }
        guard let decisions else { return try snapshot.all(RunsQueries.firstDecisionsInRows, run) }
        return try JSON.parse(decisions).elements.map { RunDecision(at: at, decision: try Decision(stored: $0)) }
    }

    static func text(_ decisions: [Decision]) throws -> String {
        var writer = JSONWriter()
        writer.beginArray()
        for decision in decisions {
            try writer.object {
                $0.member("hook", decision.hook)
                $0.member("generation", decision.generation)
                $0.array("scripts") { list in for script in decision.scripts { list.value(script) } }
                if let value = decision.value { try $0.member("value", value) }
            }
        }
        writer.endArray()
        return String(decoding: writer.finish(), as: UTF8.self)
    }

    /// As it was parsed, without the detour over `Codable`.
    static func text(_ value: JSONValue) throws -> String {
        var writer = JSONWriter()
        try writer.value(value)
        return String(decoding: writer.finish(), as: UTF8.self)
    }

    static func text(_ names: [String]) -> String {
        var writer = JSONWriter()
        writer.beginArray()
        for name in names { writer.value(name) }
        writer.endArray()
        return String(decoding: writer.finish(), as: UTF8.self)
    }

    static func text(_ usage: Usage) throws -> String {
        var writer = JSONWriter()
        try writer.object {
            $0.member("input", usage.input)
            $0.member("output", usage.output)
            $0.member("reasoning", usage.reasoning)
            $0.member("cached", usage.cached)
            if let cost = usage.cost { try $0.member("cost", cost) }
        }
        return String(decoding: writer.finish(), as: UTF8.self)
    }

    /// One that has ended, with all that hangs on it; how many bytes its events had.
    static func remove(_ id: String, _ transaction: Store.Transaction) throws -> Int64 {
        let bytes = try transaction.one(RunsQueries.size, id)
        try transaction.run(RunsQueries.dropEvents, id)
        try transaction.run(RunsQueries.dropAsks, id)
        try transaction.run(RunsQueries.dropDecisions, id)
        try transaction.run(RunsQueries.drop, id)
        return bytes
    }

    static func text(_ value: some Encodable) throws -> String {
        String(decoding: try JSON.encode(value), as: UTF8.self)
    }
}

/// A hook's decision for a run, with when it was made.
struct RunDecision: Sendable, Equatable {
    /// Milliseconds since the epoch.
    let at: Int64
    let decision: Decision
}

extension Decision {
    fileprivate init(stored json: JSONView) throws {
        guard let hook = json["hook"].string, let generation = json["generation"].integer else {
            throw Fault(.internal, "a decision of a run in the store names no hook")
        }
        self.init(
            hook: hook, value: json["value"].value, generation: generation,
            scripts: json["scripts"].elements.compactMap(\.string))
    }
}
