import FakeOpencode
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("the official OpenAI client")
@Loop
struct OfficialClientTests {
    @Test("lists, chats, streams, chains responses, sees errors as its own, and leaves")
    func everything() async throws {
        guard let python = TestEnvironment.python(for: "the official OpenAI client") else { return }
        try await ChatBed.with { bed in
            let result = try await Subprocess.run([
                python, TestEnvironment.fixture("openai/client.py"), "http://127.0.0.1:\(bed.program.port)/v1",
            ])
            #expect(result.exitCode == 0, "\(result.errorText)")
            let told = try JSON.parse(result.outputText)
            #expect(told["models"].elements.contains { $0.string == "open-persona/grant-draft" })
            #expect(told["model"].string == "open-persona/izzy")
            #expect(told["whole"].value == ["whole", "stop", 120])
            #expect(told["streamed"].value == ["text": "one two three", "usage": [120], "finishes": ["stop"]])
            #expect(told["response"].value == ["first", "completed", ["reasoning", "message"]])
            #expect(told["chained"].string == "second" && told["events"].string == "some words")
            #expect(
                told["missing"].value == ["NotFoundError", 404] && told["refused"].value == ["BadRequestError", 400])
            #expect(told["failed"][0].string == "APIError" && told["failed"][1].string?.contains("key") == true)
            // What began and failed is not begun again by the client.
            #expect(told["insisted"].value == [["InternalServerError", 502], ["InternalServerError", 502]])
            #expect(bed.fake.prompts.count { $0.text == "say once; error 401" } == 2)
            #expect(told["unserved"].value == ["NotFoundError", 404])
            try await bed.fake.until("the end of what it left") { bed.fake.busySessions.isEmpty }
        }
    }
}
