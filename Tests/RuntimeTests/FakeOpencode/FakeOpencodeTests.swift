import FakeOpencode
import Glibc
import Runtime
import Testing

/// The double beside recordings of the original: what was recorded is in `Tests/Fixtures/opencode`.
@Suite("opencode double: as recorded")
@Loop
struct FakeOpencodeTests {
    nonisolated static func recorded(_ name: String) throws -> [String] {
        let path = TestEnvironment.fixture("opencode/\(name)")
        let file = try #require(fopen(path, "r"), "\(path) is not there")
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n").map(String.init)
    }

    private static let plain = "think Let me think about it.; say Hello from the fake model."

    @Test("a first turn: every event, in order, with all of its keys", arguments: ["/event", "/global/event"])
    func firstTurn(_ path: String) async throws {
        try await FakeBed.with { bed in
            let log = try await bed.events(path)
            _ = try await log.next()
            let session = try await bed.session([:])
            try await bed.ask(session, FakeOpencodeTests.plain)
            try await bed.settle(log)
            let name = path == "/event" ? "plain.events" : "global.events"
            let lines = WireShape.lines(log.events.filter { $0.sessionID != "ses_marker" })
            #expect(lines == (try FakeOpencodeTests.recorded(name)))
            #expect(bed.fake.titleCalls == 1 && bed.fake.modelCalls == 1)
        }
    }

    @Test("a file written, taken back and brought again, and the end of the directory")
    func written() async throws {
        try await FakeBed.with { bed in
            let log = try await bed.events()
            let session = try await bed.session()
            let answer = try await bed.ask(session, "write new.txt hello")
            let user = try #require(answer.json?["info"]?["parentID"])
            _ = try await bed.post("/session/\(session)/revert", ["messageID": user])
            #expect(access("\(bed.directory.path)/new.txt", F_OK) != 0, "revert takes the file back")
            _ = try await bed.post("/session/\(session)/unrevert")
            #expect(access("\(bed.directory.path)/new.txt", F_OK) == 0)
            _ = try await bed.post("/instance/dispose")
            try await log.untilEnd()
            let lines = WireShape.lines(log.events.filter { $0.sessionID != "ses_marker" })
            #expect(Set(lines) == Set(try FakeOpencodeTests.recorded("write.events")))
            let order = WireShape.order(log.events).filter { $0 != "session.created" }
            #expect(order == (try FakeOpencodeTests.recorded("write.order")))
        }
    }

    @Test(
        "turns with tools and failures happen in the recorded order",
        arguments: [
            ("todo", "todo a, b!"), ("length", "finish length; say Hello"), ("unknown-tool", "tool nonexist {}"),
            ("refused", "error APIError"), ("overflow", "overflow; say Hello"),
            ("rate-limit", "rate-limit 10; say Hello"),
        ])
    func turns(_ name: String, _ text: String) async throws {
        try await FakeBed.with { bed in
            let log = try await bed.events()
            let session = try await bed.session()
            // Some were recorded on a session that had a turn before.
            if name == "todo" { try await bed.warm(session, log) }
            #expect(try await bed.ask(session, text).status == 200)
            try await bed.expect(log, name)
        }
    }

    @Test(
        "permissions and questions, answered in every way",
        arguments: [
            ("bash", "ask bash echo one", "once"), ("reject", "ask bash rm x", "reject"),
            ("feedback", "ask bash rm y", "words"), ("outside", "ask external_directory /etc/hostname", "always"),
            ("question", "question Which? | A | B", "A"), ("dismiss", "question Which? | A | B", "dismiss"),
        ])
    func asks(_ name: String, _ text: String, _ answer: String) async throws {
        try await FakeBed.with { bed in
            let log = try await bed.events()
            let session = try await bed.session()
            if name != "bash" { try await bed.warm(session, log) }
            try await bed.start(session, text)
            let asked = try await log.until { $0.kind.hasSuffix(".asked") }
            let id = try #require(asked.properties["id"]?.string)
            switch answer {
            case "A": _ = try await bed.post("/question/\(id)/reply", ["answers": [["A"]]])
            case "dismiss": _ = try await bed.post("/question/\(id)/reject")
            case "words":
                _ = try await bed.post("/permission/\(id)/reply", ["reply": "reject", "message": "use trash instead"])
            default: _ = try await bed.post("/permission/\(id)/reply", ["reply": .string(answer)])
            }
            try await log.until("session.idle")
            try await bed.expect(log, name)
            let error = bed.fake.messages(session).compactMap { $0["parts"] }.description
            switch answer {
            case "reject": #expect(error.contains("rejected permission to use this specific tool call."))
            case "words": #expect(error.contains("with the following feedback: use trash instead"))
            case "dismiss": #expect(error.contains("The user dismissed this question"))
            case "A": #expect(error.contains(#"\"Which?\"=\"A\""#))
            default: break
            }
        }
    }

    @Test("a prompt to a busy session is answered in the same run, and both callers get the same message")
    func steering() async throws {
        try await FakeBed.with { bed in
            let log = try await bed.events()
            let session = try await bed.session()
            var first: FakeBed.Reply?
            bed.inBackground("first") {
                first = try await bed.ask(session, "slow 20; think a b; say one two three four five six seven")
                bed.fake.beat()
            }
            try await log.until { $0.kind == "message.part.delta" && $0.properties["delta"]?.string == " two" }
            let second = try await bed.ask(session, "say second")
            try await log.until("server.heartbeat")
            #expect(first?.text == second.text)
            #expect(second.text.contains("second"))
            try await bed.expect(log, "steer", without: "server.heartbeat")
        }
    }

    @Test("a subagent has a session of its own, with its own end before the end of the whole")
    func subagent() async throws {
        try await FakeBed.with { bed in
            let log = try await bed.events()
            let session = try await bed.session(["title": "New session - 2026-11-21T00:00:00.000Z"])
            try await bed.ask(session, "task general say hi")
            try await bed.settle(log)
            let firstEnd = log.events.first { $0.kind == "session.idle" }?.sessionID
            try await bed.expect(log, "task", withCreation: true)
            let children = try await bed.get("/session/\(session)/children")
            #expect(children.json?[0]?["parentID"]?.string == session)
            #expect(firstEnd == children.json?[0]?["id"]?.string)
        }
    }

    @Test("aborts: in the middle of text with others waiting, while waiting to try again, of nothing at all")
    func aborts() async throws {
        try await FakeBed.with { bed in
            let log = try await bed.events()
            let session = try await bed.session()
            let ticks = String(repeating: " tick", count: 400)
            var ended: [Int] = []
            bed.inBackground("first") { ended.append(try await bed.ask(session, "slow 50; say\(ticks)").status) }
            try await log.until("message.part.delta")
            bed.inBackground("second") { ended.append(try await bed.ask(session, "say second").status) }
            try await bed.fake.until("the second prompt") { bed.fake.prompts.count == 2 }
            try await bed.start(session, "say third")
            #expect(try await bed.post("/session/\(session)/abort").text == "true")
            try await bed.expect(log, "abort")
            while ended.count < 2 { await Loop.yield() }
            #expect(ended == [200, 200])
            #expect(bed.fake.busySessions.isEmpty)

            _ = try await bed.post("/session/\(session)/abort")
            _ = try await bed.post("/session/ses_missing/abort")
            try await bed.expect(log, "abort-idle")

            let other = try await bed.session()
            try await bed.start(other, "retry 2 boom; rate-limit 3600000")
            for _ in 0..<3 { try await log.until { $0.properties["status"]?["type"]?.string == "retry" } }
            #expect(try await bed.get("/session/status").json?[other]?["type"]?.string == "retry")
            _ = try await bed.post("/session/\(other)/abort")
            try await bed.expect(log, "abort-retry")
            #expect(bed.fake.messages(other).last?["info"]?["error"] == nil)

            // What stayed unanswered is seen by the next prompt.
            let answer = try await bed.ask(session, "hello there")
            #expect(answer.text.contains("say second | say third | hello there"))
        }
    }

    @Test("a deleted session works on until it is aborted, and then its caller gets a defect")
    func deletedBusy() async throws {
        try await FakeBed.with { bed in
            let log = try await bed.events()
            let session = try await bed.session()
            var status = 0
            bed.inBackground("caller") {
                status = try await bed.ask(session, "slow 20; say\(String(repeating: " tick", count: 400))").status
            }
            try await log.until("message.part.delta")
            #expect(try await bed.send(.delete, "/session/\(session)").text == "true")
            try await log.until("session.deleted")
            try await log.until("message.part.delta")
            try await bed.expect(log, "delete-busy")
            #expect(try await bed.get("/session/status").json?[session] != nil)
            _ = try await bed.post("/session/\(session)/abort")
            try await bed.expect(log, "abort-deleted")
            while status == 0 { await Loop.yield() }
            #expect(status == 500)
        }
    }

    @Test("the user's own shell, and compaction on demand")
    func shellAndSummary() async throws {
        try await FakeBed.with { bed in
            let log = try await bed.events()
            let session = try await bed.session()
            try await bed.warm(session, log)
            let shell = try await bed.post("/session/\(session)/shell", ["agent": "build", "command": "echo hi"])
            #expect(shell.json?["parts"]?[0]?["state"]?["output"]?.string == "hi\n")
            try await bed.expect(log, "shell")
            let summary = try await bed.post("/session/\(session)/summarize", ["providerID": "fake", "modelID": "m1"])
            #expect(summary.text == "true")
            try await bed.expect(log, "summarize")
        }
    }
}

extension FakeBed {
    /// A turn that is over and forgotten.
    func warm(_ session: String, _ log: EventLog) async throws {
        try await ask(session, "say before")
        try await settle(log)
        log.forget()
    }

    /// Compares with a recording, and forgets what was compared.
    func expect(
        _ log: EventLog, _ name: String, withCreation: Bool = false, without: String = "",
        at location: SourceLocation = #_sourceLocation
    ) async throws {
        try await settle(log)
        let events = log.events.filter { $0.sessionID != "ses_marker" && $0.kind != without }
        let order = WireShape.order(events).filter { withCreation || $0 != "session.created" }
        #expect(order == (try FakeOpencodeTests.recorded("\(name).order")), "\(name)", sourceLocation: location)
        log.forget()
    }
}
