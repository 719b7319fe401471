import LuaBridge

extension HostModule {
    /// `host.runs`. Scripts are the owner's, so they see the runs of all users.
    public static func runs(_ runs: any WorldRuns) -> HostModule {
        let events = LuaClass<ScriptRunEvents>("host.runs.EventReader")
        return HostModule(
            "runs",
            "Agent work of all users: what runs, what it said and why, and work that a script starts by itself.",
            [
                list(runs), get(runs), start(runs), wait(runs), cancel(runs), asks(runs), answer(runs),
                HostModule.events(runs, events), why(runs), pin(runs), unpin(runs),
                chats(runs),
            ], classes: [HostClass(events, "The events of a run, read by `for` or by calling it.", eventMethods)])
    }

    private static func list(_ runs: any WorldRuns) -> HostFunction {
        HostFunction(
            waiting: "list", "Lists runs, the newest first unless asked otherwise.",
            [.optional("filter", .record(RunTables.filter), "Which ones; the newest 50 when left out.")],
            results: [.required("runs", .list(.record(Contract.run)), "The runs.")],
            example: #"local blocked = assert(runs.list { state = "blocked" })"#
        ) { call in .array(try await runs.list(ScriptRunFilter(call.options("filter"))).map { LuaValue($0) }) }
    }

    private static func get(_ runs: any WorldRuns) -> HostFunction {
        HostFunction(
            waiting: "get", "Returns one run.", [id], results: [run], example: "local run, err = runs.get(id)"
        ) { call in LuaValue(try await runs.get(call.text("id"))) }
    }

    private static func start(_ runs: any WorldRuns) -> HostFunction {
        HostFunction(
            waiting: "start",
            "Starts a run for a user, in their workspace and with their keys, as if they had written the prompt. "
                + "The hooks decide as for a chat. It is on the disk when this returns, and goes on by itself.",
            [.required("order", .record(RunTables.order), "What is to be done, and for whom.")], results: [run],
            example: #"local run, err = runs.start { user = "ann", prompt = "Sum up notes.md." }"#
        ) { call in LuaValue(try await runs.start(ScriptRunOrder(call.options("order")))) }
    }

    private static func wait(_ runs: any WorldRuns) -> HostFunction {
        HostFunction(
            waiting: "wait", "Waits until a run has ended, however it did, and returns it.", [id], results: [run],
            example: "local run = assert(runs.wait(run.id))"
        ) { call in LuaValue(try await runs.wait(call.text("id"))) }
    }

    private static func cancel(_ runs: any WorldRuns) -> HostFunction {
        HostFunction(
            waiting: "cancel", "Stops a run, and returns when it has stopped. One that has ended is a conflict.",
            [id, .optional("reason", .text(max: 500), "Why, for whoever reads its story.")], results: [run],
            example: #"runs.cancel(id, "it is too late for this")"#
        ) { call in
            LuaValue(try await runs.cancel(call.text("id"), reason: call["reason"].string ?? "cancelled by a script"))
        }
    }

    private static func asks(_ runs: any WorldRuns) -> HostFunction {
        HostFunction(
            "asks", "Lists what people are asked just now.",
            [.optional("filter", .record(RunTables.askFilter), "Whose; everybody's when left out.")],
            results: [.required("asks", .list(.record(RunTables.openAsk)), "The asks, the oldest run's first.")],
            canFail: true, example: #"for _, open in ipairs(runs.asks()) do log.info(open.ask.title) end"#
        ) { call in
            let filter = call.options("filter")
            return .array(try runs.asks(user: filter.text("user"), chat: filter.text("chat")).map { LuaValue($0) })
        }
    }

    private static func answer(_ runs: any WorldRuns) -> HostFunction {
        HostFunction(
            waiting: "answer", "Answers what a run asks, in a person's place. The first answer counts.",
            [id, .required("answer", .record(RunTables.answer), "What is answered.")], results: [run],
            example: #"runs.answer(open.run.id, { ask = open.ask.id, verdict = "once" })"#
        ) { call in
            LuaValue(try await runs.answer(call.text("id"), ScriptRunAnswer(call.options("answer"))))
        }
    }

    private static func why(_ runs: any WorldRuns) -> HostFunction {
        HostFunction(
            waiting: "why", "Lists every decision that hooks made for a run, in order.", [id],
            results: [.required("decisions", .list(.record(RunTables.decision)), "The decisions.")],
            example: "for _, step in ipairs(assert(runs.why(id))) do log.info(step.hook) end"
        ) { call in .array(try await runs.why(call.text("id")).map { LuaValue($0) }) }
    }

    private static func pin(_ runs: any WorldRuns) -> HostFunction {
        HostFunction(
            waiting: "pin", "Keeps a run, and its chat, from every gc plan until it is unpinned.", [id],
            results: [done],
            example: "assert(runs.pin(run.id))"
        ) { call in
            try await runs.pin(call.text("id"), true)
            return true
        }
    }

    private static func unpin(_ runs: any WorldRuns) -> HostFunction {
        HostFunction(
            waiting: "unpin", "Lets gc plans remove a run again.", [id], results: [done],
            example: "assert(runs.unpin(run.id))"
        ) { call in
            try await runs.pin(call.text("id"), false)
            return true
        }
    }

    private static func chats(_ runs: any WorldRuns) -> HostFunction {
        HostFunction(
            waiting: "chats",
            "Lists the chats whose turns are remembered, the longest unused first; items for gc plans. A user who comes "
                + "back to a forgotten one gets a new session of the agent with a transcript.",
            [.optional("page", .record(UnusedPage.record), "Which ones; the first thousand when left out.")],
            results: [.required("chats", .list(.record(RunTables.chat)), "The chats.")],
            example: #"local old = assert(runs.chats { unused_for = "90d" })"#
        ) { call in .array(try await runs.chats(UnusedPage(call.options("page"))).map { LuaValue($0) }) }
    }

    private static let id = Field.required("id", .text(max: 256), "The run's id.")
    private static let run = Field.required("run", .record(Contract.run), "The run, as it stands now.")
    private static let done = Field.required("done", .boolean, "True.")
}
