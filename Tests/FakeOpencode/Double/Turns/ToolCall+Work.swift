import Runtime

/// What each tool does.
extension ToolCall {
    private static let known: Set<String> = [
        "bash", "read", "write", "edit", "apply_patch", "glob", "grep", "list", "webfetch", "websearch", "skill",
        "todowrite", "task", "question", "StructuredOutput",
    ]

    func work() async throws -> ToolResult {
        // Tools of other servers are named `server_tool`.
        guard ToolCall.known.contains(name) || name.contains("_") else { return invalid() }
        switch name {
        case "bash": return try await runShell()
        case "write": return try await writeFile()
        case "read": return try await readFile()
        case "todowrite": return try await writeTodos()
        case "question": return try await askPerson()
        case "task": return try await delegate()
        case "StructuredOutput":
            tellRunning()
            return ToolResult(output: "Structured output captured successfully.", title: "Structured Output")
        default:
            try await permit(ToolCall.permission(of: name), ["*"], [:], always: ["*"])
            return ToolResult(output: "\(name) got \(input.json)", title: name)
        }
    }

    static func permission(of tool: String) -> String {
        ["write", "apply_patch"].contains(tool) ? "edit" : tool
    }

    private func invalid() -> ToolResult {
        let error =
            "Model tried to call unavailable tool '\(name)'. Available tools: "
            + ToolCall.known.sorted().joined(separator: ", ") + "."
        becomeInvalid()
        tellRunning()
        return ToolResult(
            output: "The arguments provided to the tool are invalid: \(error)", title: "Invalid Tool")
    }

    // MARK: shell and files

    private func runShell() async throws -> ToolResult {
        let command = input["command"]?.string ?? "true"
        // The original takes a line apart into its commands.
        let patterns = command.split { $0 == "&" || $0 == "|" }.map { String(Words.trimmed($0)) }.filter { !$0.isEmpty }
        let always = patterns.map { "\($0.prefix { $0 != " " }) *" }
        try await permit("bash", patterns, ["command": .string(command)], always: always)
        let shell = Shell(command, in: run.directory)
        self.shell = shell
        tellRunning(["metadata": ["output": ""]])
        do {
            let (output, exit, isTruncated) = try await shell.run { output in
                tellRunning(["metadata": ["output": .string(output)]])
            }
            return ToolResult(
                output: output.isEmpty ? "(no output)" : output, title: command,
                metadata: object([
                    "output": .string(output), "exit": exit.map(JSONValue.int) ?? .null,
                    "truncated": .bool(isTruncated),
                ]))
        } catch let fault as Fault where fault.kind != .cancelled {
            throw ToolFailure(message: fault.message)
        } catch {
            // A server that is killed from outside leaves its shells behind; a test's own process does not.
            await Deadline.lifted { await shell.stop() }
            throw error
        }
    }

    private func writeFile() async throws -> ToolResult {
        let path = Files.resolve(input["filePath"]?.string ?? "file", in: run.directory)
        guard path.hasPrefix(run.directory == "/" ? "/" : run.directory + "/") else {
            throw ToolFailure(message: "\(path) is outside of the session's directory")
        }
        let name = FileDiff.name(path, in: run.directory)
        try await permit("edit", [name], ["filepath": .string(path)], always: ["*"])
        let before = Files.text(path)
        let content = input["content"]?.string ?? ""
        guard Files.write(content, to: path) else { throw ToolFailure(message: "\(path) cannot be written") }
        run.session.changes.append(
            FileChange(messageID: step.user.id, step: step.id, path: path, before: before, after: content))
        step.touched.append(path)
        run.life.emit("file.edited", object(["file": .string(path)]), run.directory)
        let event: JSONValue = before == nil ? "add" : "change"
        run.life.emit("file.watcher.updated", object(["file": .string(path), "event": event]), run.directory)
        return ToolResult(
            output: "Wrote file successfully.", title: name,
            metadata: object(["diagnostics": [:], "filepath": .string(path), "exists": .bool(before != nil)]))
    }

    private func readFile() async throws -> ToolResult {
        let file = input["filePath"]?.string ?? ""
        if file == "image.png" { return try await readImage() }
        let path = Files.resolve(file, in: run.directory)
        if !path.hasPrefix(run.directory == "/" ? "/" : run.directory + "/") {
            let above = path.split(separator: "/").dropLast().map { "/\($0)" }.joined()
            let metadata = object(["filepath": .string(path), "parentDir": .string(above)])
            try await permit("external_directory", ["\(above)/*"], metadata, always: ["\(above)/*"], otherwise: "ask")
        } else {
            try await permit("read", [file], ["filepath": .string(path)], always: ["*"])
        }
        guard let text = Files.text(path) else { throw ToolFailure(message: "File not found: \(path)") }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let numbered = lines.enumerated().map { "\($0.offset + 1): \($0.element)" }.joined(separator: "\n")
        let end = "(End of file - total \(lines.count) lines)"
        return ToolResult(
            output: "<path>\(path)</path>\n<type>file</type>\n<content>\n\(numbered)\n\n\(end)\n</content>",
            title: FileDiff.name(path, in: run.directory),
            metadata: object(["preview": .string(String(text.prefix(200))), "loaded": []]))
    }

    /// One grey point, as a picture that a tool gives back.
    private func readImage() async throws -> ToolResult {
        try await permit("read", ["image.png"], [:], always: ["*"])
        let point = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCB2UR7YAAAAABJRU5ErkJggg=="
        let file = step.part(
            "file", ["mime": "image/png", "url": .string("data:image/png;base64,\(point)"), "filename": "image.png"])
        return ToolResult(output: "Image read successfully", title: "image.png", attachments: [.object(file)])
    }

    // MARK: todos, questions, subagents

    private func writeTodos() async throws -> ToolResult {
        let todos = input["todos"] ?? []
        run.session.todos = todos
        run.life.emit("todo.updated", object(["sessionID": .string(run.session.id), "todos": todos]), run.directory)
        tellRunning()
        let open = (todos.elements ?? []).filter { $0["status"]?.string != "completed" }.count
        // Values that came from JSON can be written as such.
        let text = (try? JSON.encode(todos, style: .pretty)) ?? []
        return ToolResult(
            output: String(decoding: text, as: UTF8.self), title: "\(open) todos", metadata: object(["todos": todos]))
    }

    private func delegate() async throws -> ToolResult {
        let agent = input["subagent_type"]?.string ?? "general"
        let prompt = input["prompt"]?.string ?? ""
        guard run.instance.agents.contains(agent) else {
            throw ToolFailure(message: "Unknown agent type: \(agent) is not a valid agent type")
        }
        let title = input["description"]?.string ?? "sub"
        let model = run.session.model
        let child = run.life.create(
            object([
                "parentID": .string(run.session.id), "title": .string("\(title) (@\(agent) subagent)"),
                "permission": [PermissionRule("task", "*", "deny").json],
            ]), run.instance)
        let metadata = object([
            "parentSessionId": .string(run.session.id), "sessionId": .string(child.id),
            "model": ["modelID": .string(model?.id ?? "m1"), "providerID": .string(model?.provider ?? "fake")],
        ])
        tellRunning(["title": .string(title), "metadata": .object(metadata)])
        // Words of the child's prompt are parted by `&&`, since the parent's are by semicolons.
        let words = prompt.split(separator: "&&").map { String(Words.trimmed(Substring($0))) }.joined(separator: "\n")
        let body = object([
            "agent": .string(agent), "parts": [["type": "text", "text": .string(words)]],
            "model": ["modelID": .string(model?.id ?? "m1"), "providerID": .string(model?.provider ?? "fake")],
        ])
        _ = try run.life.accept(body, child, run.instance)
        tellRunning(["title": .string(title), "metadata": .object(metadata)])
        let childRun = run.life.start(child, run.instance)
        let answer: JSONValue
        do {
            answer = try await childRun.answer()
        } catch {
            await Deadline.lifted { await childRun.abort() }
            throw error
        }
        if let error = answer["info"]?["error"] { throw ToolFailure(message: error["data"]?["message"]?.string ?? "") }
        let texts = (answer["parts"]?.elements ?? []).filter { $0["type"]?.string == "text" }
        let text = texts.last?["text"]?.string ?? ""
        return ToolResult(
            output: "<task id=\"\(child.id)\" state=\"completed\">\n<task_result>\n\(text)\n</task_result>\n</task>",
            title: title, metadata: metadata)
    }
}
