import Runtime

/// What a tool call means for the run.
enum ToolOutcome: Sendable {
    case goesOn
    /// Refused by a person: the run ends after this step.
    case stops
}

/// How a tool ended.
struct ToolResult: Sendable {
    var output: String
    var title: String
    var metadata = JSONObject()
    var attachments: JSONValue?
}

/// A tool that could not do its work, in the words that the model sees.
struct ToolFailure: Error {
    let message: String
    var outcome = ToolOutcome.goesOn
}

/// One call of a tool, from its announcement to its result.
@Loop
final class ToolCall {
    let step: Step
    let name: String
    let input: JSONValue
    let callID = "call_\(Ids.chance(6).lowercased())"
    /// Asked for even where the rules would allow it.
    var mustAsk: (permission: String, pattern: String)?
    var shell: Shell?
    private(set) var part: JSONObject
    private var started: JSONValue = 0
    private var isDone = false

    init(_ step: Step, _ name: String, _ input: JSONValue) {
        self.step = step
        self.name = name
        self.input = input
        part = step.part(
            "tool",
            [
                "tool": .string(name), "callID": .string(callID),
                "state": ["status": "pending", "input": [:], "raw": ""],
            ])
    }

    var run: Run { step.run }

    func perform() async throws -> ToolOutcome {
        // It stays there when the turn is cut off, so that its end can be told.
        step.tool = self
        save()
        await Loop.yield()
        let outcome: ToolOutcome
        do {
            finish(try await work())
            outcome = .goesOn
        } catch let failure as ToolFailure {
            fail(failure.message)
            outcome = failure.outcome
        }
        step.tool = nil
        return outcome
    }

    // MARK: states

    /// Says that it runs; time starts anew each time, as in the original.
    func tellRunning(_ members: KeyValuePairs<String, JSONValue?> = [:]) {
        started = Clock.now
        var state = object(members)
        state["status"] = "running"
        state["input"] = input
        state["time"] = ["start": started]
        set(state)
    }

    private func finish(_ result: ToolResult) {
        var metadata = result.metadata
        metadata["truncated"] = metadata["truncated"] ?? false
        set(
            object([
                "status": "completed", "input": part["state"]?["input"] ?? input, "output": .string(result.output),
                "metadata": .object(metadata), "title": .string(result.title),
                "time": ["start": started, "end": Clock.now], "attachments": result.attachments,
            ]))
    }

    func fail(_ message: String, isInterrupted: Bool = false) {
        set(
            object([
                "status": "error", "input": input, "error": .string(message),
                "time": ["start": started, "end": Clock.now],
                "metadata": JSONValue.object(["interrupted": true]).when(isInterrupted),
            ]))
    }

    /// A shell command counts as done when it is cut off, with a note; other tools have failed.
    func cutShort() {
        guard !isDone else { return }
        guard name == "bash", shell != nil else { return fail("Tool execution aborted", isInterrupted: true) }
        let told = part["state"]?["metadata"]?["output"]?.string ?? ""
        let note = "\n\n<shell_metadata>\nUser aborted the command\n</shell_metadata>"
        let output: JSONValue = .string((told.isEmpty ? "(no output)" : told) + note)
        finish(
            ToolResult(
                output: output.string ?? "", title: input["command"]?.string ?? "",
                metadata: object(["output": output, "exit": .null, "truncated": false])))
    }

    /// A name that no tool has becomes this one.
    func becomeInvalid() { part["tool"] = "invalid" }

    private func set(_ state: JSONObject) {
        part["state"] = .object(state)
        isDone = state.text("status") == "completed" || state.text("status") == "error"
        save()
    }

    private func save() { run.life.save(part: part, run.session) }
}
