import Runtime

/// The six words in which the sessions' protocol says how a run stands.
enum SessionStatus: String, Sendable {
    case pending, running, completed, failed, cancelled
    case waitingInput = "waiting_input"

    init(_ state: RunState) {
        self =
            switch state {
            case .queued, .starting: .pending
            case .running: .running
            case .blocked: .waitingInput
            case .succeeded: .completed
            case .failed, .interrupted: .failed
            case .cancelled: .cancelled
            }
    }
}

/// An event of a session's stream: `output`, `tool_call`, `tool_result`, `status`, `error` or `complete`.
struct SessionEvent: Sendable {
    let name: String
    var data: JSONObject

    private init(_ name: String, _ data: JSONObject) {
        self.name = name
        self.data = data
    }

    static func status(_ status: SessionStatus, _ more: JSONObject = [:]) -> SessionEvent {
        var data: JSONObject = ["status": .string(status.rawValue)]
        for member in more { data[member.key] = member.value }
        return SessionEvent("status", data)
    }

    /// What was asked for and is not there any more.
    static func gap(_ from: Int64, _ to: Int64) -> SessionEvent {
        .status(.running, ["gap": ["from": .integer(from), "to": .integer(to)]])
    }

    /// The end of one that has succeeded needs what the whole run came to; it is `complete`.
    static func complete(_ message: String, files: [String], _ run: RunRecord) -> SessionEvent {
        SessionEvent(
            "complete",
            [
                "final_message": .string(message), "files_modified": .array(files.map { .string($0) }),
                "status": "completed", "usage": TaskMessage.value(run.usage),
            ])
    }

    /// Nil for what is not told, and for the end of a run that has succeeded.
    init?(_ event: RunEvent) {
        switch event.body {
        case .text(let text, _): self = .output("stdout", text)
        case .notice(let text, _), .cut(let text): self = .output("stderr", "\(text)\n")
        case .tool(let tool):
            guard let made = SessionEvent.tool(tool) else { return nil }
            self = made
        case .todo(let items): self = .status(.running, ["progress": .integer(Int64(TaskMessage.progress(of: items)))])
        case .ask(let ask): self = .status(.waitingInput, ["ask": TaskMessage.value(ask)])
        case .answer(let answer): self = .status(.running, ["answer": TaskMessage.value(answer)])
        case .artifact(let artifact): self = .status(.running, ["artifact": artifact])
        case .place(let place): self = .status(.pending, ["position": .integer(Int64(place))])
        case .error(let failure):
            var data: JSONObject = [
                "error": .string(failure.message), "fatal": true, "kind": .string(failure.kind.rawValue),
            ]
            data["retry_after"] = failure.retryAfter.map { .number($0) }
            data["hint"] = failure.hint.map { .string($0) }
            self = SessionEvent("error", data)
        case .state(let state, let reason):
            guard state != .succeeded else { return nil }
            self = .status(SessionStatus(state), ["state": .string(state.rawValue), "reason": .string(reason)])
        case .reasoning, .usage: return nil
        }
    }

    private static func output(_ type: String, _ text: String) -> SessionEvent {
        SessionEvent("output", ["type": .string(type), "text": .string(text)])
    }

    private static func tool(_ tool: ToolUse) -> SessionEvent? {
        var data: JSONObject = ["tool": .string(tool.name), "id": .string(tool.id)]
        switch tool.status {
        case .pending: return nil
        case .running:
            guard tool.output.isEmpty else { return nil }
            data["args"] = tool.input
            return SessionEvent("tool_call", data)
        case .completed, .failed:
            data["result"] = .string(tool.output)
            data["is_error"] = .bool(tool.status == .failed)
            data["error"] = tool.error.map { .string($0) }
            return SessionEvent("tool_result", data)
        }
    }

    func json(at moment: Int64) throws -> [UInt8] {
        var data = data
        data["timestamp"] = .string(TaskTime.text(moment))
        return try JSON.encode(JSONValue.object(data))
    }

    /// Names of files that tools wrote, in the order in which they first did.
    static func files(_ tools: [ToolUse]) -> [String] {
        var files: [String] = []
        for tool in tools where tool.status == .completed && writers.contains(tool.name) {
            let named = ["filePath", "path", "file"].lazy.compactMap { tool.input[$0]?.string }.first
            for file in named.map({ [$0] }) ?? patched(tool) where !files.contains(file) { files.append(file) }
        }
        return files
    }

    private static let writers: Set<String> = ["write", "edit", "multiedit", "patch", "apply_patch"]

    /// A patch names its files itself: `*** Update File: src/a.swift`.
    private static func patched(_ tool: ToolUse) -> [String] {
        let text = tool.input["patchText"]?.string ?? tool.input["patch"]?.string ?? ""
        return text.split(separator: "\n").compactMap { line in
            ["*** Add File: ", "*** Update File: ", "*** Delete File: "].first { line.hasPrefix($0) }.map {
                String(line.dropFirst($0.count))
            }
        }
    }
}
