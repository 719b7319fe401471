import LuaBridge

// Where work runs, with what, and which provider answers.

extension Contract {
    static let chat = Record(
        "host.Chat", "A chat, or a run without one, that needs a place.",
        [
            .required("id", word, "The chat's id, or the run's where there is no chat."),
            .required("door", door, "The protocol it came in by."),
            .required("user", .record(user), "Whose it is."),
            .required("persona", word, "Who answers."),
            .optional("repo", word, "The repository that it wants, as owner/name."),
            .optional("branch", word, "The branch to begin from."),
            .optional("worker", word, "The worker, or the label of workers, that it asks for."),
            .required("workspace", .record(workspace), "The user's workspace."),
            .required("turns", count, "How many turns it has had."),
            .optional("previous", .record(placement), "Where its last turn ran."),
            .required("modes", .list(runnerMode), "Ways to run the agent that work here, the configured one first."),
            .required("meta", .map(.any), "What the client attached. Not to be trusted."),
        ])

    static let placement = Record(
        "host.Placement", "Where a chat or run is carried out. What is left out is as configured.",
        [
            .optional("engine", engine, "What performs it."),
            .optional("runner", runnerMode, "How the agent runs."),
            .optional("directory", .text(max: 4096), "Where it works: the workspace if left out, or a worktree."),
            .optional("repo", word, "The repository to work on, as owner/name, in a worktree of the chat's own."),
            .optional("branch", word, "The branch that a new worktree begins from; the default one if left out."),
            .optional("workspace", word, "Another workspace than the user's own, by its id."),
            .optional(
                "isolation", .choice(["user", "chat", "run"]),
                "Who shares the runner: all chats of the user, the turns of this chat, or nobody. A shared server refuses "
                    + "the last two."),
            .optional("worker", word, "For the engine `worker`: which one, or the label of workers."),
            .optional("provider", word, "For the engine `provider`: the one to try first."),
            reason,
        ])

    static let place = HookContract(
        "place", "Where does it run?", facts: [.required("chat", .record(chat), "The chat, and what it wants.")],
        decision: .record(placement), otherwise: "The agent, in the user's workspace, as configured."
    ) { facts in
        let modes = facts.first?["modes"]?.elements ?? []
        return modes.first == "rehearsal"
            ? ["engine": "rehearsal", "reason": "no agent is configured"]
            : ["engine": "opencode", "isolation": "user"]
    }

    static let workspace = Record(
        "host.Workspace", "The directory and keys of one user.",
        [
            .required("id", word, "Its id: the first 16 hex digits of the SHA-256 of the user."),
            .required("user", word, "Whose it is."),
            .required("directory", .text(), "Where it is."),
            .required("keys", .list(word), "Names of the provider keys that it has; never the keys."),
            .required("key_signature", word, "Changes when a key does."),
            .optional("mode", runnerMode, "How its agent is about to run."),
            .optional(
                "isolation", .choice(["user", "chat", "run"]), "Who is to share the runner that is about to start."),
            .optional("image", .text(), "The container image of the settings."),
            .optional("command", .list(.text()), "The agent's command of the settings, for the mode `process`."),
            .optional("personas", .list(word), "The personas that its user may use."),
            .optional("integrations", .list(word), "The integrations that are there."),
            .optional("bytes", count, "What is stored in it, as last measured."),
            .optional("quota", count, "What may be stored in it."),
            .optional("last_used", moment, "When a run last used it, to the minute."),
            .optional("created", moment, "When it was made."),
        ])

    static let mount = Record(
        "host.Mount", "A directory that a runner sees.",
        [
            .required("source", .text(max: 4096), "A directory below the allowed ones, or a volume."),
            .required("target", .text(max: 4096), "Where the runner sees it."),
            .optional("read_only", .boolean, "Whether it can only be read. It can, if left out."),
        ])

    static let limits = Record(
        "host.RunnerLimits", "What one runner may use.",
        [
            .optional("memory", .size, "Memory."),
            .optional("cpus", .number(0.05...1024), "Processors; half of one is 0.5."),
            .optional("processes", .integer(16...1_000_000), "Processes and threads."),
            .optional("disk", .size, "What it may write outside of its workspace."),
        ])

    static let runnerPlan = Record(
        "host.RunnerPlan", "How a runner is started. What is left out is as configured.",
        [
            .optional("image", .text(max: 512), "The container image."),
            .optional("command", .list(.text(max: 4096)), "The program and its arguments."),
            .optional("env", .map(.text(max: 65536)), "Environment variables besides the host's own."),
            .optional("mounts", .list(.record(mount)), "Directories besides the workspace."),
            .optional("network", word, "The container network."),
            .optional("limits", .record(limits), "What it may use."),
            .optional("start_timeout", .duration, "How long it may take until it answers."),
            .optional("idle_timeout", .duration, "How long it stays without work."),
            reason,
        ])

    static let runner = HookContract(
        "runner", "How is a runner started, and what may it use?",
        facts: [.required("workspace", .record(workspace), "The workspace that needs one.")],
        decision: .record(runnerPlan),
        otherwise: "As configured: see the settings RUNNER_…."
    ) { _ in [:] }

    static let opencodeSettings = Record(
        "host.OpencodeSettings", "What may stand in an opencode.json; it grows with opencode.", isOpen: true,
        [
            .optional("model", word, "The main model, as provider/model."),
            .optional("small_model", word, "The model for titles and summaries."),
            .optional("default_agent", word, "The agent that answers when none is named."),
            .optional("permission", .any, "What tools may do: allow, ask or deny, by tool and pattern."),
            .optional("agent", .map(.any), "Agents by name. The host adds one for each persona."),
            .optional("provider", .map(.any), "Providers by name."),
            .optional("mcp", .map(.any), "MCP servers by name. The host adds the integrations."),
            .optional("tools", .map(.boolean), "Tools switched on or off, by name or pattern."),
            .optional("instructions", .list(.text()), "Files with instructions."),
            .optional("share", .choice(["manual", "auto", "disabled"]), "Whether sessions may be published."),
            .optional("snapshot", .boolean, "Whether changes can be taken back."),
        ])

    static let opencodeChange = Record(
        "host.OpencodeChange", "What the host merges into a workspace's opencode.json.",
        [
            .required("config", .record(opencodeSettings), "The settings, as opencode names them."),
            .optional(
                "override", .boolean, "Whether they replace what a person wrote there. They do not, if left out."),
            reason,
        ])

    static let opencodeConfig = HookContract(
        "opencode_config", "What does the agent's own configuration say?",
        facts: [
            .required("workspace", .record(workspace), "The workspace."),
            .required("personas", .list(.record(personaFacts)), "The personas that its user may use."),
        ],
        decision: .record(opencodeChange),
        otherwise: "Work inside the workspace is allowed, anything outside of it is denied, and nothing is published."
    ) { _ in
        [
            "config": [
                "permission": [
                    "edit": "allow", "bash": "allow", "webfetch": "allow", "external_directory": "deny",
                    "doom_loop": "ask",
                ],
                "share": "disabled",
            ]
        ]
    }

    static let quota = Record(
        "host.Quota", "What a provider may still be asked.",
        [
            .required("limit", count, "Calls in one window."),
            .required("used", count, "Calls so far."),
            .required("resets_in", .number(0 ... .infinity), "Seconds until the next window."),
        ])

    static let candidate = Record(
        "host.Candidate", "A provider that could answer.",
        [
            .required("name", word, "Its name in the settings."),
            .required("type", .choice(["openai_compatible", "anthropic", "cli"]), "How it is spoken to."),
            .required("model", word, "The model that it would use."),
            .required("primary", .boolean, "Whether the run asked for it."),
            .optional("quota", .record(quota), "What it may still be asked; none where it has no limit."),
            .required(
                "breaker", .choice(["closed", "half_open", "open"]),
                "`open` after repeated failures: not to be tried; `half_open`: one call may find out."),
            .optional("retry_in", .number(0 ... .infinity), "Seconds until an open breaker lets one call through."),
            .required("in_flight", count, "Calls under way."),
            .optional("input_cost", .number(0 ... .infinity), "Dollars for a million tokens in."),
            .optional("output_cost", .number(0 ... .infinity), "Dollars for a million tokens out."),
            .optional("latency", .number(0 ... .infinity), "Seconds to its first token, lately."),
        ])

    static let providerRoute = Record(
        "host.ProviderRoute", "Which providers are tried, or how long the run waits for one.",
        [
            .optional("order", .list(word), "Names of candidates, the first to try first."),
            .optional("wait", .duration, "How long the run is queued before this is asked again."),
            reason,
        ])

    static let routeProvider = HookContract(
        "route_provider", "Which provider answers, and which when that one cannot?",
        facts: [
            .required("run", .record(run), "The run."),
            .required(
                "candidates", .list(.record(candidate)),
                "The one that the run asks for first, then the others in the order of the settings."),
        ],
        decision: .record(providerRoute),
        rule: { decision in
            (decision["order"]?.elements ?? []).isEmpty && decision["wait"] == nil
                ? ShapeFault("order", "is empty", hint: "name candidates, or give `wait` to queue the run") : nil
        },
        otherwise: "Those with quota left and no open breaker, in order; if there is none, the run waits for one."
    ) { facts in
        let candidates = facts.count > 1 ? facts[1].elements : []
        let ready = candidates.filter { wait(for: $0) == 0 }.compactMap { $0["name"] }
        if !ready.isEmpty { return ["order": .array(ready)] }
        let soonest = candidates.map(wait).min() ?? 5
        return ["wait": .number(min(max(soonest, 0.25), 300)), "reason": "no provider can be asked just now"]
    }

    /// Seconds until it can be asked.
    private static func wait(for candidate: LuaValue) -> Double {
        if candidate["breaker"]?.string == "open" { return max(candidate["retry_in"]?.number ?? 5, 0.25) }
        guard let quota = candidate["quota"], let limit = quota["limit"]?.integer, let used = quota["used"]?.integer,
            used >= limit
        else { return 0 }
        return (quota["resets_in"]?.number ?? 5) + 0.25
    }
}
