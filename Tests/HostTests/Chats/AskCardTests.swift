import Runtime
import Testing

@testable import Host

@Suite("asks in a chat")
struct AskCardTests {
    private static let permission = Ask(
        id: "per_1", kind: .permission, title: "Run `make clean`?", permission: "bash", patterns: ["make clean"],
        always: ["make *"])
    private static let question = Ask(
        id: "que_1", kind: .question, title: "Which one?",
        questions: [
            Ask.Question(
                header: "Colour", text: "Which colour?",
                options: ["red", "green", "blue", "grey"].map { Ask.Question.Option(label: $0) }),
            Ask.Question(text: "And how many?"),
        ])

    @Test("a card keeps within the limits of the client's")
    func limits() throws {
        let long = String(repeating: "word ", count: 200)
        let ask = Ask(
            id: "q", kind: .question, title: "t",
            questions: (1...5).map { _ in
                Ask.Question(header: long, text: long, options: [Ask.Question.Option(label: long, description: long)])
            })
        let card = try JSON.parse(AskCard.arguments(ask))
        #expect(card["questions"].count == 3 && card["timeout_ms"].integer == 240_000)
        #expect(Set(card["questions"].elements.compactMap { $0["id"].string }).count == 3)
        for question in card["questions"].elements {
            #expect(question["header"].string!.count <= 48 && question["question"].string!.count <= 500)
            #expect((2...3).contains(question["options"].count))
            for option in question["options"].elements {
                #expect((1...80).contains(option["label"].string!.count))
                #expect((1...240).contains(option["description"].string!.count))
            }
        }
    }

    @Test("what always would allow is named once")
    func always() throws {
        var ask = Self.permission
        ask.always = ["echo *", "rm *", "echo *"]
        let card = try JSON.parse(AskCard.arguments(ask))
        #expect(card["questions"][0]["options"][1]["description"].string == "From now on: echo *, rm *")
    }

    @Test("what a card has to cut is shown whole before it")
    func cutOff() {
        var ask = Self.permission
        #expect(AskCard.cutOff(ask) == nil)
        ask.title = "Run `\(String(repeating: "cd far && ", count: 60))rm -rf .`?"
        #expect(AskCard.cutOff(ask) == ask.title)
    }

    @Test(
        "a permission is asked in words that say all of what would be done",
        arguments: [
            ("bash", ["cd x"], ["command": "cd x && rm -rf y"], "Run `cd x && rm -rf y`?"),
            ("bash", ["cd x", "rm -rf y"], [:], "Run `cd x, rm -rf y`?"),
            ("edit", ["src/a.c"], ["diff": "…"], "Change `src/a.c`?"),
            ("external_directory", ["/etc/*"], [:], "Work outside of the workspace, in `/etc/*`?"),
            ("websearch", ["swift"], [:], "Use `websearch` for `swift`?"), ("lsp", [], [:], "Use `lsp`?"),
        ] as [(String, [String], JSONObject, String)])
    func wording(_ name: String, _ patterns: [String], _ metadata: JSONObject, _ question: String) {
        let permission = OpencodePermission(name: name, patterns: patterns, metadata: .object(metadata))
        #expect(permission.question(nil) == question)
    }

    @Test(
        "a card's answer",
        arguments: [
            (
                #"{"status":"answered","answers":{"q1":{"type":"option","option_index":0,"label":"Allow once"}}}"#,
                AskAnswer.Verdict.once
            ),
            (#"{"status":"answered","answers":{"q1":{"type":"option","option_index":1,"label":"Always"}}}"#, .always),
            (#"{"status":"answered","answers":{"q1":{"type":"option","option_index":2,"label":"Reject"}}}"#, .reject),
            (#"{"status":"answered","answers":{"q1":{"type":"other","text":"use make instead"}}}"#, .reject),
            (#"{"status":"cancelled","answers":{}}"#, .reject), ("Error: tool call rejected by user.", .reject),
        ])
    func card(_ result: String, _ verdict: AskAnswer.Verdict) throws {
        let answer = try #require(AskCard.answer(Self.permission, toolResult: result))
        #expect(answer.verdict == verdict && answer.ask == "per_1")
        if result.contains("other") { #expect(answer.message == "use make instead") }
    }

    @Test("the answers to questions, by their place where labels may be cut")
    func answers() throws {
        let result = #"""
            {"status":"answered","answers":{"q1":{"type":"option","option_index":2,"label":"bl…"},
             "q2":{"type":"other","text":"three"}}}
            """#
        let answer = try #require(AskCard.answer(Self.question, toolResult: result))
        #expect(answer.verdict == .answered && answer.answers == [["blue"], ["three"]])
        #expect(
            AskCard.answer(Self.question, toolResult: "Error: tool call rejected by user.")?.verdict == .dismissed)
    }

    @Test(
        "a card that failed, or that nobody looked at, is nobody's answer",
        arguments: [
            #"{"status":"cancelled","answers":{},"timed_out":true}"#, #"{"status":"error","error":"no page"}"#, "",
            "{}",
            #"Error: Tool "ask_user" not found."#, "Error: ask_user must be the only tool call, so it did not run.",
        ])
    func nobody(_ result: String) {
        #expect(AskCard.answer(Self.permission, toolResult: result) == nil)
        #expect(AskCard.answer(Self.question, toolResult: result) == nil)
    }

    @Test(
        "words",
        arguments: [
            ("yes", AskAnswer.Verdict.once, nil), ("OK!", .once, nil), ("Always.", .always, nil),
            (" no ", .reject, nil),
            ("rather use make", .reject, "rather use make"),
        ] as [(String, AskAnswer.Verdict, String?)])
    func words(_ words: String, _ verdict: AskAnswer.Verdict, _ message: String?) {
        let answer = AskCard.answer(Self.permission, words: words)
        #expect(answer?.verdict == verdict && answer?.message == message)
    }

    @Test("words for a question choose an option whatever its case")
    func questionWords() {
        #expect(AskCard.answer(Self.question, words: "GREEN!")?.answers == [["green"], ["GREEN!"]])
        #expect(AskCard.answer(Self.question, words: "none")?.answers == [["none"], ["none"]])
    }

    @Test("a number chooses too, and what cannot be chosen is no answer")
    func closedQuestion() {
        let ask = Ask(
            id: "r", kind: .recovery, title: "What now?",
            questions: [
                Ask.Question(
                    text: "What now?", options: ["Run it again", "Leave it"].map { Ask.Question.Option(label: $0) },
                    allowsOther: false)
            ])
        #expect(AskCard.answer(ask, words: "2")?.answers == [["Leave it"]])
        #expect(AskCard.answer(ask, words: "run it AGAIN.")?.answers == [["Run it again"]])
        #expect(AskCard.answer(ask, words: "what?") == nil && AskCard.answer(ask, words: "3") == nil)
    }

    @Test("a call's id leads back to its run and event")
    func callID() throws {
        let id = AskCard.callID(run: "0192-ab", event: 42)
        let place = try #require(AskCard.place(ofCall: id))
        #expect(place.run == "0192-ab" && place.event == 42)
        for other in ["call_", "call_x", "call_run_1_x", "toolu_9", "", "call__1"] {
            #expect(AskCard.place(ofCall: other).map { $0.run.isEmpty } ?? true, "\(other)")
        }
    }

    @Test("a line names its run where the client has no chats")
    func line() {
        let line = AskCard.line(Self.permission, run: "0192-ab-7", namesRun: true)
        #expect(line.contains("make clean") && AskCard.run(inLine: "text\n\n" + line) == "0192-ab-7")
        #expect(AskCard.run(inLine: AskCard.line(Self.permission, run: "0192-ab-7", namesRun: false)) == nil)
    }
}
