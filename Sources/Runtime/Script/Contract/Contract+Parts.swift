import LuaBridge

// What the agent does while it works: what of it is shown, and what it may do.

extension Contract {
    static let file = Record(
        "host.FilePart", "A file in an answer.",
        [
            .required("name", .text(), "Its name."),
            .required("mime", word, "Its media type."),
            .optional("bytes", count, "Its size."),
            .optional("url", .text(), "Where the client can get it."),
        ])

    static let part = Record(
        "host.Part", "A piece of an answer that is not plain text.",
        [
            .required("kind", .choice(["tool", "reasoning", "file", "subtask"]), "What it is."),
            .required("status", .choice(["pending", "running", "completed", "failed"]), "How far it is."),
            .required("door", door, "The protocol of the client."),
            .optional("client", word, "The client, where it can be told, such as `openwebui`."),
            .required("native", .boolean, "Whether the client has a form of its own for this."),
            .optional("persona", word, "Who answers."),
            .required("run", word, "The run's id."),
            .optional("tool", word, "The tool's name."),
            .optional("title", .text(), "What the tool calls this call."),
            .optional("input", .map(.any), "What the tool was given."),
            .optional("output", .text(), "What the tool gave, cut to 64 KB."),
            .optional("error", .text(), "Why the tool failed."),
            .optional("text", .text(), "The reasoning, or the subtask's prompt."),
            .optional("agent", word, "The agent that does the subtask."),
            .optional("file", .record(file), "The file."),
            .optional("seconds", .number(0 ... .infinity), "How long it took."),
            .required("seen", count, "How many parts with the same tool or agent this answer has had before."),
        ])

    static let rendering = Record(
        "host.Rendering", "What the chat shows of a part.",
        [
            .required(
                "show", .choice(["native", "details", "text", "nothing"]),
                "The client's own form, a block to unfold, a line of text, or nothing."),
            .optional("title", .text(max: 500), "The headline of a block, or the name on a card."),
            .optional("text", .text(max: 65536), "What it says, instead of the part's own output."),
            .optional("before", .text(max: 2000), "A line that the chat shows above it."),
            reason,
        ])

    static let render = HookContract(
        "render", "What does the chat show of a tool, reasoning, a file or a subtask?",
        facts: [.required("part", .record(part), "The part.")], decision: .record(rendering),
        otherwise: "The client's own form where it has one, else a block to unfold."
    ) { facts in
        ["show": facts.first?["native"]?.bool == true ? "native" : "details"]
    }

    static let ask = Record(
        "host.Ask", "Something that the agent wants to do and may not yet.",
        [
            .required("permission", word, "What is asked for, as the agent names it, such as `bash` or `edit`."),
            .required("patterns", .list(.text()), "What exactly, such as the command or the paths."),
            .optional("always", .list(.text()), "What `always` would allow from now on."),
            .optional("title", .text(), "The question, in a line."),
            .optional("tool", word, "The tool that wants to."),
            .optional("input", .map(.any), "What the tool was given."),
            .required("attended", .boolean, "Whether a person is there to be asked."),
            .required("subtask", .boolean, "Whether a subtask of the agent asks."),
            .required("asked_before", count, "How often this run has asked for the same."),
            .required("run", .record(run), "The run."),
        ])

    static let verdict = Record(
        "host.Verdict", "Whether the agent may.",
        [
            .required(
                "action", .choice(["once", "always", "deny", "ask"]), "Allow it once or from now on, deny, or ask."),
            .optional("wait", .duration, "How long to wait for the person who is asked."),
            .optional("otherwise", .choice(["once", "deny"]), "What holds when nobody answers. `deny`, if left out."),
            .optional("message", .text(max: 2000), "What the agent is told, so that it can go on without."),
            reason,
        ])

    static let permission = HookContract(
        "permission", "May the agent do this?", facts: [.required("ask", .record(ask), "What it wants to do.")],
        decision: .record(verdict),
        rule: { decision in
            guard decision["action"]?.string != "ask" else { return nil }
            let stray = ["wait", "otherwise"].first { decision[.string($0)] != nil }
            return stray.map { ShapeFault($0, "is for action = \"ask\" only") }
        },
        otherwise: "A person is asked, for ten minutes; where nobody is there, it is denied."
    ) { facts in
        facts.first?["attended"]?.bool == true
            ? ["action": "ask", "wait": "10m", "otherwise": "deny"]
            : ["action": "deny", "reason": "nobody is there to be asked"]
    }
}
