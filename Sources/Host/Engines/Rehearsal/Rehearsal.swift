import Runtime

/// One rehearsal, from its first word to its last.
@Loop
struct Rehearsal {
    private let attempt: any RunAttempt
    private let pace: Duration
    private let cue: RehearsalCue

    init(_ attempt: any RunAttempt, pace: Duration) {
        self.attempt = attempt
        self.pace = pace
        cue = RehearsalCue(attempt.run.order.input)
    }

    func play() async throws {
        try await say(RehearsalText.thought(cue), part: "thought") { .reasoning($0, part: $1) }
        todo(0)
        let entries = try await look()
        todo(1)
        try await say(RehearsalText.opening(cue, entries: entries), part: "opening") { .text($0, part: $1) }
        if cue.wantsPermission { try await askPermission() }
        if cue.wantsQuestion { try await askQuestion() }
        if cue.wantsFailure {
            throw RunFailure(
                .agentFailed, "the rehearsal failed, because the message has the word \"fail\" in it",
                hint: "leave the word out")
        }
        if cue.wantsLength {
            for number in 1...RehearsalText.paragraphs {
                let text = RehearsalText.paragraph(number)
                try await say(text, part: "paragraph-\(number)") { .text($0, part: $1) }
            }
        }
        if attempt.run.order.input.schema != nil {
            attempt.report(.notice("a rehearsal cannot keep to a JSON schema"))
        }
        try await say(RehearsalText.closing, part: "closing") { .text($0, part: $1) }
        todo(2)
        attempt.report(.usage(Usage(input: cue.words, output: RehearsalText.words(RehearsalText.closing), cost: 0)))
    }

    // MARK: what it does

    /// Really lists the directory, so that one sees where a run would work.
    private func look() async throws -> [String] {
        let directory = attempt.run.order.input.directory
        var use = ToolUse(
            id: "look", name: "list", status: .pending, title: "the workspace", input: ["path": .string(directory)])
        attempt.report(.tool(use))
        use.status = .running
        attempt.report(.tool(use))
        let began = Instant.clock
        do {
            let entries = try await BlockingPool.shared.run("listing \(directory)") {
                try RehearsalLook.list(directory)
            }
            use.status = .completed
            use.output = entries.joined(separator: "\n")
            use.seconds = (Instant.clock - began).inSeconds
            attempt.report(.tool(use))
            return entries
        } catch {
            try Task.checkCancellation()
            use.status = .failed
            use.error = Fault(error).message
            use.seconds = (Instant.clock - began).inSeconds
            attempt.report(.tool(use))
            return []
        }
    }

    private func askPermission() async throws {
        let answer = try await attempt.ask(
            Ask(
                id: "permission-\(attempt.number)", kind: .permission, title: "Run `make rehearsal`?",
                permission: "bash", patterns: ["make rehearsal"], always: ["make *"], tool: "bash",
                input: ["command": "make rehearsal"]))
        let outcome =
            switch answer.verdict {
            case .once: "You allowed it once. A rehearsal runs nothing, so nothing was run."
            case .always: "You allowed it from now on. A rehearsal runs nothing, so nothing was run."
            default: "It was not allowed" + (answer.message.map { ": \($0)" } ?? "") + "."
            }
        try await say("\(outcome)\n\n", part: "permission") { .text($0, part: $1) }
    }

    private func askQuestion() async throws {
        let question = Ask.Question(
            header: "Colour", text: "Which colour should the rehearsal have?",
            options: [
                Ask.Question.Option(label: "Red", description: "It will be noticed."),
                Ask.Question.Option(label: "Blue", description: "It will be calm."),
            ])
        let answer = try await attempt.ask(
            Ask(
                id: "question-\(attempt.number)", kind: .question, title: question.text, questions: [question]))
        let chosen = answer.answers.first?.joined(separator: ", ") ?? ""
        let outcome = answer.verdict == .answered && !chosen.isEmpty ? "You chose \(chosen)." : "You did not choose."
        try await say("\(outcome)\n\n", part: "question") { .text($0, part: $1) }
    }

    private func todo(_ done: Int) {
        let items = ["Look at the workspace", "Answer in words", "Say how to connect an agent"]
        attempt.report(
            .todo(
                items.enumerated().map { place, text in
                    let status = place < done || done == 2 ? "completed" : place == done ? "in_progress" : "pending"
                    return TodoItem(text: text, status: status)
                }))
    }

    /// Word by word, at its pace.
    private func say(_ text: String, part: String, as event: (String, String) -> RunEventBody) async throws {
        let part = "\(part)-\(attempt.number)"
        for (count, word) in RehearsalText.pieces(text).enumerated() {
            attempt.report(event(word, part))
            if pace > .zero {
                try await Loop.sleep(for: pace)
            } else if count % 16 == 15 {
                await Loop.yield()
                try Task.checkCancellation()
            }
        }
    }
}

/// What of a message matters to a rehearsal.
struct RehearsalCue: Sendable, Equatable {
    let words: Int
    let files: Int
    /// Messages that came before.
    let before: Int
    let wantsPermission: Bool
    let wantsQuestion: Bool
    let wantsFailure: Bool
    let wantsLength: Bool

    init(_ input: RunInput) {
        let text = input.parts.compactMap(\.text).joined(separator: " ").lowercased()
        let found = text.split { !$0.isLetter && !$0.isNumber }
        words = found.count
        files = input.parts.count { $0.text == nil }
        before = input.history.count
        wantsPermission = found.contains("permission")
        wantsQuestion = found.contains("ask")
        wantsFailure = found.contains("fail")
        wantsLength = found.contains("long")
    }
}
