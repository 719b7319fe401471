import Runtime
import Testing

@testable import Host

@Suite("console messages")
struct ConsoleMessageTests {
    @Test(
        "what a client asks arrives as it was meant",
        arguments: [
            .evaluate(id: 1, code: "return \"ä\"\n"), .complete(id: 2, text: "host."), .cancel(id: 3),
        ] as [ConsoleMessage.Request])
    func requests(request: ConsoleMessage.Request) { #expect(ConsoleMessage.Request(request.text) == request) }

    @Test(
        "anything else is no request",
        arguments: ["", "{}", "[]", "{\"id\":1}", "{\"id\":\"1\",\"code\":\"x\"}", "nonsense"])
    func strangers(text: String) { #expect(ConsoleMessage.Request(text) == nil) }

    @Test(
        "what the server answers arrives as it was meant",
        arguments: [
            (ConsoleMessage.output(1, ["a", "b"]), .output(id: 1, ["a", "b"])),
            (
                ConsoleMessage.answer(2, .values(["1", "{ a = 1 }"]), output: ["late"]),
                .answer(id: 2, .values(["1", "{ a = 1 }"]), output: ["late"])
            ),
            (ConsoleMessage.answer(3, .incomplete, output: []), .answer(id: 3, .incomplete, output: [])),
            (
                ConsoleMessage.answer(4, .failed(ConsoleFailure(message: "m", traceback: "t")), output: []),
                .answer(id: 4, .failed(ConsoleFailure(message: "m", traceback: "t")), output: [])
            ),
            (
                ConsoleMessage.candidates(5, [ConsoleCandidate("get", "one line")]),
                .candidates(id: 5, [ConsoleCandidate("get", "one line")])
            ),
        ] as [(String, ConsoleMessage.Reply)])
    func replies(text: String, reply: ConsoleMessage.Reply) { #expect(ConsoleMessage.Reply(text) == reply) }
}
