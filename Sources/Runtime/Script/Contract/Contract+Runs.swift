import LuaBridge

// What happens to a run, and what of it people see.

extension Contract {
    static let usage = Record(
        "host.Usage", "What a run has used.",
        [
            .required("input_tokens", count, "Tokens read, cached ones included."),
            .required("output_tokens", count, "Tokens written, reasoning included."),
            .optional("reasoning_tokens", count, "Tokens of reasoning among them."),
            .optional("cached_tokens", count, "Tokens read from the cache among them."),
            .optional("cost", .number(0 ... .infinity), "Dollars, where the price is known."),
        ])

    static let change = Record(
        "host.Change", "A file that a run changed.",
        [
            .required("file", .text(), "Its path in the worktree."),
            .required("status", .choice(["added", "modified", "deleted"]), "What happened to it."),
            .required("additions", count, "Lines added."),
            .required("deletions", count, "Lines removed."),
        ])

    static let runState = Shape.choice([
        "queued", "starting", "running", "blocked", "succeeded", "failed", "cancelled", "interrupted",
    ])

    static let run = Record(
        "host.Run", "One unit of agent work: a chat turn, a task, an Oz run.",
        [
            .required("id", word, "Its id."),
            .required(
                "state", runState, "Where it stands. `blocked` waits for a person."),
            .required("door", door, "The protocol it came in by."),
            .required("engine", engine, "What performs it."),
            .required("user", .record(user), "Whose it is."),
            .optional("persona", word, "Who answers."),
            .optional("chat", word, "The chat that it is a turn of."),
            .optional("schedule", word, "The schedule that started it."),
            .optional("title", .text(), "What it is about, in a line."),
            .required("prompt", .text(), "What was asked, cut to 16 KB."),
            .optional("output", .text(), "What was answered so far, cut to 64 KB from its end."),
            .optional("changes", .list(.record(change)), "Files that it changed."),
            .optional("model", word, "The provider's model, as provider/model."),
            .optional("runner", word, "The runner that it is on."),
            .optional("session", word, "The agent's session."),
            .optional("workspace", word, "The workspace's id."),
            .optional("directory", .text(), "Where it works."),
            .optional("repo", word, "The repository that it works on."),
            .optional("branch", word, "The branch that it works on."),
            .required("created", moment, "When it was accepted."),
            .optional("started", moment, "When its prompt began; nil while nothing can have happened yet."),
            .optional("ended", moment, "When it ended."),
            .required("attempts", count, "How often it was begun."),
            .optional("usage", .record(usage), "What it has used."),
            .optional("error", .record(error), "Why it failed."),
            .optional("waiting_for", .text(), "What a person was asked, while it is blocked."),
            .required("meta", .map(.any), "What its client attached. Not to be trusted."),
            .optional("kind", .choice(["run"]), "What it is in a gc plan; only in what `host.runs` gives."),
            .optional("label", .text(max: 500), "Its name for people in a gc plan; only in what `host.runs` gives."),
            .optional("pinned", .boolean, "Whether no plan may remove it; only in what `host.runs` gives."),
        ])

    static let departure = Record(
        "host.Departure", "What becomes of a run whose client went away.",
        [
            .required("action", .choice(["abort", "detach"]), "Stop the agent, or let it finish and keep the answer."),
            .optional("stop_after", .duration, "How long a detached run may go on."),
            reason,
        ])

    static let leave = HookContract(
        "leave", "The client closed its stream: stop, or go on?",
        facts: [.required("run", .record(run), "The run that nobody listens to any more.")],
        decision: .record(departure), otherwise: "The run is stopped."
    ) { _ in ["action": "abort", "reason": "the client went away"] }

    static let failure = Record(
        "host.Failure", "What failed, and what had happened by then.",
        [
            .required(
                "kind",
                .choice([
                    "rate_limited", "session_missing", "session_busy", "agent_gone", "agent_failed", "no_runner",
                    "runners_full", "agent_missing",
                    "context_overflow", "output_limit", "content_filtered", "unauthorized", "model_missing",
                    "provider_failed", "timeout", "out_of_memory", "disk_full", "other",
                ]), "What sort of failure."),
            .required("message", .text(), "What failed, on what, and why."),
            .required("attempt", .integer(1 ... .max), "How often the same has failed; 1 for the first time."),
            .required("started", .boolean, "Whether the prompt had begun, so that it may have had effects."),
            .optional("retry_after", .number(0 ... .infinity), "Seconds that the other side asked to wait."),
            .optional("status", .integer(), "The HTTP status of the other side."),
            .optional("provider", word, "The provider that failed."),
            .optional("runner_mode", runnerMode, "How the agent runs."),
            .required("attended", .boolean, "Whether a person is there to be asked."),
            .required("run", .record(run), "The run."),
        ])

    static let recovery = Record(
        "host.Recovery", "What is done about a failure.",
        [
            .required(
                "action", .choice(["retry", "recreate_session", "restart_runner", "fork", "ask", "give_up"]),
                "`fork` goes on in a copy of the session from before the turn; `ask` leaves it to a person."),
            .optional("after", .duration, "How long to wait before it."),
            .optional("message", .text(max: 500), "What the person reads, instead of the failure's own message."),
            reason,
        ])

    static let recover = HookContract(
        "recover", "A turn failed: what now?", facts: [.required("failure", .record(failure), "What failed.")],
        decision: .record(recovery),
        otherwise: "A lost session is made again and a lost agent restarted, once; a prompt that began is asked about."
    ) { facts in
        let failure = facts.first ?? .nil
        if failure["started"]?.bool == true {
            return ["action": "ask", "reason": "the prompt may have had effects already"]
        }
        guard failure["attempt"]?.integer == 1 else { return ["action": "give_up", "reason": "it failed again"] }
        switch failure["kind"]?.string {
        case "session_missing":
            return ["action": "recreate_session", "reason": "the agent no longer knows the session"]
        case "agent_gone": return ["action": "restart_runner", "reason": "the agent no longer answers"]
        default: return ["action": "give_up"]
        }
    }

    static let unfinished = Record(
        "host.Unfinished", "A run that had not ended when Perigee stopped.",
        [
            .required("run", .record(run), "The run, as it stood."),
            .required("away", .number(0 ... .infinity), "Seconds between its last event and now."),
            .required("runner_alive", .boolean, "Whether its runner still answers."),
            .required(
                "session", .choice(["busy", "idle", "missing", "unknown"]),
                "What its runner says about the session: `busy` is still at work."),
            .required("answer_complete", .boolean, "Whether the agent finished the answer meanwhile."),
            .optional("attended", .boolean, "Whether a person is there to answer; nil says nothing of it."),
        ])

    static let reconciliation = Record(
        "host.Reconciliation", "What becomes of an unfinished run.",
        [
            .required(
                "action", .choice(["resume", "retry", "ask", "interrupt"]),
                "Go on with it, run it again from its beginning, leave that to a person, or mark it interrupted."),
            .optional("message", .text(max: 500), "What the person is asked."),
            reason,
        ])

    static let reconcile = HookContract(
        "reconcile", "A run was unfinished when Perigee started: what now?",
        facts: [.required("item", .record(unfinished), "The run, and what is left of it.")],
        decision: .record(reconciliation),
        otherwise:
            "What never began, is still at work or has its answer is resumed; for the rest a person is asked, and where "
            + "none is, it is interrupted."
    ) { facts in
        let item = facts.first ?? .nil
        if item["run"]?["started"] == nil { return ["action": "resume", "reason": "it had not begun"] }
        if item["answer_complete"]?.bool == true { return ["action": "resume", "reason": "the agent had finished it"] }
        if item["session"]?.string == "busy" { return ["action": "resume", "reason": "the agent is still at work"] }
        if item["attended"]?.bool == false {
            return ["action": "interrupt", "reason": "the prompt may have had effects already, and nobody is there"]
        }
        return ["action": "ask", "reason": "the prompt may have had effects already"]
    }

    static let artifact = Record(
        "host.Artifact", "Something that a run leaves behind.",
        [
            .required(
                "type", .choice(["plan", "pull_request", "screenshot", "file", "external_reference"]), "What it is."),
            .optional("title", .text(max: 500), "What people call it."),
            .optional("url", .text(max: 4096), "Where it is on the web."),
            .optional("path", .text(max: 4096), "Where it is in the worktree."),
            .optional("content", .text(max: 1 << 20), "Its text, for a plan."),
            .optional("branch", word, "The branch of a pull request."),
        ])

    static let artifacts = HookContract(
        "artifacts", "What does a run leave behind?",
        facts: [.required("run", .record(run), "The run, its output and its changes.")],
        decision: .list(.record(artifact)), otherwise: "Nothing."
    ) { _ in .array([]) }

    static let finished = HookContract(
        "finished", "A run has ended: tell somebody.", facts: [.required("run", .record(run), "The run.")],
        decision: nil, otherwise: "Nothing happens."
    ) { _ in nil }
}
