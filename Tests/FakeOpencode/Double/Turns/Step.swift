import Runtime

/// One call of the model and what came of it: one assistant message.
@Loop
final class Step {
    let run: Run
    let user: StoredMessage
    private(set) var info: JSONObject
    let words: Words
    private var acts: [Act]
    private var hasStarted = false
    private var finish = "stop"
    /// Text or reasoning that streams just now.
    private var open: (part: JSONObject, text: String)?
    /// A tool that runs just now.
    var tool: ToolCall?
    var touched: [String] = []
    let isCompaction: Bool

    init(_ run: Run, _ user: StoredMessage) {
        self.run = run
        self.user = user
        isCompaction = user.parts.contains { $0.text("type") == "compaction" }
        let text = Step.wish(of: user)
        words = Words(text)
        let left = run.plans[user.id] ?? []
        acts = isCompaction ? [.say("The work so far, in short.")] : left.isEmpty ? Step.plan(words, user, run) : left
        let model = user.info["model"]
        let agent: JSONValue = isCompaction ? "compaction" : user.info["agent"] ?? "build"
        info = object([
            "id": .string(run.life.id("msg")), "parentID": .string(user.id), "role": "assistant", "mode": agent,
            "agent": agent, "summary": JSONValue.bool(true).when(isCompaction),
            "path": ["cwd": .string(run.directory), "root": .string(run.instance.worktree)], "cost": 0,
            "tokens": Usage.none, "modelID": model?["modelID"], "providerID": model?["providerID"],
            "time": ["created": Clock.now], "sessionID": .string(run.session.id),
        ])
    }

    var id: String { info.text("id") ?? "" }
    func begin() { run.life.save(info, run.session) }

    // MARK: performing

    /// True when the run may go on after this step.
    func perform() async throws -> Bool {
        try run.countCall(user.id)
        var answer = ToolOutcome.goesOn
        while !acts.isEmpty, finish != "tool-calls" {
            let act = acts.removeFirst()
            run.plans[user.id] = acts
            switch act {
            case .say(let text): try await stream(text, "text")
            case .think(let text): try await stream(text, "reasoning")
            case .tool(let name, let input): answer = try await use(name, input)
            case .ask(let permission, let pattern): answer = try await ask(permission, pattern)
            case .image: answer = try await use("read", ["filePath": "image.png"])
            case .json(let json): answer = try await structured(json)
            case .retry(let count, let message): try await retry(count, message)
            case .rateLimit(let wait): try await rateLimit(wait)
            case .fail(let name, let message):
                let quoted = message?.replacing("KEY", with: run.life.settings.quotedKey)
                throw TurnFailure(Failures.error(name, quoted))
            case .overflow: return overflow()
            case .finish(let reason): finish = reason
            case .hang, .crash:
                if act == .crash { run.life.fake.crash() }
                try await Waiter<Void>("a model that says nothing").value()
            }
        }
        if finish == "tool-calls", acts.isEmpty { run.plans[user.id] = [.say("Done with tool.")] }
        end()
        return answer == .goesOn
    }

    private func use(_ name: String, _ input: JSONValue) async throws -> ToolOutcome {
        start()
        finish = "tool-calls"
        return try await ToolCall(self, name, input).perform()
    }

    private func ask(_ permission: String, _ pattern: String) async throws -> ToolOutcome {
        start()
        finish = "tool-calls"
        let call = ToolCall(self, ToolCall.name(for: permission), ToolCall.input(for: permission, pattern))
        call.mustAsk = (permission, pattern)
        return try await call.perform()
    }

    private func structured(_ json: JSONValue) async throws -> ToolOutcome {
        guard user.info["format"]?["type"]?.string == "json_schema" else {
            try await stream(json.json, "text")
            return .goesOn
        }
        let outcome = try await use("StructuredOutput", json)
        info["structured"] = json
        return outcome == .goesOn ? .stops : outcome
    }

    // MARK: text

    private func stream(_ text: String, _ type: String) async throws {
        start()
        var part = part(type, ["text": "", "time": ["start": Clock.now]])
        open = (part, "")
        let isOld = run.life.fake.modes.oldDialect
        if !isOld { run.life.save(part: part, run.session) }
        for token in Step.tokens(text) {
            open?.text += token
            if isOld {
                part["text"] = .text(open?.text)
                run.life.save(part: part, run.session, delta: token)
            } else {
                run.life.emit(
                    "message.part.delta",
                    object([
                        "sessionID": .string(run.session.id), "messageID": .string(id), "partID": part["id"],
                        "field": "text", "delta": .string(token),
                    ]), run.directory)
            }
            if words.pace > 0 { try await Loop.sleep(for: .milliseconds(words.pace)) }
        }
        closeText()
    }

    private func closeText() {
        guard let (begun, text) = open else { return }
        open = nil
        var part = begun
        part["text"] = .string(text)
        part["time"] = value(["start": part["time"]?["start"], "end": Clock.now])
        run.life.save(part: part, run.session)
    }

    /// Words with the space before them.
    static func tokens(_ text: String) -> [String] {
        var tokens: [String] = []
        for character in text {
            if character == " " || tokens.isEmpty { tokens.append("") }
            tokens[tokens.count - 1].append(character)
        }
        return tokens
    }

    // MARK: begin and end of the step

    /// The first thing that a provider sends makes the step begin.
    func start() {
        guard !hasStarted else { return }
        hasStarted = true
        run.life.save(part: part("step-start", ["snapshot": snapshot]), run.session)
    }

    private func end() {
        start()
        let usage = words.usage
        run.life.save(
            part: part(
                "step-finish",
                [
                    "reason": .string(finish), "snapshot": snapshot, "tokens": usage.tokens,
                    "cost": .number(usage.cost),
                ]), run.session)
        run.session.spend(usage)
        info["finish"] = .string(finish)
        info["cost"] = .number(usage.cost)
        info["tokens"] = usage.tokens
        run.life.save(info, run.session)
        if !touched.isEmpty {
            let files = JSONValue.array(touched.map(JSONValue.string))
            run.life.save(part: part("patch", ["hash": snapshot, "files": files]), run.session)
        }
        complete(error: nil)
        if isCompaction { compacted() }
    }

    func complete(error: JSONValue?) {
        if let error { info["error"] = error }
        info["time"] = value(["created": info["time"]?["created"], "completed": Clock.now])
        run.life.save(info, run.session)
    }

    /// What is half done gets its end.
    func cutShort() {
        closeText()
        tool?.cutShort()
    }

    func part(_ type: String, _ members: KeyValuePairs<String, JSONValue?>) -> JSONObject {
        var part = object([
            "id": .string(run.life.id("prt")), "messageID": .string(id), "sessionID": .string(run.session.id),
            "type": .string(type),
        ])
        for (key, value) in members { if let value { part[key] = value } }
        return part
    }

    private var snapshot: JSONValue? {
        JSONValue.string(String(Hex.encode(SHA256.hash(id)).prefix(40))).when(run.instance.isRepository)
    }

    // MARK: overflow and compaction

    /// The prompt was too long: the session is compacted, and the turn goes on.
    private func overflow() -> Bool {
        let error = Failures.error("ContextOverflowError", nil)
        run.life.emitError(run.session.id, error, run.directory)
        if run.instance.config["compaction"]?["auto"]?.bool == false {
            run.life.setStatus(run.session.id, nil, run.directory)
            complete(error: error)
            return false
        }
        complete(error: nil)
        run.life.requestCompaction(
            run.session, object(["type": "compaction", "auto": true, "overflow": true]))
        run.carried = acts
        return true
    }

    private func compacted() {
        if let auto = user.parts.first(where: { $0.text("type") == "compaction" }), auto["auto"]?.bool == true {
            let message = run.life.requestContinuation(run.session, user)
            run.plans[message] = run.carried.isEmpty ? [.say("Going on after the compaction.")] : run.carried
            run.carried = []
        } else if var part = user.parts.first(where: { $0.text("type") == "compaction" }) {
            part["tail_start_id"] = run.session.messages.last { $0.isUser && $0.id < user.id }.map { .string($0.id) }
            run.life.save(part: part, run.session)
        }
        run.life.emit("session.compacted", object(["sessionID": .string(run.session.id)]), run.directory)
    }
}
