/// Sessions, messages, asks and events as scripts see them, the same for both majors. Times are seconds since the epoch.
enum OpencodeTables {
    static let session = Record(
        "host.opencode.Session", "A session.",
        [
            .required("id", .text(), "Its id."),
            .required("title", .text(), "Its title."),
            .required("directory", .text(), "Where its agent works."),
            .optional("parent", .text(), "The session that it is a subtask of."),
            .required("created", .number(), "When it was made."),
            .required("updated", .number(), "When it last changed."),
            .required("cost", .number(), "Dollars, without those of its subtasks."),
            .optional("share", .text(), "Where others can read it."),
        ])

    static let part = Record(
        "host.opencode.Part", "A part of a message.",
        [
            .required("id", .text(), "Its id."),
            .required("message", .text(), "Its message."),
            .required("kind", .text(), "\"text\", \"reasoning\", \"tool\", \"step\", or another word of opencode's."),
            .optional("text", .text(), "Of text and reasoning."),
            .optional("tool", .text(), "The name of a tool."),
            .optional("status", .text(), "\"pending\", \"running\", \"completed\" or \"error\"."),
            .optional("input", .map(.any), "What the tool was given."),
            .optional("output", .text(), "What the tool gave so far."),
            .optional("error", .text(), "Why the tool failed."),
        ])

    static let message = Record(
        "host.opencode.Message", "A message of a session.",
        [
            .required("id", .text(), "Its id."),
            .required("session", .text(), "Its session."),
            .required("role", .choice(["user", "assistant"]), "Who speaks."),
            .required("text", .text(), "Its texts, one after the other."),
            .required("created", .number(), "When it was begun."),
            .optional("completed", .number(), "When it was finished."),
            .optional("finish", .text(), "Why the model stopped, as \"stop\" or \"tool-calls\"."),
            .optional("error", .text(), "Why it failed."),
            .required("parts", .list(.record(part)), "Its parts."),
        ])

    static let todo = Record(
        "host.opencode.Todo", "A thing to do.",
        [
            .required("text", .text(), "What is to be done."),
            .required("status", .text(), "\"pending\", \"in_progress\", \"completed\" or \"cancelled\"."),
            .optional("priority", .text(), "How much it matters."),
        ])

    static let ask = Record(
        "host.opencode.Ask", "Something for which the agent waits.",
        [
            .required("id", .text(), "Its id."),
            .required("session", .text(), "The session that waits."),
            .required("kind", .choice(["permission", "question"]), "What it wants."),
            .optional("permission", .text(), "What is asked for, as \"bash\"."),
            .optional("patterns", .list(.text()), "What exactly."),
            .optional("questions", .list(.any), "Each with text, header and options."),
        ])

    static let event = Record(
        "host.opencode.Event", "Something that happened on a server.",
        [
            .required(
                "type",
                .choice([
                    "connected", "heartbeat", "disposed", "session", "session_removed", "status", "message",
                    "message_removed", "part", "part_removed", "delta", "error", "ask", "answer", "todo", "compacted",
                ]), "What happened."),
            .optional("session", .text(), "The session's id."),
            .optional("status", .text(), "\"idle\", \"busy\" or \"retry\"."),
            .optional("message", .record(message), "Of a message, without its parts."),
            .optional("part", .record(part), "Of a part."),
            .optional("id", .text(), "What was removed, answered, or goes on: a message's, ask's or part's id."),
            .optional("text", .text(), "The next piece of a part, or an error's message."),
            .optional("ask", .record(ask), "What the agent waits for."),
            .optional("reply", .text(), "How it was answered."),
            .optional("items", .list(.record(todo)), "The whole list of things to do."),
            .optional("info", .record(session), "The session itself."),
        ])

    // MARK: values

    static func value(_ session: OpencodeSession) -> JSONValue {
        var fields: JSONObject = [
            "id": .string(session.id), "title": .string(session.title), "directory": .string(session.directory),
            "created": seconds(session.created), "updated": seconds(session.updated), "cost": .number(session.cost),
        ]
        fields["parent"] = session.parent.map { .string($0) }
        fields["share"] = session.shareURL.map { .string($0) }
        return .object(fields)
    }

    static func value(_ message: OpencodeMessage) -> JSONValue {
        var fields: JSONObject = [
            "id": .string(message.id), "session": .string(message.session),
            "role": .string(message.isUser ? "user" : "assistant"), "text": .string(message.text),
            "created": seconds(message.created), "parts": .array(message.parts.map(value)),
        ]
        fields["completed"] = message.completed.map(seconds)
        fields["finish"] = message.finish.map { .string($0) }
        fields["error"] = message.error.map { .string("\($0.name): \($0.message)") }
        return .object(fields)
    }

    static func value(_ part: OpencodePart) -> JSONValue {
        var fields: JSONObject = ["id": .string(part.id), "message": .string(part.message)]
        switch part.body {
        case .text(let text, _):
            fields["kind"] = "text"
            fields["text"] = .string(text)
        case .reasoning(let text):
            fields["kind"] = "reasoning"
            fields["text"] = .string(text)
        case .tool(let tool):
            fields["kind"] = "tool"
            fields["tool"] = .string(tool.name)
            fields["status"] = .string(tool.status.rawValue)
            fields["input"] = tool.input
            fields["output"] = .string(tool.output)
            fields["error"] = tool.error.map { .string($0) }
        case .step: fields["kind"] = "step"
        case .compaction: fields["kind"] = "compaction"
        case .other(let kind): fields["kind"] = .string(kind)
        }
        return .object(fields)
    }

    static func value(_ item: OpencodeTodo) -> JSONValue {
        var fields: JSONObject = ["text": .string(item.text), "status": .string(item.status)]
        fields["priority"] = item.priority.map { .string($0) }
        return .object(fields)
    }

    static func value(_ ask: OpencodeAsk) -> JSONValue {
        var fields: JSONObject = ["id": .string(ask.id), "session": .string(ask.session)]
        switch ask.body {
        case .permission(let permission):
            fields["kind"] = "permission"
            fields["permission"] = .string(permission.name)
            fields["patterns"] = .array(permission.patterns.map { .string($0) })
        case .questions(let questions):
            fields["kind"] = "question"
            fields["questions"] = .array(
                questions.map { question in
                    [
                        "text": .string(question.text), "header": .string(question.header),
                        "options": .array(question.options.map { .string($0.label) }),
                    ]
                })
        }
        return .object(fields)
    }

    static func value(_ event: OpencodeEvent) -> JSONValue {
        var fields: JSONObject = [:]
        fields["session"] = event.session.map { .string($0) }
        switch event.body {
        case .connected: fields["type"] = "connected"
        case .heartbeat: fields["type"] = "heartbeat"
        case .disposed: fields["type"] = "disposed"
        case .session(let session): fields = kind("session", fields, "info", value(session))
        case .sessionRemoved: fields["type"] = "session_removed"
        case .status(_, let status): fields = kind("status", fields, "status", .string(word(status)))
        case .message(let message): fields = kind("message", fields, "message", value(message))
        case .messageRemoved(_, let id): fields = kind("message_removed", fields, "id", .string(id))
        case .part(let part): fields = kind("part", fields, "part", value(part))
        case .partRemoved(_, _, let id): fields = kind("part_removed", fields, "id", .string(id))
        case .delta(_, _, let part, _, let text):
            fields = kind("delta", fields, "id", .string(part))
            fields["text"] = .string(text)
        case .failed(_, let error): fields = kind("error", fields, "text", .string("\(error.name): \(error.message)"))
        case .asked(let ask): fields = kind("ask", fields, "ask", value(ask))
        case .answered(_, let id, let verdict, _):
            fields = kind("answer", fields, "id", .string(id))
            fields["reply"] = .string(verdict.rawValue)
        case .todo(_, let items): fields = kind("todo", fields, "items", .array(items.map(value)))
        case .compacted: fields["type"] = "compacted"
        }
        return .object(fields)
    }

    private static func kind(_ type: String, _ fields: JSONObject, _ name: String, _ value: JSONValue) -> JSONObject {
        var fields = fields
        fields["type"] = .string(type)
        fields[name] = value
        return fields
    }

    private static func word(_ status: OpencodeStatus) -> String {
        switch status {
        case .idle: "idle"
        case .busy: "busy"
        case .retry: "retry"
        }
    }

    private static func seconds(_ milliseconds: Int64) -> JSONValue { .number(Double(milliseconds) / 1000) }
}
