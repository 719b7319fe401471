import LuaBridge

/// The runs of a spec: those that it says there are, and those that a script starts, which stay queued.
@Loop
final class FakeRuns: WorldRuns {
    private struct Entry {
        var facts: JSONObject
        var events: [JSONValue]
        var decisions: [JSONValue]
        var asks: [JSONValue]
    }

    private unowned let clock: any WorldClock
    private var all: [Entry] = []
    private var lastID = 0
    private var known: [JSONObject] = []

    init(clock: any WorldClock) { self.clock = clock }

    func begin() {
        all = []
        known = []
        lastID = 0
    }

    func chats(_ page: UnusedPage) async throws -> [JSONValue] { known.unused(page, at: clock.now) }

    func list(_ filter: ScriptRunFilter) async throws -> [JSONValue] {
        func has(_ run: JSONObject) -> Bool {
            let id = run["id"]?.string ?? ""
            return (filter.user == nil || run["user"]?["key"]?.string == filter.user)
                && (filter.chat == nil || run["chat"]?.string == filter.chat)
                && (filter.states.isEmpty || filter.states.contains(run["state"]?.string ?? ""))
                && filter.before.map { id < $0 } ?? true && filter.after.map { id > $0 } ?? true
        }
        let found = all.map(\.facts).filter(has).sorted { ($0["id"]?.string ?? "") < ($1["id"]?.string ?? "") }
        // Of those behind an id, the nearest, as the store has it.
        let fromOldest = filter.oldestFirst || filter.after != nil
        let page = fromOldest ? Array(found.prefix(filter.limit)) : Array(found.suffix(filter.limit))
        return (filter.oldestFirst ? page : page.reversed()).map { .object($0) }
    }

    func get(_ id: String) async throws -> JSONValue { .object(all[try place(of: id)].facts) }

    func start(_ order: ScriptRunOrder) async throws -> JSONValue {
        lastID += 1
        var facts = facts(id: "run-\(lastID)", user: order.user, state: "queued", at: clock.now)
        facts["prompt"] = .string(order.prompt)
        facts["persona"] = .string(order.persona)
        facts["door"] = "script"
        facts["chat"] = order.chat.map { .string($0) }
        facts["title"] = order.title.map { .string($0) }
        facts["meta"] = .object(order.meta)
        all.append(Entry(facts: facts, events: [], decisions: [], asks: []))
        return .object(facts)
    }

    func cancel(_ id: String, reason: String) async throws -> JSONValue {
        let place = try place(of: id)
        if FakeRuns.isEnded(all[place].facts) { throw Fault(.conflict, "run \(id) has ended already") }
        all[place].facts["state"] = "cancelled"
        all[place].facts["ended"] = .number(clock.now)
        return .object(all[place].facts)
    }

    func wait(_ id: String) async throws -> JSONValue {
        let place = try place(of: id)
        // Nothing runs here, so one that has not ended succeeds.
        if !FakeRuns.isEnded(all[place].facts) {
            all[place].facts["state"] = "succeeded"
            all[place].facts["ended"] = .number(clock.now)
        }
        return .object(all[place].facts)
    }

    func asks(user: String?, chat: String?) throws -> [JSONValue] {
        all.filter {
            (user == nil || $0.facts["user"]?["key"]?.string == user)
                && (chat == nil || $0.facts["chat"]?.string == chat)
        }.flatMap { entry in entry.asks.map { ["run": .object(entry.facts), "ask": $0] } }
    }

    func answer(_ id: String, _ answer: ScriptRunAnswer) async throws -> JSONValue {
        let place = try place(of: id)
        guard let ask = all[place].asks.firstIndex(where: { $0["id"]?.string == answer.ask }) else {
            throw Fault(.notFound, "run \(id) has asked no \"\(answer.ask)\"")
        }
        all[place].asks.remove(at: ask)
        if all[place].asks.isEmpty { all[place].facts["state"] = "running" }
        return .object(all[place].facts)
    }

    func events(_ id: String, after number: Int64, follows: Bool) async throws -> any WorldRunEvents {
        FakeRunEvents(all[try place(of: id)].events.filter { Int64($0["number"]?.integer ?? 0) > number })
    }

    func why(_ id: String) async throws -> [JSONValue] { all[try place(of: id)].decisions }

    func pin(_ id: String, _ isPinned: Bool) async throws { all[try place(of: id)].facts["pinned"] = .bool(isPinned) }

    private func place(of id: String) throws -> Int {
        guard let place = all.firstIndex(where: { $0.facts["id"]?.string == id }) else {
            throw Fault(.notFound, "there is no run \"\(id)\"")
        }
        return place
    }

    private static func isEnded(_ run: JSONObject) -> Bool {
        ["succeeded", "failed", "cancelled", "interrupted"].contains(run["state"]?.string ?? "")
    }

    private func facts(id: String, user: String, state: String, at moment: Double) -> JSONObject {
        [
            "id": .string(id), "state": .string(state), "door": "openai", "engine": "opencode",
            "user": ["key": .string(user), "source": "key"], "workspace": .string(user), "persona": "build",
            "prompt": "", "created": .number(moment), "attempts": .integer(state == "queued" ? 0 : 1), "meta": [:],
            "kind": "run", "label": .string("\(id) of \(user)"), "pinned": false,
        ]
    }
}

/// Events that are all there.
@Loop
private final class FakeRunEvents: WorldRunEvents {
    private var events: [JSONValue]

    init(_ events: [JSONValue]) { self.events = events }

    func next() async throws -> JSONValue? { events.isEmpty ? Optional.none : events.removeFirst() }
    func close() { events = [] }
}

// What specs say about runs.
extension FakeRuns {
    private static let run = Record(
        "fake.Run", "A run.",
        [
            .required("user", .text(), "Whose it is."),
            .optional("id", .text(), "Its id; `run-1` and so on, if left out."),
            .optional("state", Contract.runState, "Where it stands; `succeeded`, if left out."),
            .optional("persona", .text(), "Who answers."), .optional("chat", .text(), "Its chat."),
            .optional("title", .text(), "What it is about."), .optional("prompt", .text(), "What was asked."),
            .optional("output", .text(), "What was answered."),
            .optional("pinned", .boolean, "Whether it is pinned."),
            .optional("ago", .duration, "How long ago it was made, and ended; just now, if left out."),
            .optional("usage", .record(Contract.usage), "What it has used."),
            .optional("events", .list(.map(.any)), "Its events; they are numbered as they stand."),
            .optional("asks", .list(.map(.any)), "What it asks, each with an `id` and a `title`."),
            .optional("why", .list(.map(.any)), "What hooks decided for it."),
        ])

    /// `fake.runs`.
    var words: HostModule {
        HostModule(
            "runs", "The runs that `host.runs` tells of. One that is waited for succeeds.",
            [
                HostFunction(
                    "set", "Sets the runs that there are.",
                    [.required("runs", .list(.record(FakeRuns.run)), "All of them.")],
                    example: "fake.runs.set { { user = \"ann\", state = \"failed\", ago = \"40d\" } }"
                ) { [unowned self] call in
                    all = []
                    for run in call["runs"].elements.map(HostOptions.init) { put(run) }
                    return .nil
                },
                HostFunction(
                    "chats", "Sets the chats whose turns are remembered.",
                    [.required("chats", .list(.record(FakeRuns.chat)), "All of them.")],
                    example: "fake.runs.chats { { user = \"ann\", chat = \"c1\", ago = \"100d\" } }"
                ) { [unowned self] call in
                    known = []
                    for chat in call["chats"].elements.map(HostOptions.init) { put(chat: chat) }
                    return .nil
                },
            ])
    }

    private static let chat = Record(
        "fake.Chat", "A chat.",
        [
            .required("user", .text(), "Whose it is."), .required("chat", .text(), "Its id, and that of the item."),
            .optional("turns", Contract.count, "How many turns it has had; 1, if left out."),
            .optional("pinned", .boolean, "Whether one of its runs is pinned."),
            .optional("ago", .duration, "How long ago its newest turn was; just now, if left out."),
        ])

    private func put(chat: HostOptions) {
        let (user, id) = (chat.text("user")!, chat.text("chat")!)
        let used = clock.now - (chat.duration("ago") ?? .zero) / .seconds(1)
        known.append([
            "kind": "chat", "id": .string(id), "label": .string("\(id) of \(user)"), "user": .string(user),
            "chat": .string(id), "turns": .integer(chat.integer("turns") ?? 1), "last_used": .number(used),
            "pinned": .bool(chat.bool("pinned") ?? false),
        ])
    }

    private func put(_ run: HostOptions) {
        lastID += 1
        let moment = clock.now - (run.duration("ago") ?? .zero) / .seconds(1)
        var facts = facts(
            id: run.text("id") ?? "run-\(lastID)", user: run.text("user")!, state: run.text("state") ?? "succeeded",
            at: moment)
        for field in ["persona", "chat", "title", "prompt", "output"] {
            if let text = run.text(field) { facts[field] = .string(text) }
        }
        facts["pinned"] = .bool(run.bool("pinned") ?? false)
        if run["usage"] != .nil { facts["usage"] = JSONValue(run["usage"]) }
        if FakeRuns.isEnded(facts) { facts["ended"] = .number(moment) }
        let events = run["events"].elements.enumerated().map { index, event -> JSONValue in
            var event = JSONObject(of: event)
            event["number"] = .integer(Int64(index + 1))
            return .object(event)
        }
        let asks = run["asks"].elements.map { ask -> JSONValue in
            var whole: JSONObject = ["kind": "question", "title": "", "questions": [], "patterns": []]
            for field in JSONObject(of: ask) { whole[field.key] = field.value }
            return .object(whole)
        }
        all.append(
            Entry(
                facts: facts, events: events, decisions: run["why"].elements.map { .object(JSONObject(of: $0)) },
                asks: asks))
    }
}

extension JSONObject {
    /// The members of a table; none of anything else.
    fileprivate init(of table: LuaValue) {
        if case .object(let members) = JSONValue(table) { self = members } else { self = [:] }
    }
}
