import Runtime

/// What a task's stream says of one event of its run. The one place in which run events become the protocol's words.
///
/// It depends on nothing but the event, so that every stream shows the same wherever it begins.
struct TaskMessage: Sendable {
    enum Form: String, Sendable { case stdout, stderr, status }

    /// From what nobody has to read to what everybody should.
    enum Severity: String, Sendable, CaseIterable, Comparable {
        case debug, info, warning, error

        private var rank: Int { Severity.allCases.firstIndex(of: self) ?? 0 }
        static func < (one: Severity, other: Severity) -> Bool { one.rank < other.rank }
    }

    let form: Form
    /// Output as it is, colours and all; for a status one of the five words.
    let data: String
    var severity = Severity.info
    /// The event's number.
    let number: Int64
    let at: Int64
    /// What stands beside the protocol's own members.
    var more: JSONObject = [:]
    /// Nothing follows.
    var isLast = false

    init?(_ item: RunFollower.Item, at now: Int64) {
        switch item {
        case .event(let event): self.init(event)
        case .missing(let from, let to):
            self.init(
                form: .status, data: "running", severity: .warning, number: to, at: now,
                more: ["missing": ["from": .integer(from), "to": .integer(to)]])
        }
    }

    private init(
        form: Form, data: String, severity: Severity, number: Int64, at: Int64, more: JSONObject = [:]
    ) {
        self.form = form
        self.data = data
        self.severity = severity
        self.number = number
        self.at = at
        self.more = more
    }

    init?(_ event: RunEvent) {
        func made(
            _ form: Form, _ data: String = "running", _ severity: Severity = .info, _ more: JSONObject = [:]
        ) -> TaskMessage {
            TaskMessage(form: form, data: data, severity: severity, number: event.number, at: event.at, more: more)
        }
        switch event.body {
        case .text(let text, let part): self = made(.stdout, text, .info, ["part": .string(part)])
        case .tool(let tool):
            guard let told = TaskMessage.told(tool) else { return nil }
            self = made(told.form, told.data, told.severity, ["tool": TaskMessage.shown(tool)])
        case .todo(let items):
            self = made(
                .status, "running", .debug,
                [
                    "progress": .integer(Int64(TaskMessage.progress(of: items))),
                    "todos": .array(items.map { ["text": .string($0.text), "status": .string($0.status)] }),
                ])
        case .ask(let ask):
            self = made(.status, "running", .info, ["state": "blocked", "ask": TaskMessage.value(ask)])
        case .answer(let answer): self = made(.status, "running", .info, ["answer": TaskMessage.value(answer)])
        case .artifact(let artifact): self = made(.status, "running", .info, ["artifact": artifact])
        case .place(let place):
            self = made(.status, "pending", .debug, ["position": .integer(Int64(place))])
        case .notice(let text, let isPassing):
            self = made(.stderr, "\(text)\n", .info, isPassing ? ["passing": true] : [:])
        case .cut(let text): self = made(.stderr, "\(text)\n", .warning)
        case .error(let failure):
            var more: JSONObject = ["kind": .string(failure.kind.rawValue)]
            more["hint"] = failure.hint.map { .string($0) }
            self = made(.stderr, "\(failure.message)\n", .error, more)
        case .state(let state, let reason):
            self = made(
                .status, TaskStatus(state).rawValue, state == .failed || state == .interrupted ? .error : .info,
                ["state": .string(state.rawValue), "reason": .string(reason)])
            if state == .succeeded { more["progress"] = 100 }
            isLast = state.isEnded
        case .reasoning, .usage: return nil
        }
    }

    /// Its start, told once: while it runs only its output grows. Then what it gave.
    private static func told(_ tool: ToolUse) -> (form: Form, data: String, severity: Severity)? {
        switch tool.status {
        case .pending: nil
        case .running: tool.output.isEmpty ? (.status, "running", .debug) : nil
        case .completed:
            tool.output.isEmpty ? (.status, "running", .debug) : (.stdout, tool.output, .info)
        case .failed:
            (.stderr, [tool.output, tool.error ?? ""].filter { !$0.isEmpty }.joined(separator: "\n"), .warning)
        }
    }

    private static func shown(_ tool: ToolUse) -> JSONValue {
        var shown: JSONObject = [
            "id": .string(tool.id), "name": .string(tool.name), "status": .string(tool.status.rawValue),
        ]
        shown["title"] = tool.title.map { .string($0) }
        shown["seconds"] = tool.seconds.map { .number($0) }
        shown["parent"] = tool.parent.map { .string($0) }
        if tool.status == .running { shown["input"] = tool.input }
        return .object(shown)
    }

    // What is known to have a JSON form has one again.
    static func value(_ value: some Encodable) -> JSONValue {
        do { return try JSON.parse(JSON.encode(value)).value ?? .null } catch { return .null }
    }

    static func progress(of items: [TodoItem]) -> Int {
        guard !items.isEmpty else { return 0 }
        return 100 * items.count { $0.status == "completed" || $0.status == "cancelled" } / items.count
    }

    /// `{"type": "stdout", "data": "…", "timestamp": "…", "seq": 7, "severity": "info", …}`
    var json: [UInt8] {
        get throws {
            var json = JSONWriter()
            try json.object { message in
                message.member("type", form.rawValue)
                message.member("data", data)
                message.member("timestamp", TaskTime.text(at))
                message.member("seq", Int(number))
                message.member("severity", severity.rawValue)
                for member in more {
                    message.key(escaping: member.key)
                    try message.value(member.value)
                }
                if isLast { message.member("final", true) }
            }
            return json.finish()
        }
    }
}

/// The five words in which the tasks' protocol says how a run stands.
enum TaskStatus: String, Sendable, CaseIterable {
    case pending, running, completed, failed, cancelled

    init(_ state: RunState) {
        self =
            switch state {
            case .queued, .starting: .pending
            case .running, .blocked: .running
            case .succeeded: .completed
            case .failed, .interrupted: .failed
            case .cancelled: .cancelled
            }
    }

    var states: Set<RunState> { Set(RunState.allCases.filter { TaskStatus($0) == self }) }
}

/// Times of tasks: `2026-11-21T14:33:07.042Z`.
enum TaskTime {
    static func text(_ milliseconds: Int64) -> String {
        let part = String(milliseconds % 1000 + 1000).dropFirst()
        return "\(JobTime.text(milliseconds).dropLast()).\(part)Z"
    }
}

/// Which messages a stream or a download is to have: all, unless told.
struct TaskFilter: Sendable {
    var severity = TaskMessage.Severity.debug
    var forms: Set<TaskMessage.Form> = [.stdout, .stderr, .status]
    /// The event behind which it begins.
    var after: Int64 = 0

    init(_ request: QueryFields, lastEventID: String? = nil) throws {
        // A client that reconnects by itself sends its first address again: what it has seen since then counts.
        if let text = lastEventID ?? request["after"] {
            guard let number = Int64(text), number >= 0 else {
                throw Fault(
                    .invalidInput, "\"\(text.prefix(64))\" is no number of an event", hint: "`seq` of a message is one")
            }
            after = number
        }
        if let text = request["severity"] {
            guard let severity = TaskMessage.Severity(rawValue: text) else {
                let known = TaskMessage.Severity.allCases.map(\.rawValue).joined(separator: ", ")
                throw Fault(.invalidInput, "there is no severity \"\(text.prefix(64))\"", hint: "known are \(known)")
            }
            self.severity = severity
        }
        guard let text = request["type"] else { return }
        let forms = text.split(separator: ",").map { TaskMessage.Form(rawValue: String($0)) }
        guard !forms.isEmpty, !forms.contains(nil) else {
            throw Fault(.invalidInput, "type is \"\(text.prefix(64))\"", hint: "stdout, stderr, status, or several")
        }
        self.forms = Set(forms.compactMap(\.self))
    }

    /// The end is always told: who waits for it must not wait for ever.
    func takes(_ message: TaskMessage) -> Bool {
        message.isLast || message.severity >= severity && forms.contains(message.form)
    }
}
