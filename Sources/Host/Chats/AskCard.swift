import Runtime

/// An ask in the forms that chat clients have: Open WebUI's `ask_user` card, or a line that a reply in words answers.
enum AskCard {
    static let tool = "ask_user"

    // MARK: the card

    /// Names the run and the event of the ask, so that the answer finds both.
    static func callID(run: String, event: Int64) -> String { "call_\(run)_\(event)" }

    static func place(ofCall id: String) -> (run: String, event: Int64)? {
        guard id.hasPrefix("call_"), let mark = id.lastIndex(of: "_"), let event = Int64(id[id.index(after: mark)...]),
            mark > id.index(id.startIndex, offsetBy: 4)
        else { return nil }
        return (String(id[id.index(id.startIndex, offsetBy: 5)..<mark]), event)
    }

    /// The arguments of `ask_user`, within the card's limits: three questions of two or three options each.
    static func arguments(_ ask: Ask) -> String {
        var writer = JSONWriter()
        writer.object { card in
            card.array("questions") { list in
                for (index, question) in questions(ask).prefix(3).enumerated() {
                    list.object { $0.put(question, id: "q\(index + 1)") }
                }
            }
            card.member("allow_other", ask.kind != .recovery)
            card.member("timeout_ms", longest)
        }
        return String(decoding: writer.finish(), as: UTF8.self)
    }

    /// What the card would cut off, whole: nobody should answer what they cannot read.
    static func cutOff(_ ask: Ask) -> String? {
        let long = questions(ask).prefix(3).map(\.text).filter { $0.count > longestQuestion }
        return long.isEmpty ? nil : long.joined(separator: "\n\n")
    }

    fileprivate static let longestQuestion = 500

    /// The longest that Open WebUI keeps a card which it does not store with its chat, in milliseconds.
    private static let longest = 240_000

    /// What the card gave back; nil when no person answered: it could not be shown, or its time was over.
    static func answer(_ ask: Ask, toolResult text: String) -> AskAnswer? {
        let no = AskAnswer(ask: ask.id, verdict: ask.kind == .permission ? .reject : .dismissed, by: "chat")
        // A card that the user closed comes as plain text; every other text is a failure.
        guard let result = try? JSON.parse(text), result.kind == .object else {
            return text.contains("rejected by user") ? no : nil
        }
        guard result["status"].equals("answered") else {
            let isNobodys = result["timed_out"].bool == true || !result["status"].equals("cancelled")
            return isNobodys ? nil : no
        }
        let given = questions(ask).enumerated().map { index, question -> [String] in
            let answer = result["answers"]["q\(index + 1)"]
            // Labels were cut to the card's width; the place is exact.
            if let place = answer["option_index"].integer, question.options.indices.contains(place) {
                return [question.options[place].label]
            }
            if answer.kind == .array { return answer.elements.compactMap(AskCard.text(of:)) }
            return AskCard.text(of: answer).map { [$0] } ?? []
        }
        return self.answer(ask, given)
    }

    private static func text(of answer: JSONView) -> String? {
        answer.string ?? answer["label"].string ?? answer["text"].string ?? answer["value"].string
    }

    // MARK: words

    /// For clients without cards.
    static func line(_ ask: Ask, run: String, namesRun: Bool) -> String {
        let head =
            switch ask.kind {
            case .permission: "May I?"
            case .question: "A question:"
            case .recovery: "Not finished:"
            }
        var lines = ["**\(head)** \(ask.title)"]
        for question in questions(ask) {
            if question.text != ask.title { lines.append(question.text) }
            for option in question.options {
                lines.append("- **\(option.label)**" + (option.description.isEmpty ? "" : ": \(option.description)"))
            }
        }
        lines.append(
            ask.kind == .permission
                ? "_Reply with `yes`, `always` or `no`; other words are passed on as a no with a reason._"
                : "_Reply with one of these, or in your own words._")
        if namesRun { lines.append("\(mark)\(run))_") }
        return lines.joined(separator: "\n")
    }

    /// The run that a line of before names.
    static func run(inLine text: String) -> String? {
        guard let place = text.ranges(of: mark).last else { return nil }
        let name = text[place.upperBound...].prefix { $0 != ")" }
        return name.isEmpty ? nil : String(name)
    }

    private static let mark = "_(run "

    /// What a reply in words means; nil when it is none of what can be answered.
    static func answer(_ ask: Ask, words: String) -> AskAnswer? {
        let plain = words.filter { !$0.isWhitespace && !$0.isPunctuation }.lowercased()
        switch ask.kind {
        case .permission:
            if yes.contains(plain) { return AskAnswer(ask: ask.id, verdict: .once, by: "chat") }
            if always.contains(plain) { return AskAnswer(ask: ask.id, verdict: .always, by: "chat") }
            let isBare = no.contains(plain)
            return AskAnswer(ask: ask.id, verdict: .reject, message: isBare ? nil : words, by: "chat")
        case .question, .recovery:
            guard let question = ask.questions.first else {
                return AskAnswer(ask: ask.id, verdict: .answered, answers: [], by: "chat")
            }
            let chosen = question.chosen(by: plain)
            if chosen == nil, !question.allowsOther { return nil }
            // One reply is for the first of several questions; it may say what the others ask as well.
            let rest = ask.questions.dropFirst().map { $0.allowsOther ? [words] : [] }
            return AskAnswer(ask: ask.id, verdict: .answered, answers: [[chosen ?? words]] + rest, by: "chat")
        }
    }

    private static let yes: Set<String> = ["y", "yes", "ok", "okay", "once", "allow", "allowonce", "ja", "sure"]
    private static let always: Set<String> = ["always", "alwaysallow", "allowalways", "immer"]
    private static let no: Set<String> = ["n", "no", "reject", "deny", "never", "nein"]

    // MARK: within

    private static func answer(_ ask: Ask, _ given: [[String]]) -> AskAnswer {
        guard ask.kind == .permission else {
            let isEmpty = given.allSatisfy(\.isEmpty)
            return AskAnswer(
                ask: ask.id, verdict: isEmpty ? .dismissed : .answered,
                answers: isEmpty ? [] : Array(given.prefix(ask.questions.count)), by: "chat")
        }
        let word = given.first?.first ?? ""
        switch word {
        case "Allow once": return AskAnswer(ask: ask.id, verdict: .once, by: "chat")
        case "Always": return AskAnswer(ask: ask.id, verdict: .always, by: "chat")
        case "", "Reject": return AskAnswer(ask: ask.id, verdict: .reject, by: "chat")
        default: return AskAnswer(ask: ask.id, verdict: .reject, message: word, by: "chat")
        }
    }

    private static func questions(_ ask: Ask) -> [Ask.Question] {
        guard ask.kind == .permission else {
            return ask.questions.isEmpty ? [Ask.Question(text: ask.title)] : ask.questions
        }
        var like: [String] = []
        for pattern in ask.always where !like.contains(pattern) { like.append(pattern) }
        let always =
            like.isEmpty ? "Do not ask again for the like" : "From now on: \(like.joined(separator: ", "))"
        return [
            Ask.Question(
                header: "Permission", text: ask.title,
                options: [
                    Ask.Question.Option(label: "Allow once", description: "This time only"),
                    Ask.Question.Option(label: "Always", description: always),
                    Ask.Question.Option(label: "Reject", description: "The agent must not do this"),
                ])
        ]
    }
}

extension JSONWriter {
    /// A question within the limits of Open WebUI's card; it needs at least two options.
    fileprivate mutating func put(_ question: Ask.Question, id: String) {
        var options = Array(question.options.prefix(3))
        while options.count < 2 {
            options.append(
                Ask.Question.Option(label: options.isEmpty ? "Go on" : "Skip", description: "No answer of my own"))
        }
        member("id", id)
        member("header", clip(question.header.isEmpty ? "Question" : question.header, 48))
        let others = question.options.dropFirst(3).map(\.label)
        let text = others.isEmpty ? question.text : "\(question.text) (also: \(others.joined(separator: ", ")))"
        member("question", clip(text, AskCard.longestQuestion))
        array("options") { list in
            for option in options {
                list.object {
                    $0.member("label", clip(option.label, 80))
                    // The client refuses an option without one.
                    $0.member("description", clip(option.description.isEmpty ? "Answer so" : option.description, 240))
                }
            }
        }
    }
}

private func clip(_ text: String, _ limit: Int) -> String {
    text.count <= limit ? text : text.prefix(limit - 1) + "…"
}

extension Ask.Question {
    /// The option that a reply means, by its label or its number.
    fileprivate func chosen(by plain: String) -> String? {
        if let number = Int(plain), options.indices.contains(number - 1) { return options[number - 1].label }
        return options.first { $0.label.filter { !$0.isWhitespace && !$0.isPunctuation }.lowercased() == plain }?.label
    }
}
