import Glibc
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("chats and runs with runners of their own, as processes")
@Loop
struct ProcessShareTests {
    private static let hook = """
        local hooks = {}
        function hooks.place(chat, next)
          local place = next(chat)
          place.isolation = chat.id:find "^alone" and "run" or "chat"
          return place
        end
        return hooks
        """

    @Test("a chat keeps its runner and finds there what it left; others of its user do not; that of a run goes with it")
    func apart() async throws {
        try await ProcessChats.with(["RUNNER_MAX_PER_USER=3"]) { chats in
            let scripts = "\(chats.bed.state.path)/scripts"
            #expect(mkdir(scripts, 0o700) == 0 && mkdir("\(scripts)/hooks", 0o700) == 0)
            try PlainFile.write(Self.hook, to: "\(scripts)/hooks/zz_alone.lua")
            let reload = try await chats.perigee("reload")
            #expect(reload.code == 0, "\(reload)")

            // The first turn of a user makes the workspace.
            #expect(try await say("bash echo left > /tmp/note", in: "first", chats))
            let directory = try await chats.directory(of: "ann")
            for (chat, sees) in [("first", true), ("second", false), ("alone", false)] {
                #expect(try await say("bash cat /tmp/note > \(directory)/seen 2>&1", in: chat, chats))
                #expect(PlainFile.text("\(directory)/seen").contains("left\n") == sees, "\(chat)")
            }
            try await chats.until("the end of the run's own") { try await chats.starts().count == 2 }
            let names = try await chats.starts().keys
            #expect(names.allSatisfy { $0.contains("-chat-") } && Set(names).count == 2, "\(names)")
            let places = "\(chats.bed.state.path)/runners/\(directory.split(separator: "/").last!)"
            // It goes behind its runner.
            try await chats.until("the end of the run's directory") {
                try await !Subprocess.run(["ls", places]).outputText.contains("-run-")
            }

            // Whoever comes after a kill finds each as what it is.
            let words = (1...100).map { "word\($0)" }.joined(separator: " ")
            let running = LiveReply(try await chats.open("ann", "slow 20; say \(words)", chat: "alone-2"))
            try await running.until("word3")
            try await chats.bed.end(SIGKILL)
            running.leave()
            try await chats.bed.start()
            #expect(try await chats.bed.outcome(of: #require(running.reply.run)) == "succeeded")
            #expect(try await say("bash cat /tmp/note > \(directory)/seen 2>&1", in: "first", chats))
            #expect(PlainFile.text("\(directory)/seen") == "left\n")
            try await chats.until("the end of the run's own") { try await chats.starts().count == 2 }
        }
    }

    private func say(_ words: String, in chat: String, _ chats: ProcessChats) async throws -> Bool {
        let reply = try await chats.bed.reply(to: chats.open("ann", "\(words); say done", chat: chat))
        return reply.text.hasSuffix("done") && reply.error == nil
    }
}
