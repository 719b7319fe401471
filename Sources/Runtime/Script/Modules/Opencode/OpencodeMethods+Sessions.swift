import LuaBridge

// What scripts can do with sessions.

extension OpencodeMethods {
    private static let id = Field.required("session", .text(max: 200), "The session's id.")
    private static let gone = Field.required("done", .boolean, "True.")
    private static let one = Field.required("session", .record(OpencodeTables.session), "The session.")

    private static func group(of call: HostCall) -> OpencodeSessions { call.receiver as! OpencodeSessions }

    static var sessions: [HostFunction] {
        [
            HostFunction(
                waiting: "list", "Lists the sessions of the directory, the newest first.",
                [.optional("limit", .integer(1...1000), "How many at most; 100 when left out.")],
                results: [.required("sessions", .list(.record(OpencodeTables.session)), "The sessions.")]
            ) { call in
                let group = group(of: call)
                let found = try await group.server.sessions(
                    in: group.directory, limit: Int(call["limit"].integer ?? 100))
                return .array(found.map { LuaValue(OpencodeTables.value($0)) })
            },
            HostFunction(
                waiting: "create", "Makes a session. With a title of its own no model is asked for one.",
                [
                    .optional(
                        "options",
                        .record(
                            Record(
                                "host.opencode.NewSession", "What it begins with.",
                                [
                                    .optional("title", .text(max: 500), "Its title."),
                                    .optional("parent", .text(max: 200), "The session that it is a subtask of."),
                                    .optional("agent", .text(max: 200), "The agent that answers in it."),
                                ])), "What it begins with.")
                ], results: [one], example: #"local session = assert(sessions:create { title = "Tidy up" })"#
            ) { call in
                let group = group(of: call)
                let options = call.options("options")
                let new = OpencodeNewSession(
                    title: options.text("title"), parent: options.text("parent"), agent: options.text("agent"))
                return LuaValue(OpencodeTables.value(try await group.server.create(new, in: group.directory)))
            },
            HostFunction(waiting: "get", "Returns a session.", [id], results: [one]) { call in
                let group = group(of: call)
                return LuaValue(
                    OpencodeTables.value(try await group.server.session(call.text("session"), in: group.directory)))
            },
            HostFunction(
                waiting: "fork", "Copies a session, or what was in it before a message.",
                [id, .optional("message", .text(max: 200), "The message before which the copy ends.")], results: [one]
            ) { call in
                let group = group(of: call)
                let fork = try await group.server.fork(
                    call.text("session"), before: call["message"].string, in: group.directory)
                return LuaValue(OpencodeTables.value(fork))
            },
            HostFunction(
                waiting: "messages", "Returns the newest messages of a session, oldest first.",
                [id, .optional("limit", .integer(1...200), "How many at most; 50 when left out.")],
                results: [.required("messages", .list(.record(OpencodeTables.message)), "The messages.")]
            ) { call in
                let group = group(of: call)
                let found = try await group.server.messages(
                    of: call.text("session"), limit: Int(call["limit"].integer ?? 50), in: group.directory)
                return .array(found.messages.map { LuaValue(OpencodeTables.value($0)) })
            },
            HostFunction(
                waiting: "todo", "Returns a session's list of things to do.", [id],
                results: [.required("items", .list(.record(OpencodeTables.todo)), "The items.")]
            ) { call in
                let group = group(of: call)
                let items = try await group.server.todo(of: call.text("session"), in: group.directory)
                return .array(items.map { LuaValue(OpencodeTables.value($0)) })
            },
            HostFunction(
                waiting: "diff", "Returns what the answer to a message of the user changed in files.",
                [id, .required("message", .text(max: 200), "The user's message.")],
                results: [
                    .required("files", .list(.any), "As opencode writes them: file, patch, additions, deletions.")
                ]
            ) { call in
                let group = group(of: call)
                return LuaValue(
                    try await group.server.diff(
                        of: call.text("session"), message: call.text("message"), in: group.directory))
            },
            HostFunction(
                waiting: "revert", "Takes files, and with the next prompt the session, back to before a message.",
                [id, .required("message", .text(max: 200), "The message.")], results: [gone]
            ) { call in
                let group = group(of: call)
                try await group.server.revert(call.text("session"), to: call.text("message"), in: group.directory)
                return true
            },
            HostFunction(
                waiting: "share", "Makes a session readable for whoever has its address.", [id], results: [one]
            ) { call in
                let group = group(of: call)
                return LuaValue(
                    OpencodeTables.value(try await group.server.share(call.text("session"), in: group.directory)))
            },
            act("unrevert", "Undoes a `revert`.") { try await $0.server.unrevert($1, in: $0.directory) },
            act("abort", "Stops what a session does.") { try await $0.server.abort($1, in: $0.directory) },
            act("remove", "Removes a session. It does not stop its turn: abort first.") {
                try await $0.server.remove($1, in: $0.directory)
            },
        ]
    }

    private static func act(
        _ name: String, _ summary: String, _ body: @escaping @Loop (OpencodeSessions, String) async throws -> Void
    ) -> HostFunction {
        HostFunction(waiting: name, summary, [id], results: [gone]) { call in
            try await body(group(of: call), call.text("session"))
            return true
        }
    }
}
