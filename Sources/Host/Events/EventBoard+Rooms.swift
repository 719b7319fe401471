import Runtime

// What each room's news look like on the board.

extension EventBoard {
    func tell(_ run: RunRecord) {
        let order = run.order
        var fields: JSONObject = [
            "run": .string(run.id), "state": .string(run.state.rawValue), "user": .string(order.user),
            "workspace": .string(order.workspace),
        ]
        fields["chat"] = order.chat.map { .string($0) }
        fields["title"] = order.title.map { .string($0) }
        fields["persona"] = order.persona.map { .string($0) }
        fields["error"] = run.failure.map { .string($0.message) }
        tell("run", user: order.user, fields)
    }

    func tell(_ ask: Ask, of run: RunRecord) {
        tell(
            "ask", user: run.order.user,
            [
                "run": .string(run.id), "ask": .string(ask.id), "user": .string(run.order.user),
                "chat": run.order.chat.map { .string($0) } ?? .null,
            ])
    }

    func tell(_ job: JobRecord) {
        var fields: JSONObject = [
            "job": .string(job.job), "run": .integer(job.id), "outcome": .string(job.outcome?.rawValue ?? "running"),
            "message": .string(job.message),
        ]
        fields["plan"] = job.plan.map { .integer($0) }
        tell("job", fields)
    }

    func tell(_ plan: PlanRecord) {
        tell(
            "plan",
            [
                "plan": .integer(plan.id), "job": .string(plan.job), "state": .string(plan.state.rawValue),
                "removes": .integer(Int64(plan.removes)), "bytes": .integer(plan.bytes),
                "removed": .integer(Int64(plan.removed)), "freed": .integer(plan.freed),
            ])
    }

    func tell(_ warning: DiskWarning?) {
        tell(
            "disk",
            [
                "level": .string(warning?.level.rawValue ?? "none"),
                "reason": warning.map { .string($0.reason) } ?? .null,
            ])
    }

    func tell(runner name: String, _ state: String) {
        tell("runner", ["runner": .string(name), "state": .string(state)])
    }

    func tell(generation: Int) { tell("scripts", ["generation": .integer(Int64(generation)), "good": true]) }

    func tell(_ failure: ScriptFailure) {
        tell(
            "scripts",
            [
                "generation": .integer(Int64(failure.number)), "good": false,
                "problems": .integer(Int64(failure.problems.count)),
                "first": failure.problems.first.map { .string($0.description) } ?? .null,
            ])
    }

    /// News of runs as long as the feed is held. What a run asks is told when it blocks, and when it is answered.
    func follow(_ runs: Runs, onEnd: @escaping (RunRecord) -> Void) -> RunFeed {
        var open: [String: Set<String>] = [:]
        return runs.events { [weak self, weak runs] run in
            guard let self else { return }
            tell(run)
            if run.state.isEnded { onEnd(run) }
            guard run.state == .blocked, let runs else {
                for ask in (open.removeValue(forKey: run.id) ?? []).sorted() {
                    tell("answer", user: run.order.user, ["run": .string(run.id), "ask": .string(ask)])
                }
                return
            }
            let asked = runs.asks(user: run.order.user, chat: run.order.chat).filter { $0.run.id == run.id }
            for (_, ask) in asked where open[run.id, default: []].insert(ask.id).inserted { tell(ask, of: run) }
        }
    }
}
