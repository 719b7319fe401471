import FakeOpencode
import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("kills in the middle of a turn")
@Loop
struct ChatKillTests {
    private static let words = "slow 10; say one two three four five six seven eight nine ten"

    @Test(
        "Perigee is killed: the turn has one outcome after the restart, and is never run twice",
        arguments: [0, 1, 4, 8])
    func perigee(_ after: Int) async throws {
        try await ChatBed.with { bed in
            let answer = try await bed.open(
                "/v1/chat/completions", try Self.body(Self.words), headers: ChatBed.openWebUI(message: "a1"))
            let run = try #require(answer.headers["x-perigee-run"])
            let events = answer.body.events()
            // The first event only says that the answer has begun.
            for _ in 0...after { _ = try await events.next() }
            try await bed.end(SIGKILL)
            answer.body.cancel()
            try await bed.start()

            // It is followed to its end if the agent is at work still; else somebody is asked.
            let state = try await bed.outcome(of: run)
            #expect(["succeeded", "interrupted", "failed"].contains(state), "\(state)")
            #expect(bed.fake.prompts.count <= 1)

            let next = try await bed.chat(
                ["hello", "", "say still here"], headers: ChatBed.openWebUI(message: "a2", user: "u2", parent: "a1"))
            #expect(next.text.contains("still here"))
        }
    }

    @Test("the agent is killed: the answer ends, and is never run twice", arguments: [0, 1, 4, 8])
    func agent(_ after: Int) async throws {
        try await ChatBed.with { bed in
            let answer = try await bed.open(
                "/v1/chat/completions", try Self.body(Self.words), headers: ChatBed.openWebUI(message: "a1"))
            try await bed.fake.until("the prompt") { !bed.fake.prompts.isEmpty || !bed.fake.isRunning }
            for _ in 0..<after { await Loop.yield() }
            try await bed.fake.restart()
            let reply = try await bed.reply(to: answer)
            #expect(reply.ends == 1 && (reply.error != nil || reply.finishes.count == 1))
            #expect(bed.fake.prompts.filter { $0.text.contains("nine ten") }.count == 1)
        }
    }

    private static func body(_ text: String) throws -> [UInt8] {
        try JSON.encode(
            ["model": "open-persona/build", "stream": true, "messages": ChatBed.messages([text])] as JSONValue)
    }
}
