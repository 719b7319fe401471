import Runtime

/// Runs, failures and asks as hooks get them: `host.Run` and its like.
@Loop
enum RunFacts {
    static func run(_ run: RunRecord, output: String? = nil) -> JSONValue {
        let order = run.order
        var facts: JSONObject = [
            "id": .string(run.id), "state": .string(run.state.rawValue), "door": .string(order.door),
            "engine": .string(order.engine), "user": user(order), "prompt": .string(order.prompt),
            "created": seconds(run.createdAt), "attempts": .integer(Int64(run.attempts)),
            "meta": .object(order.meta),
        ]
        facts["persona"] = word(order.persona)
        facts["chat"] = word(order.chat)
        facts["title"] = order.title.map { .string($0) }
        if let output, !output.isEmpty { facts["output"] = .string(output.end(LiveRun.outputBytes)) }
        facts["model"] = word(order.input.model ?? order.model)
        facts["runner"] = word(run.runner)
        facts["session"] = word(run.session)
        facts["workspace"] = word(order.workspace)
        if !order.input.directory.isEmpty { facts["directory"] = .string(order.input.directory) }
        facts["started"] = run.startedAt.map(seconds)
        facts["ended"] = run.endedAt.map(seconds)
        if run.usage != Usage() { facts["usage"] = usage(run.usage) }
        facts["error"] = run.failure.map { error($0.fault) }
        facts["waiting_for"] = run.waitingFor.map { .string($0) }
        return .object(facts)
    }

    /// `attempt` is how often the same has failed.
    static func failure(
        _ failure: RunFailure, attempt: Int, of run: RunRecord, output: String
    ) -> JSONValue {
        var facts: JSONObject = [
            "kind": .string(failure.kind.rawValue), "message": .string(failure.message),
            "attempt": .integer(Int64(attempt)), "started": .bool(run.startedAt != nil),
            "attended": .bool(run.order.isAttended), "run": self.run(run, output: output),
        ]
        facts["retry_after"] = failure.retryAfter.map { .number(max(0, $0)) }
        facts["status"] = failure.status.map { .integer(Int64($0)) }
        facts["provider"] = word(failure.provider)
        return .object(facts)
    }

    static func ask(_ ask: Ask, before count: Int, of run: RunRecord) -> JSONValue {
        var facts: JSONObject = [
            "permission": .string((ask.permission ?? ask.tool ?? "unknown").beginning(256)),
            "patterns": .array(ask.patterns.map { .string($0) }), "attended": .bool(run.order.isAttended),
            "subtask": .bool(ask.isSubtask), "asked_before": .integer(Int64(count)), "run": self.run(run),
        ]
        if !ask.always.isEmpty { facts["always"] = .array(ask.always.map { .string($0) }) }
        if !ask.title.isEmpty { facts["title"] = .string(ask.title) }
        facts["tool"] = word(ask.tool)
        if case .object? = ask.input { facts["input"] = ask.input }
        return .object(facts)
    }

    static func unfinished(_ run: RunRecord, away: Int64, _ remains: RunRemains, output: String) -> JSONValue {
        [
            "run": self.run(run, output: output), "away": .number(Double(max(0, away)) / 1000),
            "runner_alive": .bool(remains.isRunnerAlive), "session": .string(remains.session.rawValue),
            "answer_complete": .bool(remains.isAnswerComplete), "attended": .bool(run.order.isAttended),
        ]
    }

    /// Who asked, as `identify` decided it on the way here.
    private static func user(_ order: RunOrder) -> JSONValue {
        let identity = order.decisions.last { $0.hook == "identify" }?.value
        var user: JSONObject = ["key": .string(order.user), "source": identity?["source"] ?? "key"]
        for field in ["name", "email", "role"] where identity?[field]?.string != nil { user[field] = identity?[field] }
        return .object(user)
    }

    private static func usage(_ usage: Usage) -> JSONValue {
        var facts: JSONObject = [
            "input_tokens": .integer(Int64(usage.input)), "output_tokens": .integer(Int64(usage.output)),
        ]
        if usage.reasoning > 0 { facts["reasoning_tokens"] = .integer(Int64(usage.reasoning)) }
        if usage.cached > 0 { facts["cached_tokens"] = .integer(Int64(usage.cached)) }
        facts["cost"] = usage.cost.map { .number($0) }
        return .object(facts)
    }

    private static func error(_ fault: Fault) -> JSONValue {
        var facts: JSONObject = [
            "kind": .string(fault.kind.rawValue), "message": .string(fault.message),
            "retryable": .bool(fault.isRetryable), "status": .integer(Int64(fault.kind.status)),
        ]
        facts["hint"] = fault.hint.map { .string($0) }
        return .object(facts)
    }

    /// Ids and short names have a bound there.
    private static func word(_ text: String?) -> JSONValue? {
        guard let text, !text.isEmpty else { return Optional.none }
        return .string(text.beginning(256))
    }

    private static func seconds(_ milliseconds: Int64) -> JSONValue { .number(Double(milliseconds) / 1000) }
}
