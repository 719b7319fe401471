import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("side calls")
@Loop
struct SideCallsTests {
    private nonisolated static let silence = Log(to: Glibc.open("/dev/null", O_WRONLY | O_CLOEXEC))

    private func prompt(_ task: String, _ lines: String...) -> [(role: String, text: String)] {
        let history = lines.joined(separator: "\n")
        return [
            (
                "user",
                "### Task:\n\(task)\n### Examples:\n<chat_history>\nUSER: an example\n</chat_history>\n"
                    + "### Chat History:\n<chat_history>\n\(history)\n</chat_history>"
            )
        ]
    }

    private func alone(
        _ task: String, _ messages: [(role: String, text: String)], by: String? = "model", answer: String? = nil
    ) async -> String {
        await SideCalls(Providers([]), nil, small: nil, log: Self.silence).answer(
            task: task, by: by, messages: messages, answer: answer
        ).text
    }

    @Test("without any model each gets an answer in the form that the client reads")
    func host() async throws {
        let chat = prompt("x", "USER: how do rivers freeze?", "ASSISTANT: Rivers freeze slowly.", "USER: and lakes?")
        let rows: [(String, String)] = [
            ("title", #"{"title":"How do rivers freeze?"}"#), ("tags", #"{"tags":["Rivers","Freeze","Slowly"]}"#),
            ("follow_ups", #"{"follow_ups":[]}"#), ("queries", #"{"queries":[]}"#), ("autocomplete", #"{"text":""}"#),
            ("image_prompt", #"{"prompt":"and lakes?"}"#), ("emoji", "🙂"), ("tool_choice", "{}"),
            ("memory", #"{"operations":[]}"#),
            (
                "compaction",
                "User: how do rivers freeze?\nAssistant: Rivers freeze slowly.\nUser: and lakes?"
            ), ("other", "{}"), ("a task of tomorrow", "{}"),
        ]
        for (task, text) in rows { #expect(await alone(task, chat) == text, "\(task)") }
        let strange = prompt(#"Output: { "follow_ups": ["…"] }"#, "USER: hi")
        #expect(await alone("other", strange) == #"{"follow_ups":[]}"#)
        #expect(await alone("title", chat, answer: "word for word") == "word for word")
        let several = "Responses from models: \"\"\"one\"\"\"\n\n\"\"\"two\"\"\""
        #expect(await alone("merge", [("user", several)]) == "one\n\n---\n\ntwo")
    }

    @Test(
        "a title is the first words of the user, plain and short",
        arguments: [
            ("hello", "Hello"), ("\n\n## **Fix** the `parser`\nplease", "Fix the parser"), ("", "New chat"),
            ("!!!\n---\nreal words", "Real words"),
            (
                "please write me a long story about a small dog that lived near the sea and more",
                "Please write me a long story about a small dog that lived…"
            ), (String(repeating: "長", count: 100), String(repeating: "長", count: 60) + "…"),
        ])
    func titles(text: String, title: String) { #expect(HostAnswers.title(text) == title) }

    @Test("tags are words that say something, the most frequent first, and there is always one")
    func tags() {
        #expect(HostAnswers.tags(["would you please help with this", "123 12345"]) == ["General"])
        #expect(
            HostAnswers.tags(["Swift parser; the parser of Swift, and tokens in SWIFT"]) == [
                "Swift", "Parser", "Tokens",
            ])
        #expect(HostAnswers.tags(["Größe und Größe"]) == ["Größe"])
    }

    @Test(
        "what a small model says is brought into form, and what is of no use is not taken",
        arguments: [
            (SideTask.title, "```json\n{\"title\": \"Frozen\\nrivers\"}\n```", #"{"title":"Frozen rivers"}"#),
            (.title, "\"Frozen rivers\"", #"{"title":"Frozen rivers"}"#), (.title, "{\"title\": 5}", nil),
            (.title, "Here is a title:\nFrozen", nil), (.title, "", nil),
            (.tags, "Sure! {\"tags\": [\"a\", 5, \"\", \"b\"]} Bye", #"{"tags":["a","b"]}"#), (.tags, "a, b", nil),
            (.followUps, "{\"follow_ups\": \"no list\"}", nil), (.queries, "{\"queries\": []}", #"{"queries":[]}"#),
            (.autocomplete, "{\"text\": \"ing on\"}", #"{"text":"ing on"}"#), (.emoji, "I feel 😀 happy 1", "😀"),
            (.emoji, "happy", nil), (.merge, "prose", "prose"),
            (.toolChoice, "use {\"name\": \"f\"}", #"{"name":"f"}"#),
            (.memory, "{\"operations\": [{\"op\": \"add\"}]}", #"{"operations":[{"op":"add"}]}"#),
        ] as [(SideTask, String, String?)])
    func reading(task: SideTask, said: String, text: String?) { #expect(ModelAnswers.read(said, for: task) == text) }

    private func with(
        patience: Duration = SideCalls.patience, _ body: @Loop (FakeProvider, SideCalls) async throws -> Void
    ) async throws {
        let fake = try FakeProvider()
        let http = HTTPClient()
        let client = ProviderClient(http) { 0 }
        let calls = SideCalls(
            Providers([try fake.provider(name: "fake")]), client, small: "fake/tiny", log: Self.silence,
            patience: patience)
        try await Deadline.within(.seconds(60)) { try await body(fake, calls) }
        await client.close()
        await http.close()
        await fake.close()
    }

    @Test("the small model answers what is for it, and its usage is counted")
    func model() async throws {
        try await with { fake, calls in
            fake.reply(
                .stream(FakeProvider.chat(#"{"title":"#, #""Ice"}"#)), .stream(FakeProvider.chat("nonsense\nat length"))
            )
            let chat = prompt("x", "USER: hello there")
            let answer = await calls.answer(task: "title", by: "model", messages: [("system", "s")] + chat)
            #expect(answer.text == #"{"title":"Ice"}"# && answer.model == "fake/tiny" && answer.usage.input == 10)
            #expect(fake.requests[0].body["model"] == "tiny" && fake.requests[0].body["max_tokens"] == 1000)
            #expect(fake.requests[0].body["messages"]?[0]?["content"] == "s")

            let useless = await calls.answer(task: "title", by: "model", messages: chat, model: "fake/other")
            #expect(useless.text == #"{"title":"Hello there"}"# && useless.model == nil && useless.usage.output == 5)
            #expect(fake.requests[1].body["model"] == "other")

            let own = await calls.answer(task: "title", by: "host", messages: chat)
            #expect(own == SideAnswer(text: #"{"title":"Hello there"}"#) && fake.requests.count == 2)
        }
    }

    @Test("a small model that fails, is slow or is not there leaves the answer to the host")
    func fallback() async throws {
        try await with(patience: .milliseconds(200)) { fake, calls in
            let chat = prompt("x", "USER: hello there")
            for answer in [FakeProvider.Answer.whole(500, "{}"), .silent, .held([FakeProvider.chat("a")[0]])] {
                fake.reply(answer)
                let said = await calls.answer(task: "title", by: "model", messages: chat)
                #expect(said.text == #"{"title":"Hello there"}"#)
            }
            let missing = await calls.answer(task: "title", by: "model", messages: chat, model: "nobody")
            #expect(missing.text == #"{"title":"Hello there"}"# && fake.requests.count == 3)
        }
    }
}
