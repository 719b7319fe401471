import FakeOpencode
import Runtime
import Testing

/// What the double does when it is told to do badly.
@Suite("opencode double: faults")
@Loop
struct FakeOpencodeFaultTests {
    @Test("a kill loses streamed text, statuses and asks, and keeps sessions with half-written messages")
    func kill() async throws {
        try await FakeBed.with { bed in
            let log = try await bed.events()
            let (talker, asker) = (try await bed.session(), try await bed.session())
            try await bed.start(asker, "ask bash rm x")
            try await log.until("permission.asked")
            var fault: Fault?
            bed.inBackground("caller") {
                fault = await failure {
                    try await bed.ask(talker, "slow 20; say\(String(repeating: " tick", count: 400))")
                }
            }
            try await log.until("message.part.delta")
            try await bed.fake.restart()
            _ = await failure { try await log.untilEnd() }
            while fault == nil { await Loop.yield() }

            let last = try await bed.get("/session/\(talker)/message").json?[1]
            #expect(last?["info"]?["time"]?["completed"] == nil && last?["info"]?["finish"] == nil)
            #expect(last?["parts"]?[1]?["text"]?.string == "", "text that streamed is lost")
            let tool = try await bed.get("/session/\(asker)/message").json?[1]?["parts"]?[1]
            #expect(tool?["state"]?["status"]?.string == "running")
            #expect(try await bed.get("/session/status").json == [:])
            #expect(try await bed.get("/permission").json == [])
            #expect(try await bed.ask(talker, "say again").json?["parts"]?[1]?["text"]?.string == "again")
            try await bed.fake.restart(losingSessions: true)
            #expect(try await bed.get("/session/\(talker)").status == 404)
            #expect(bed.fake.lives == 3)
        }
    }

    @Test("the word crash ends the server in the middle of its turn")
    func crash() async throws {
        try await FakeBed.with { bed in
            let session = try await bed.session()
            _ = await failure { try await bed.ask(session, "say before; crash") }
            try await bed.fake.until("the crash") { !bed.fake.isRunning }
            try await bed.fake.restart()
            #expect(bed.fake.messages(session).last?["parts"]?[1]?["text"]?.string == "before")
        }
    }

    @Test("streams fall silent, say nothing but heartbeats, break, end at once, and die without a word")
    func streams() async throws {
        try await FakeBed.with { bed in
            let log = try await bed.events()
            let session = try await bed.session()
            try await bed.settle(log)
            log.forget()
            bed.fake.heartbeatsOnly()
            try await bed.ask(session, "say unheard")
            bed.fake.beat()
            try await log.until { _ in true }
            #expect(log.events.map(\.kind) == ["server.heartbeat"])

            bed.fake.goSilent()
            bed.fake.beat()
            bed.fake.recover()
            bed.fake.beat()
            log.forget()
            try await log.until("server.heartbeat")
            #expect(log.events.count == 1, "nothing of the silence comes later")

            bed.fake.muteStreams()
            let other = try await bed.events()
            bed.fake.beat()
            try await other.until("server.heartbeat")
            bed.fake.dropStreams()
            #expect(await failure { try await other.untilEnd() } != nil, "a broken stream is no ended one")
            _ = await failure { try await log.untilEnd() }
            #expect(log.events.count == 1, "a muted stream has nothing more to say")

            bed.fake.modes.closesStreams = true
            let short = try await bed.events()
            try await short.untilEnd()
            #expect(short.events.map(\.kind) == ["server.connected"])
            try await bed.fake.until("the end of all streams") { bed.fake.streamCount == 0 }
        }
    }

    @Test("heartbeats come by themselves")
    func heartbeat() async throws {
        try await FakeBed.with {
            $0.heartbeat = .milliseconds(5)
        } _: { bed in
            let log = try await bed.events("/global/event")
            for _ in 0..<2 { try await log.until("server.heartbeat") }
            #expect(WireShape.shape(log.events.last) == "{payload:{id:text,properties:{},type:text}}")
        }
    }

    @Test("requests hang until it recovers, and wait as long as they are told to")
    func hanging() async throws {
        try await FakeBed.with { bed in
            bed.fake.hangHTTP()
            var isAnswered = false
            bed.inBackground("health") {
                _ = try await bed.get("/global/health")
                isAnswered = true
            }
            // Its own door stays open.
            let state = try await bed.get("/fake/state")
            #expect(state.json?["modes"]?["hangsHTTP"] == true)
            #expect(!isAnswered)
            bed.fake.recover()
            while !isAnswered { await Loop.yield() }
            bed.fake.answerSlowly(1)
            #expect(try await bed.get("/global/health").status == 200)
        }
    }

    @Test("the older dialect streams text inside its parts, without ids and repetitions")
    func oldDialect() async throws {
        try await FakeBed.with { bed in
            bed.fake.modes.oldDialect = true
            let log = try await bed.events("/global/event")
            let session = try await bed.session()
            try await bed.ask(session, "say one two")
            try await bed.settle(log)
            let texts = log.events.filter { $0.kind == "message.part.updated" && $0.properties["delta"] != nil }
            #expect(texts.map { $0.properties["delta"]?.string } == ["one", " two"])
            #expect(texts.map { $0.properties["part"]?["text"]?.string } == ["one", "one two"])
            #expect(!log.events.contains { $0.kind == "message.part.delta" || $0.kind == "sync" })
            #expect(log.events.allSatisfy { $0["payload"]?["id"] == nil && $0.properties["time"] == nil })
        }
    }

    @Test("the next major has one route, behind a password, and nothing of the old")
    func newMajor() async throws {
        try await FakeBed.with { bed in
            bed.fake.modes.newMajor = true
            bed.fake.version = "2.2.0"
            let refused = try await bed.get("/api/info")
            #expect(refused.status == 401)
            let word = Base64.encode(Array("opencode:\(bed.fake.password)".utf8))
            let headers: Headers = ["authorization": "Basic \(word)"]
            #expect(try await bed.send(.get, "/api/info", headers: headers).json == ["version": "2.2.0"])
            for path in ["/global/health", "/session", "/event"] {
                #expect(try await bed.send(.get, path, headers: headers).status == 404)
            }
        }
    }

    @Test("the end of a directory aborts its turns, answers its callers, refuses its asks and ends its streams")
    func dispose() async throws {
        try await FakeBed.with { bed in
            let log = try await bed.events()
            let (talker, asker) = (try await bed.session(), try await bed.session())
            var answer: FakeBed.Reply?
            bed.inBackground("caller") { answer = try await bed.ask(talker, "hang") }
            try await bed.start(asker, "ask bash rm x")
            try await log.until("permission.asked")
            try await bed.fake.until("both at work") { bed.fake.busySessions.count == 2 }
            #expect(try await bed.post("/instance/dispose").text == "true")
            try await log.untilEnd()
            #expect(log.events.last?.kind == "server.instance.disposed")
            while answer == nil { await Loop.yield() }
            #expect(answer?.json?["info"]?["error"]?["name"]?.string == "MessageAbortedError")
            #expect(bed.fake.directories.isEmpty && bed.fake.pendingAsks.isEmpty)
        }
    }

    @Test("an abort leaves its ask in the list; a client that leaves does not end its turn")
    func leftovers() async throws {
        try await FakeBed.with { bed in
            let log = try await bed.events()
            let session = try await bed.session()
            try await bed.start(session, "question Which? | A")
            try await log.until("question.asked")
            _ = try await bed.post("/session/\(session)/abort")
            #expect(try await bed.get("/question").json?[0]?["sessionID"]?.string == session)

            let other = try await bed.session()
            _ = await failure {
                try await Deadline.within(.milliseconds(30)) { _ = try await bed.ask(other, "hang") }
            }
            try await bed.fake.until("the turn at work") { bed.fake.busySessions == [other] }
            _ = try await bed.post("/session/\(other)/abort")
        }
    }

    @Test("a message whose id lies in the future is answered again and again")
    func futureID() async throws {
        try await FakeBed.with { bed in
            let session = try await bed.session()
            let body = object(
                "messageID", "msg_ffffffffffffaaaaaaaaaaaaaa", "parts", [["type": "text", "text": "say hi"]])
            let answer = try await bed.post("/session/\(session)/message", body)
            #expect(answer.status == 200)
            #expect(bed.fake.modelCalls > 100, "only the double's own bound ends it")
        }
    }

    @Test("shells run for real, and an abort ends what they started")
    func shells() async throws {
        try await FakeBed.with { bed in
            let log = try await bed.events()
            let session = try await bed.session()
            bed.directory.write("hi", to: "here.txt")
            let answer = try await bed.ask(session, "bash ls")
            #expect(answer.status == 200)
            #expect(bed.fake.messages(session).description.contains("here.txt"))
            try await bed.start(session, "bash echo begun && sleep 300")
            try await log.until {
                $0.properties["part"]?["state"]?["metadata"]?["output"]?.string == "begun\n"
            }
            _ = try await bed.post("/session/\(session)/abort")
            let part = bed.fake.messages(session).last?["parts"]?[1]
            #expect(part?["state"]?["status"]?.string == "completed")
            #expect(part?["state"]?["output"]?.string?.contains("User aborted the command") == true)
        }
    }
}
