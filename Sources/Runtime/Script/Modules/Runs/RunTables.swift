import LuaBridge

/// What `host.runs` takes and gives beside `host.Run` itself. Times are seconds since the epoch.
enum RunTables {
    static let filter = Record(
        "host.RunFilter", "Which runs to list.",
        [
            .optional("user", .text(max: 256), "Those of one user."),
            .optional("chat", .text(max: 256), "Those of one chat, by the client's id of it."),
            .optional(
                "state", .either([Contract.runState, .list(Contract.runState)]),
                "Those in this state, or in one of these."),
            .optional("before", .text(max: 256), "Those older than the run of this id."),
            .optional("after", .text(max: 256), "Those newer than the run of this id."),
            .optional("oldest_first", .boolean, "From the oldest on, or from `after` on, instead of from the newest."),
            .optional("limit", .integer(1...1000), "How many at most; 50 when left out."),
        ])

    static let order = Record(
        "host.RunOrder", "What a run is to do.",
        [
            .required("user", .text(max: 256), "Whose it is: workspace, keys and chats are found by it."),
            .required("prompt", .text(max: 1 << 20), "What the agent is told."),
            .optional("persona", .text(max: 64), "Who does it; `build` when left out."),
            .optional("chat", .text(max: 256), "A name under which its runs are found, and wait for each other."),
            .optional("title", .text(max: 200), "What it is about, in a line; the prompt's first when left out."),
            .optional(
                "attended", .boolean,
                "Whether somebody is there to answer what the agent asks. Nobody is, when left out."),
            .optional("meta", .map(.any), "What hooks see as `meta`, such as `repo`, or a persona's settings."),
        ])

    static let askFilter = Record(
        "host.AskFilter", "Whose asks to list.",
        [
            .optional("user", .text(max: 256), "Those of one user."),
            .optional("chat", .text(max: 256), "Those of one chat."),
        ])

    static let openAsk = Record(
        "host.OpenAsk", "Something that a run waits for.",
        [
            .required("run", .record(Contract.run), "The run that asks."),
            .required("ask", .record(ask), "What it asks."),
        ])

    private static let ask = Record(
        "host.RunAsk", "What a person is asked.", isOpen: true,
        [
            .required("id", .text(), "Its id in the run."),
            .required("kind", .choice(["permission", "question", "recovery"]), "What sort of ask."),
            .required("title", .text(), "In one line."),
            .required("questions", .list(.any), "Its questions: `text`, `options` with labels, and how to choose."),
            .optional("permission", .text(), "What is wanted, for a permission."),
            .required("patterns", .list(.text()), "What exactly, such as a command line."),
        ])

    static let answer = Record(
        "host.RunAnswer", "An answer to an ask.",
        [
            .required("ask", .text(max: 256), "The id of the ask."),
            .required(
                "verdict", .choice(["once", "always", "reject", "answered", "dismissed"]),
                "The first three are for permissions, the others for questions."),
            .optional(
                "answers", .list(.either([.text(), .list(.text())])), "For each question the label, or the labels."),
            .optional("message", .text(max: 4096), "What the agent is told with a rejection."),
        ])

    static let following = Record(
        "host.RunFollowing", "How the events of a run are read.",
        [
            .optional(
                "after", .integer(0 ... .max), "The number behind which to begin; the first event when left out."),
            .optional("follow", .boolean, "Wait for what is still to come. It does, when left out."),
        ])

    static let event = Record(
        "host.RunEvent", "Something that happened in a run. What else it has depends on `kind`.", isOpen: true,
        [
            .required("number", .integer(1 ... .max), "Grows by one from event to event."),
            .optional("at", .number(), "When."),
            .required(
                "kind",
                .choice([
                    "state", "text", "reasoning", "tool", "todo", "ask", "answer", "usage", "artifact", "notice",
                    "error", "missing",
                ]), "What happened. `missing` stands for events from `number` to `to` that are not kept any more."),
            .optional("state", .text(), "The new state."), .optional("reason", .text(), "Why it is in that."),
            .optional("text", .text(), "A piece of the answer or of the reasoning, or a notice."),
            .optional("part", .text(), "Which text a piece belongs to."),
            .optional("tool", .map(.any), "A call of a tool as it stands."),
            .optional("items", .list(.any), "The agent's list of what is to be done."),
            .optional("ask", .map(.any), "What a person is asked."),
            .optional("answer", .map(.any), "What was answered."),
            .optional("usage", .map(.any), "Tokens and dollars so far."),
            .optional("error", .map(.any), "Why it failed."), .optional("to", .integer(), "The last number missing."),
        ])

    static let chat = Record(
        "host.UnusedChat", "A chat whose turns are remembered, as an item for gc plans.",
        [
            .required("kind", .text(), "\"chat\""),
            .required("id", .text(), "The id of its newest run."),
            .required("label", .text(), "Its name for people."),
            .required("user", .text(), "Whose it is."),
            .required("chat", .text(), "The client's id of it; empty where the client has none."),
            .required("turns", Contract.count, "How many of its turns are remembered."),
            .required("last_used", Contract.moment, "When the newest of them was."),
            .required("pinned", .boolean, "Whether one of its runs is pinned."),
        ])

    static let decision = Record(
        "host.RunDecision", "What a hook decided for a run.",
        [
            .required("at", .number(), "When."), .required("hook", .text(), "The hook."),
            .required("generation", .integer(), "The generation of scripts."),
            .required("scripts", .list(.text()), "Those that had a say; none means the built-in answer."),
            .optional("decision", .any, "What was decided."),
            .optional("reason", .text(), "Why, in the script's words."),
        ])
}

extension ScriptRunFilter {
    init(_ options: HostOptions) {
        self.init()
        user = options.text("user")
        chat = options.text("chat")
        states = options["state"].eachOrOne.compactMap(\.string)
        before = options.text("before")
        after = options.text("after")
        oldestFirst = options.bool("oldest_first") ?? false
        limit = options.integer("limit").map { Int($0) } ?? 50
    }
}

extension ScriptRunOrder {
    init(_ options: HostOptions) {
        self.init(user: options.text("user")!, prompt: options.text("prompt")!)
        persona = options.text("persona") ?? persona
        chat = options.text("chat")
        title = options.text("title")
        isAttended = options.bool("attended") ?? false
        if case .object(let meta) = JSONValue(options["meta"]) { self.meta = meta }
    }
}

extension ScriptRunAnswer {
    init(_ options: HostOptions) {
        self.init(ask: options.text("ask")!, verdict: options.text("verdict")!)
        answers = options["answers"].elements.map { $0.eachOrOne.compactMap(\.string) }
        message = options.text("message")
    }
}

extension UnusedPage {
    static let record = Record(
        "host.UnusedPage", "Which of the things that are used now and then to list.",
        [
            .optional("unused_for", .duration, "Those that nobody has used for so long; all of them, when left out."),
            .optional("after", .text(max: 1024), "Those behind this id."),
            .optional("limit", .integer(1...1000), "How many at most; 1000 when left out."),
        ])

    init(_ options: HostOptions) {
        self.init()
        unusedFor = options.duration("unused_for") ?? .zero
        after = options.text("after") ?? ""
        limit = options.integer("limit").map { Int($0) } ?? 1000
    }
}
