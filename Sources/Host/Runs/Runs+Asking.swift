import Runtime

/// Which runs a list shows. Nothing set means all of them.
struct RunFilter: Sendable, Equatable {
    var user: String?
    var chat: String?
    var states: Set<RunState> = []
    /// Ids to go on from: older than one, or newer than one.
    var before: String?
    var after: String?
    /// From `after`, or the very first, on.
    var oldestFirst = false
    var limit = 50
}

/// What doors and scripts may ask and do.
extension Runs {
    /// The newest first, without what their engines were given.
    func list(_ filter: RunFilter = RunFilter()) async throws -> [RunRecord] {
        let user = filter.user ?? ""
        let chat = filter.chat ?? ""
        let states =
            filter.states.isEmpty ? "" : ",\(filter.states.map(\.rawValue).sorted().joined(separator: ",")),"
        let limit = max(1, min(filter.limit, 1000))
        // Ids are made of digits and the letters a to f.
        let before = filter.before ?? "z"
        // Only what is on the disk can be found there.
        try await journal.write { _ in }
        return try await store.read { snapshot in
            if filter.oldestFirst || filter.after != nil {
                let found = try snapshot.all(
                    RunsQueries.newer, filter.after ?? "", user, user, chat, chat, states, states, limit)
                return filter.oldestFirst ? found : found.reversed()
            }
            if !user.isEmpty {
                return try snapshot.all(
                    RunsQueries.olderOfUser, user, before, chat, chat, states, states, limit)
            }
            if !chat.isEmpty {
                return try snapshot.all(RunsQueries.olderOfChat, chat, before, states, states, limit)
            }
            return try snapshot.all(
                RunsQueries.older, before, user, user, chat, chat, states, states, limit)
        }
    }

    /// Stops it, and returns when it has stopped. One that was cancelled already stays so.
    func cancel(_ id: String, reason: String) async throws {
        guard let run = live[id] else {
            guard let record = try await self.run(id) else { throw unknown(id) }
            if record.state == .cancelled { return }
            throw Fault(.conflict, "run \(id) has ended already (\(record.state.rawValue))")
        }
        if run.cancelReason == nil, !run.life.state.isEnded {
            run.cancelReason = reason
            interrupt(run)
        }
        try await run.hasEnded()
        guard run.record.state == .cancelled else {
            throw Fault(.conflict, "run \(id) has ended already (\(run.record.state.rawValue))")
        }
    }

    /// Whether one that has not ended is like this.
    func isAtWork(_ isMeant: (RunRecord) -> Bool) -> Bool { live.values.contains { isMeant($0.record) } }

    /// Of a user: queued, at work or blocked.
    func unfinishedCount(of user: String) -> Int { live(of: user).count }

    /// Returns when it has ended, however it did.
    func waitForEnd(of id: String) async throws {
        if let run = live[id] { return try await run.hasEnded() }
        guard try await store.read({ try $0.first(RunsQueries.standing, id) }) != nil else { throw unknown(id) }
    }

    /// No plan removes a pinned run.
    func pin(_ id: String, _ isPinned: Bool) async throws {
        // A run that has only just been accepted is on its way to the disk.
        try await journal.write { _ in }
        let moment = now()
        let isKnown = try await store.write { transaction in
            guard try transaction.first(RunsQueries.standing, id) != nil else { return false }
            if isPinned {
                try transaction.run(RunsQueries.pin, id, moment)
            } else {
                try transaction.run(RunsQueries.unpin, id)
            }
            return true
        }
        guard isKnown else { throw unknown(id) }
    }

    /// The ids of those that are pinned.
    func pinned() async throws -> Set<String> { Set(try await store.read { try $0.all(RunsQueries.pins) }) }

    /// The client that had asked for it listens no more: the `leave` hook says whether it goes on.
    func clientLeft(_ id: String) {
        // Whoever is let go because Perigee stops has not left.
        guard !isSilent, let run = live[id], !run.life.state.isEnded else { return }
        work.spawn("the leaving of a client") { [self] in await Deadline.lifted { await left(run) } }
    }

    /// What people are asked just now.
    func openAsks(user: String? = nil, chat: String? = nil) async throws -> [(run: RunRecord, ask: Ask)] {
        asks(user: user, chat: chat)
    }

    /// The same in one turn: all of them are at hand.
    func asks(user: String? = nil, chat: String? = nil) -> [(run: RunRecord, ask: Ask)] {
        let runs = user.map { Array(live(of: $0)) } ?? Array(live.values)
        return runs.filter { run in
            !run.life.asks.isEmpty && (chat == nil || run.record.order.chat == chat)
        }.sorted { $0.id < $1.id }.flatMap { run in
            run.life.asks.compactMap { id in
                guard let open = run.asks[id], open.answer == nil else { return nil }
                return (run.record, open.ask)
            }
        }
    }

    /// Every decision that was made for it, in order.
    func why(_ id: String) async throws -> [RunDecision] {
        try await journal.write { _ in }
        let (isKnown, decisions) = try await store.read { snapshot in
            (
                try snapshot.first(RunsQueries.standing, id) != nil,
                try StoredRun.firstDecisions(of: id, snapshot) + snapshot.all(RunsQueries.laterDecisions, id, 10_000)
            )
        }
        guard isKnown else { throw unknown(id) }
        return decisions
    }

    /// Where the newest run of a user's chat was carried out; nil when there is none, or none any more.
    func place(ofNewestIn chat: String, of user: String) async throws -> JSONObject? {
        let found = try await store.read { snapshot -> (engine: String, decided: JSONValue?)? in
            guard let (id, engine) = try snapshot.first(RunsQueries.newestInChat, chat, user) else { return nil }
            let decisions = try StoredRun.firstDecisions(of: id, snapshot)
            return (engine, decisions.first { $0.decision.hook == "place" }?.decision.value)
        }
        guard let (engine, decided) = found else { return nil }
        var place: JSONObject = [:]
        if case .object(let members)? = decided { place = members }
        place["engine"] = .string(engine)
        return place
    }

    func remember(_ decision: Decision, for run: String) {
        let at = now()
        journal.note { try StoredRun.add(decision, of: run, at: at, $0) }
    }

    /// The whole text of a run that has ended, its parts as paragraphs.
    func answer(of id: String) async throws -> String {
        let rows = try await store.read { try $0.all(RunsQueries.said, id, atMost: 1_000_000) }
        var text = ""
        var last: String?
        for case .text(let piece, let part) in try rows.flatMap({ try $0.events.map(\.body) }) {
            if let last, last != part { text += "\n\n" }
            last = part
            text += piece
        }
        return text
    }

    /// Tells of every change of state, until it is closed.
    func events(user: String? = nil, _ tell: @escaping (RunRecord) -> Void) -> RunFeed {
        let feed = RunFeed(self, user: user, tell)
        add(feed)
        return feed
    }

    private func left(_ run: LiveRun) async {
        do {
            let decision = try await decide("leave", run, RunFacts.run(run.record, output: run.output))
            guard !run.life.state.isEnded else { return }
            let reason = decision.reason ?? "the client went away"
            guard decision["action"]?.string == "detach" else {
                try await cancel(run.id, reason: reason)
                return
            }
            append(.notice("the client went away; the run goes on"), to: run)
            if let limit = decision.duration("stop_after") { leash(run, limit) }
        } catch {
            // Ended by itself meanwhile.
            guard live[run.id] === run, !run.life.state.isEnded, !isClosing else { return }
            fail(run, .script("leave", error))
        }
    }

    private func leash(_ run: LiveRun, _ limit: Duration) {
        let text = "nobody came back within \(Units.describe(limit))"
        let timer = Timer { [weak self, weak run] in
            guard let self, let run, run.cancelReason == nil, !run.life.state.isEnded else { return }
            run.cancelReason = text
            self.interrupt(run)
        }
        timer.schedule(after: limit)
        run.leash?.cancel()
        run.leash = timer
    }
}
