import TestSupport
import Testing

@testable import Runtime

@Suite("programs as models")
@Loop
struct CLIModelTests {
    private func ask(
        _ script: String, _ request: ModelRequest = ModelRequest([.init(.user, "hi")]),
        _ change: (inout ModelProvider) -> Void = { _ in }
    ) async throws -> ModelAnswer {
        var provider = ModelProvider("prog", .cli, key: Secret("key-1"), model: "big")
        provider.command = ["sh", "-c", script]
        change(&provider)
        let http = HTTPClient()
        let client = ProviderClient(http) { 0 }
        let answer: Result<ModelAnswer, any Error>
        do {
            answer = .success(
                try await Deadline.within(.seconds(60)) { try await client.complete(request, by: provider) })
        } catch {
            answer = .failure(error)
        }
        await client.close()
        await http.close()
        return try answer.get()
    }

    private func kind(_ script: String, _ change: (inout ModelProvider) -> Void = { _ in }) async -> ProviderFailure? {
        do {
            Issue.record("\(try await ask(script, change)) is no failure")
            return nil
        } catch {
            return error as? ProviderFailure
        }
    }

    private func ask(_ script: String, _ change: (inout ModelProvider) -> Void) async throws -> ModelAnswer {
        try await ask(script, ModelRequest([.init(.user, "hi")]), change)
    }

    @Test("the prompt comes on standard input behind a line with the model, and the key in the environment")
    func prompt() async throws {
        let request = ModelRequest(
            [.init(.user, "one"), .init(.assistant, "two"), .init(.user, "three; $(id)")], system: "be brief")
        #expect(
            try await ask("cat; printf %s \"$OZ_PROVIDER_API_KEY\"", request).text
                == "Model: big\n\nbe brief\n\nUser: one\n\nAssistant: two\n\nUser: three; $(id)\nkey-1")
        #expect(try await ask("cat").text == "Model: big\n\nhi\n")
    }

    @Test("failure is told by the exit code, and a rate limit by its words")
    func failures() async throws {
        #expect(await kind("echo 'Error: Too Many Requests' >&2; exit 1")?.kind == .rateLimited)
        let broken = await kind("echo doing; echo 'no such model' >&2; exit 3")
        #expect(broken?.kind == .broken && broken?.message.contains("code 3") == true)
        #expect(await kind("kill -9 $$")?.message.contains("signal 9") == true)
        // What it says of rate limits in a good answer is its answer.
        #expect(try await ask("echo 'HTTP 429 means too many requests'").text.contains("429"))
        #expect(await kind("true", { $0.command = ["/nonexistent/program"] }) != nil)
        #expect(await kind("true", { $0.command = [] })?.kind == .misconfigured)
    }

    @Test("output and time have their bounds, and a program over them is ended")
    func bounds() async throws {
        #expect(await kind("yes", { $0.limits.answer = 1000 })?.kind == .refused)
        #expect(await kind("sleep 100", { $0.limits.program = .milliseconds(100) })?.kind == .timeout)
    }

    @Test("images are refused before anything is started")
    func images() async throws {
        let request = ModelRequest([.init(.user, [.image(url: "data:image/png;base64,AA==")])])
        await #expect(throws: ProviderFailure.self) { try await ask("cat", request) }
    }

    @Test("characters that come in pieces come whole")
    func characters() {
        let text = "aé€😀z"
        let bytes = Array(text.utf8)
        for cut in bytes.indices {
            var pieces = UTF8Pieces()
            #expect(pieces.take(Array(bytes[..<cut])) + pieces.take(Array(bytes[cut...])) + pieces.finish() == text)
        }
        var pieces = UTF8Pieces()
        #expect(bytes.map { pieces.take([$0]) }.joined() == text)
        #expect(pieces.take([0xe2, 0x82]) == "" && pieces.finish() == "\u{fffd}")
    }
}
