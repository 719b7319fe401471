import LuaBridge

/// What scripts can do with a server.
@Loop
enum OpencodeMethods {
    private static func connection(of call: HostCall) -> OpencodeConnection { call.receiver as! OpencodeConnection }
    private static let done = Field.required("done", .boolean, "True.")
    private static let session = Field.required("session", .text(max: 200), "The session's id.")

    static func connection(
        _ sessions: LuaClass<OpencodeSessions>, _ events: LuaClass<OpencodeEvents>
    ) -> [HostFunction] {
        [
            HostFunction(
                "sessions", "Its sessions, as a group of functions.",
                results: [.required("sessions", .object(sessions.name), "The functions.")],
                example: "local session = assert(server:sessions():create { title = \"Tidy up\" })"
            ) { call in sessions.value(OpencodeSessions(connection(of: call))) },
            HostFunction(
                iterating: "events",
                "What happens on the server from now on, in all directories. It ends when the server closes the stream: "
                    + "there is no replay, so read the session again after connecting anew.",
                results: [.required("events", .object(events.name), "Gives an event at each call.")],
                example: "for event in server:events() do log.info(event.type) end"
            ) { call in events.value(try await OpencodeEvents(connection(of: call))) },
            prompt, health, config, agents, asks, replyPermission, replyQuestion,
            HostFunction(
                waiting: "dispose",
                "Ends everything that runs in the directory, turns included, and reads its configuration anew with the next "
                    + "call.", results: [done]
            ) { call in
                let connection = connection(of: call)
                try await connection.server.dispose(connection.directory)
                return true
            },
        ]
    }

    // MARK: prompts

    private static let promptRecord = Record(
        "host.opencode.Prompt", "A prompt. What is left out is left to the agent's configuration.",
        [
            .required("text", .text(), "What is asked."),
            .optional("agent", .text(max: 200), "The agent, as \"build\"."),
            .optional("model", .text(max: 200), "The model, as provider/model."),
            .optional("system", .text(), "A system prompt."),
            .optional("variant", .text(max: 200), "The reasoning effort, as the model's configuration names it."),
            .optional("schema", .map(.any), "The JSON schema that the answer must have."),
        ])

    private static var prompt: HostFunction {
        HostFunction(
            waiting: "prompt",
            "Hands a prompt over and returns at once. A session that is busy answers it in the same turn.",
            [session, .required("prompt", .record(promptRecord), "What is asked, of whom.")], results: [done],
            example: #"assert(server:prompt(session.id, { text = "Say hello." }))"#
        ) { call in
            let connection = connection(of: call)
            let options = call.options("prompt")
            let schema = options["schema"]
            let prompt = OpencodePrompt(
                parts: [.text(options.text("text")!)], agent: options.text("agent"), model: options.text("model"),
                system: options.text("system"), variant: options.text("variant"),
                schema: schema == .nil ? nil : JSONValue(schema))
            try await connection.server.prompt(prompt, to: call.text("session"), in: connection.directory)
            return true
        }
    }

    // MARK: the server

    private static var health: HostFunction {
        HostFunction(
            waiting: "health", "Whether it answers, and as what.",
            results: [
                .required(
                    "health",
                    .record(
                        Record(
                            "host.opencode.Health", "What answers.",
                            [
                                .required("version", .text(), "Its version."),
                                .required("major", .integer(), "1 or 2."),
                            ])), "What answers.")
            ]
        ) { call in
            let capabilities = try await connection(of: call).server.probe()
            return .table([
                "version": .string(capabilities.version), "major": .integer(Int64(capabilities.major)),
            ])
        }
    }

    private static var config: HostFunction {
        HostFunction(
            waiting: "config", "Its configuration for the directory, without what is secret in it.",
            results: [.required("config", .map(.any), "As opencode writes it.")]
        ) { call in
            let connection = connection(of: call)
            return LuaValue(try await connection.server.config(in: connection.directory).withoutSecrets)
        }
    }

    private static var agents: HostFunction {
        HostFunction(
            waiting: "agents", "The agents that it has for the directory.",
            results: [.required("agents", .list(.any), "As opencode writes them.")]
        ) { call in
            let connection = connection(of: call)
            return LuaValue(try await connection.server.agents(in: connection.directory).withoutSecrets)
        }
    }

    // MARK: asks

    private static var asks: HostFunction {
        HostFunction(
            waiting: "asks", "Permissions and questions of the directory that wait for an answer.",
            results: [.required("asks", .list(.record(OpencodeTables.ask)), "What waits.")]
        ) { call in
            let connection = connection(of: call)
            return .array(
                try await connection.server.asks(in: connection.directory).map { LuaValue(OpencodeTables.value($0)) })
        }
    }

    private static let askArgument = Field.required(
        "ask",
        .record(
            Record(
                "host.opencode.AskName", "Which ask: one of `asks`, or of an event.", isOpen: true,
                [
                    .required("id", .text(max: 200), "Its id."),
                    .required("session", .text(max: 200), "The session that waits."),
                ])), "Which one.")

    private static var replyPermission: HostFunction {
        HostFunction(
            waiting: "reply_permission", "Answers a permission. One that no longer waits is the error not_found.",
            [
                askArgument, .required("reply", .choice(["once", "always", "reject"]), "What is answered."),
                .optional(
                    "message", .text(max: 4000), "With a rejection: what the agent is told, so that it goes on without."
                ),
            ], results: [done], example: #"assert(server:reply_permission(ask, "once"))"#
        ) { call in
            let connection = connection(of: call)
            let ask = OpencodeAsk(
                id: call.options("ask").text("id")!, session: call.options("ask").text("session")!,
                .permission(OpencodePermission(name: "")))
            try await connection.server.answer(
                ask, OpencodeVerdict(rawValue: call.text("reply"))!, message: call["message"].string,
                in: connection.directory)
            return true
        }
    }

    private static var replyQuestion: HostFunction {
        HostFunction(
            waiting: "reply_question",
            "Answers a question, or dismisses it. One that no longer waits is the error not_found.",
            [
                askArgument,
                .optional(
                    "answers", .list(.list(.text())),
                    "For each question the labels that are chosen, or a text; without it the question is dismissed."),
            ], results: [done], example: #"assert(server:reply_question(ask, { { "Yes" } }))"#
        ) { call in
            let connection = connection(of: call)
            var answers: [[String]] = []
            if case .array(let lists) = call["answers"] {
                answers = lists.map { if case .array(let texts) = $0 { texts.compactMap(\.string) } else { [] } }
            }
            let questions = answers.map { OpencodeQuestion(text: "", allowsSeveral: $0.count > 1) }
            let ask = OpencodeAsk(
                id: call.options("ask").text("id")!, session: call.options("ask").text("session")!,
                .questions(questions))
            try await connection.server.answer(
                ask, call["answers"] == .nil ? .reject : .answered, answers: answers, in: connection.directory)
            return true
        }
    }

    // MARK: events

    private static func next(_ call: HostCall) async throws -> LuaValue {
        let event = try await (call.receiver as! OpencodeEvents).next()
        return event.map { LuaValue(OpencodeTables.value($0)) } ?? .nil
    }

    static var events: [HostFunction] {
        HostFunction.iterator(over: OpencodeTables.event) { call in
            try await next(call)
        } close: {
            ($0 as! OpencodeEvents).close()
        }
    }
}

extension JSONValue {
    /// The same with what bears a secret's name masked: a configuration has the providers' keys in it.
    fileprivate var withoutSecrets: JSONValue {
        switch self {
        case .array(let values): .array(values.map(\.withoutSecrets))
        case .object(let members):
            .object(
                JSONObject(
                    members.map { member in
                        let isSecret = SensitiveName.matches(member.key.utf8) && member.value.string != nil
                        return (member.key, isSecret ? "•••" : member.value.withoutSecrets)
                    }))
        default: self
        }
    }
}
