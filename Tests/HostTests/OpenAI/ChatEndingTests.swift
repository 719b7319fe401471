import FakeOpencode
import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("how answers are let go of")
@Loop
struct ChatEndingTests {
    private static func body(_ text: String) throws -> [UInt8] {
        try JSON.encode(
            ["model": "open-persona/build", "stream": true, "messages": ChatBed.messages([text])] as JSONValue)
    }

    @Test("a silent turn keeps its stream alive by pings, and a client that leaves takes everything with it")
    func leaving() async throws {
        try await ChatBed.with { bed in
            // What is always there: the connection of whoever looks.
            let figures = ["perigee_runs_unfinished", "perigee_run_followers", "perigee_agent_followers"]
            let connections = try await bed.figure("perigee_http_connections")
            var answers: [HTTPAnswer] = []
            for number in 1...3 {
                answers.append(
                    try await bed.open(
                        "/v1/chat/completions", try Self.body("hang"),
                        headers: ChatBed.openWebUI(chat: "c\(number)", message: "a\(number)")))
            }
            try await bed.fake.until("the turns") { bed.fake.busySessions.count == 3 }
            for figure in figures { #expect(try await bed.figure(figure) == 3, "\(figure)") }
            #expect(try await bed.figure("perigee_http_connections") == connections + 3)

            var text = ""
            while !text.contains(": ping\n\n"), let piece = try await answers[0].body.next() {
                text += String(decoding: piece, as: UTF8.self)
            }
            #expect(text.contains(": ping") && !text.contains("finish_reason\":\"stop"))

            for answer in answers { answer.body.cancel() }
            answers = []
            try await bed.fake.until("the stops") { bed.fake.busySessions.isEmpty }
            for figure in figures {
                // Each look is a turn of the program; the deadline of the bed is the bound.
                while try await bed.figure(figure) > 0 { await Loop.yield() }
            }
            while try await bed.figure("perigee_http_connections") > connections { await Loop.yield() }
        }
    }

    @Test("an order to stop ends what only follows; the run itself goes on at the agent and is taken up again")
    func stopping() async throws {
        // As long as this would be waited for if readers held the end.
        try await ChatBed.with(["PERIGEE_DRAIN=10m"]) { bed in
            let words = (1...40).map { "word\($0)" }
            let answer = try await bed.open(
                "/v1/chat/completions", try Self.body("slow 40; say " + words.joined(separator: " ")),
                headers: ChatBed.openWebUI(message: "a1"))
            let run = try #require(answer.headers["x-perigee-run"])
            let follower = try await bed.events(of: run)
            try await bed.fake.until("some words") {
                bed.fake.messages(bed.fake.prompts.first?.session ?? "").count > 1
            }
            #expect(try await bed.end(SIGTERM) == .exited(0))
            let reply = try await bed.reply(to: answer)
            #expect(reply.ends == 1 && reply.error?.contains("restarted") == true)
            while try await follower.next() != nil {}

            try await bed.start()
            #expect(try await bed.outcome(of: run) == "succeeded")
            let events = try await bed.events(of: run)
            var told = ""
            while let event = try await events.next() {
                let json = try JSON.parse(event.text)
                if json["kind"].equals("text") { told += json["text"].string ?? "" }
            }
            #expect(told == words.joined(separator: " ") && bed.fake.prompts.count == 1)
        }
    }

    @Test("whoever waits for a whole answer then is told the same, and not to send it again")
    func stoppingWhole() async throws {
        try await ChatBed.with { bed in
            let scope = Scope("client") { name, error in Issue.record("\(name) let \(error) escape") }
            let answer = Waiter<HTTPAnswer>("the answer")
            let body: JSONValue = ["model": "open-persona/build", "messages": ChatBed.messages(["say some; hang"])]
            scope.spawn("asking") {
                answer.finish(.success(try await bed.open("/v1/chat/completions", try JSON.encode(body))))
            }
            try await bed.fake.until("the turn") { bed.fake.busySessions.count == 1 }
            #expect(try await bed.end(SIGTERM) == .exited(0))
            let told = try await answer.value()
            #expect(told.status == 503 && told.headers["x-should-retry"] == "false")
            let reply = try await bed.reply(to: told)
            #expect(reply.error?.contains("restarted") == true, "\(reply.body)")
            await scope.close()
            try await bed.start()
        }
    }
}
