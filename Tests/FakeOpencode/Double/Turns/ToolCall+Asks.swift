import Runtime

/// Asking a person, and what the answers mean.
extension ToolCall {
    static let refused = "The user rejected permission to use this specific tool call"

    /// The tool that would ask for a permission, and an input that fits it.
    static func name(for permission: String) -> String {
        switch permission {
        case "edit": "edit"
        case "external_directory": "read"
        case "doom_loop": "bash"
        default: permission
        }
    }

    static func input(for permission: String, _ pattern: String) -> JSONValue {
        switch name(for: permission) {
        case "bash": ["command": .string(pattern == "*" ? "true" : pattern), "description": "run it"]
        case "read": ["filePath": .string(pattern)]
        case "edit": ["filePath": .string(pattern), "oldString": "a", "newString": "b"]
        case "webfetch": ["url": .string(pattern)]
        default: ["pattern": .string(pattern)]
        }
    }

    /// Says that the tool runs, and asks when a rule or the prompt's word wants it; the two come in either order.
    func permit(
        _ permission: String, _ patterns: [String], _ metadata: JSONObject, always: [String],
        otherwise: String = "allow"
    ) async throws {
        let permission = mustAsk?.permission ?? permission
        let patterns = mustAsk.map { $0.pattern == "*" ? patterns : [$0.pattern] } ?? patterns
        let granted = patterns.allSatisfy {
            PermissionRule.action(run.instance.grants, permission, $0) == "allow"
        }
        switch granted ? "allow" : action(permission, patterns, otherwise) {
        case "deny":
            tellRunning()
            throw ToolFailure(
                message: "The user has specified a rule which prevents you from using this specific tool call.")
        case "ask":
            let ask = PendingAsk(
                request(
                    "per",
                    [
                        "permission": .string(permission), "patterns": .array(patterns.map(JSONValue.string)),
                        "metadata": .object(metadata), "always": .array(always.map(JSONValue.string)),
                    ]))
            run.instance.permissions.append(ask)
            tell(ask, "permission.asked")
            try await heed(ask)
        default: tellRunning()
        }
    }

    private func action(_ permission: String, _ patterns: [String], _ otherwise: String) -> String {
        let rules =
            PermissionRule.list(run.instance.config["permission"])
            + (run.session.info["permission"]?.elements ?? []).compactMap { PermissionRule($0) }
        let actions = patterns.map { PermissionRule.action(rules, permission, $0) ?? otherwise }
        if actions.contains("deny") { return "deny" }
        return mustAsk != nil || actions.contains("ask") ? "ask" : "allow"
    }

    private func heed(_ ask: PendingAsk) async throws {
        switch try await ask.waiter.value() {
        case .once, .always, .answers: return
        case .reject(nil), .dismissed: throw ToolFailure(message: "\(ToolCall.refused).", outcome: .stops)
        case .reject(let words?):
            throw ToolFailure(message: "\(ToolCall.refused) with the following feedback: \(words)")
        }
    }

    /// The `question` tool.
    func askPerson() async throws -> ToolResult {
        let questions = input["questions"] ?? []
        let ask = PendingAsk(request("que", ["questions": questions]))
        run.instance.questions.append(ask)
        tell(ask, "question.asked")
        guard case .answers(let answers) = try await ask.waiter.value() else {
            throw ToolFailure(message: "The user dismissed this question", outcome: .stops)
        }
        let pairs = (questions.elements ?? []).enumerated().map { place, question in
            let labels = (answers[place]?.elements ?? []).compactMap(\.string).joined(separator: ", ")
            return "\"\(question["question"]?.string ?? "")\"=\"\(labels)\""
        }
        let count = pairs.count
        return ToolResult(
            output: "User has answered your questions: \(pairs.joined(separator: ", ")). "
                + "You can now continue with the user's answers in mind.",
            title: "Asked \(count) question\(count == 1 ? "" : "s")", metadata: object(["answers": answers]))
    }

    // MARK: requests

    private func request(_ kind: String, _ members: KeyValuePairs<String, JSONValue?>) -> JSONObject {
        var request = object(["id": .string(run.life.id(kind)), "sessionID": .string(run.session.id)])
        for (key, value) in members { request[key] = value }
        request["tool"] = ["messageID": .string(step.id), "callID": .string(callID)]
        return request
    }

    /// A race in the original: permissions are mostly asked after the tool says that it runs, questions before.
    private func tell(_ ask: PendingAsk, _ type: String) {
        run.life.asksTold += 1
        let runsFirst = type == "permission.asked" && run.life.asksTold % 2 == 1
        if runsFirst { tellRunning() }
        run.life.emit(type, ask.request, run.directory)
        if !runsFirst { tellRunning() }
    }
}
