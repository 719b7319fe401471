import FakeOpencode
import Glibc
import Runtime
import Testing

@testable import Host

/// One conversation with a fault in it: what a client does, and what must hold whatever happens.
@Loop
final class SurvivalTale {
    private let bed: ChatBed
    private let point: SurvivalPoint
    private let scope: Scope
    /// Events that the client has seen.
    private var seen = 0
    private var hasStruck = false
    /// The fault came while an answer was on its way.
    private(set) var wasInside = false
    /// Perigee is another process than at the beginning of this answer, or the client has gone.
    private var isCut = false
    private var healing: Waiter<Void>?

    /// More would be going round in circles.
    private static let mostReplies = 8

    init(_ bed: ChatBed, _ point: SurvivalPoint, _ scope: Scope) {
        self.bed = bed
        self.point = point
        self.scope = scope
    }

    func play() async throws {
        if point.mishap == .perigeeKilledEarly { return try await playEarly() }
        var reply = try await turn(point.prompt, message: "a1")
        let run = try #require(reply.run, "\(point): no run")
        var last = "a1"
        for number in 1...Self.mostReplies {
            guard !isCut, let words = try await wanted(of: run) else { break }
            #expect(number < Self.mostReplies, "\(point): it asks and asks")
            reply = try await turn(words, message: "r\(number)", parent: "\(point.mark)-\(last)")
            last = "r\(number)"
        }
        if !hasStruck { try await strike() }
        try await healing?.value()
        if isCut { try await settle(run) }
        try await check(run)
        try await goOn()
    }

    /// The turn was accepted, or it was not; nobody knows but the books.
    private func playEarly() async throws {
        (hasStruck, isCut) = (true, true)
        let asking = scope.spawn("asking") { [self] in
            do { _ = try await turn(point.prompt, message: "a1") } catch {
                // It was killed under us.
            }
        }
        for _ in 0..<point.length { await Loop.yield() }
        try await bed.end(SIGKILL)
        asking.cancel()
        await asking.value
        try await bed.start()
        wasInside = true
        let runs = try await bed.get("/mgmt/runs?chat=\(point.mark)").json["runs"].elements.compactMap {
            $0["id"].string
        }
        #expect(runs.count <= 1, "\(point): \(runs.count) runs of one turn")
        for run in runs {
            try await settle(run)
            try await check(run)
        }
        try await goOn()
    }

    // MARK: the client

    private func turn(_ text: String, message: String, parent: String = "") async throws -> ChatBed.Reply {
        let body: JSONValue = ["model": "open-persona/build", "stream": true, "messages": ChatBed.messages([text])]
        let answer = try await bed.open(
            "/v1/chat/completions", try JSON.encode(body),
            headers: ChatBed.openWebUI(
                chat: point.mark, message: "\(point.mark)-\(message)", user: "\(point.mark)-u-\(message)",
                parent: parent))
        var reply = ChatBed.Reply(status: answer.status, run: answer.headers["x-perigee-run"])
        do {
            try await read(answer, &reply)
        } catch  where isCut {
            // It was killed under us, or we have left.
        }
        guard !isCut else { return reply }
        let isHonest = reply.ends == 1 && (reply.error == nil) == (reply.finishes.count == 1)
        #expect(isHonest, "\(point): \(reply.ends) ends, \(reply.finishes), \(reply.error ?? "no error")")
        return reply
    }

    private func read(_ answer: HTTPAnswer, _ reply: inout ChatBed.Reply) async throws {
        if seen >= point.moment, !hasStruck { try await strike(answer) }
        let events = answer.body.events()
        while !isCut, let event = try await events.next() {
            let text = event.text
            if text == "[DONE]" { reply.ends += 1 } else { reply.chunks.append(try JSON.parse(text)) }
            seen += 1
            if seen >= point.moment, !hasStruck { try await strike(answer) }
        }
    }

    /// What its user says to that which the run waits for; nil when it waits for nothing.
    private func wanted(of run: String) async throws -> String? {
        let open = try await bed.get("/mgmt/asks?chat=\(point.mark)").json["asks"].elements.map { $0 }
        guard let ask = open.first(where: { $0["run"]["id"].string == run })?["ask"] else { return nil }
        switch ask["kind"].string {
        case "permission": return "yes"
        case "question": return "Red"
        default: return Ask.leave
        }
    }

    // MARK: the fault

    private func strike(_ answer: HTTPAnswer? = nil) async throws {
        hasStruck = true
        wasInside = answer != nil
        do {
            try await act(answer)
        } catch {
            // What the client meets afterwards would be no news about Perigee.
            Issue.record("\(point): the fault itself failed: \(Fault(error))")
            throw error
        }
    }

    private func act(_ answer: HTTPAnswer?) async throws {
        let fake = bed.fake
        switch point.mishap {
        case .restarted: try await fake.restart()
        case .restartedWithoutSessions: try await fake.restart(losingSessions: true)
        case .away:
            await fake.kill()
            heal { try await fake.restart() }
        case .hung:
            fake.hangHTTP()
            fake.goSilent()
            heal { fake.recover() }
        case .silent:
            fake.goSilent()
            heal { fake.recover() }
        case .heartbeatsOnly:
            fake.heartbeatsOnly()
            heal { fake.recover() }
        case .streamsDropped: fake.dropStreams()
        case .streamsMuted: fake.muteStreams()
        case .connectionsDropped: fake.dropConnections()
        case .perigeeKilled, .bothKilled:
            isCut = true
            try await bed.end(SIGKILL)
            answer?.body.cancel()
            if point.mishap == .bothKilled { try await fake.restart() }
            try await bed.start()
        case .clientLeft:
            isCut = true
            answer?.body.cancel()
        case .perigeeKilledEarly: break
        }
    }

    /// The world mends it after a while; nobody here waits for that but by its event.
    private func heal(_ act: @escaping @Loop () async throws -> Void) {
        let healed = Waiter<Void>("the end of a fault")
        healing = healed
        scope.spawn("healing") { [point] in
            try await Loop.sleep(for: .milliseconds(point.length))
            try await act()
            healed.finish(.success(()))
        }
    }

    // MARK: what must hold

    /// Answers everything that a run without a client asks, until it has ended.
    private func settle(_ run: String) async throws {
        let events = try await bed.events(of: run)
        while let event = try await events.next() {
            let ask = try JSON.parse(event.text)["ask"]
            guard let id = ask["id"].string else { continue }
            let answer: JSONObject =
                switch ask["kind"].string {
                case "permission": ["verdict": "once"]
                case "question": ["verdict": "answered", "answers": [["Red"]]]
                default: ["verdict": "answered", "answers": [[.string(Ask.leave)]]]
                }
            // One that the log tells of may be settled long since.
            _ = try await bed.post("/mgmt/runs/\(run)/asks/\(id)", answer)
        }
    }

    private func check(_ run: String) async throws {
        let record = try await bed.get("/mgmt/runs/\(run)").json
        let state = record["state"].string ?? ""
        #expect(["succeeded", "failed", "interrupted", "cancelled"].contains(state), "\(point): it is \(state)")
        let handedOver = bed.fake.prompts.filter { $0.text.contains("\(point.mark) one two three") }
        #expect(handedOver.count <= 1, "\(point): the prompt was run \(handedOver.count) times")
        if state == "failed" {
            #expect(record["error"]["message"].string?.isEmpty == false, "\(point): it failed without a word")
        }
        if state == "succeeded" {
            let told = try await text(of: run)
            for word in point.words {
                #expect(told.ranges(of: word).count == 1, "\(point): \"\(word)\" in: \(told)")
            }
        }
        let unfinished = try await bed.get("/mgmt/runs?chat=\(point.mark)&state=queued,starting,running,blocked").json
        #expect(unfinished["runs"].count == 0, "\(point): something is at work still")
        #expect(try await wanted(of: run) == nil, "\(point): an ask is open behind the end")
    }

    private func text(of run: String) async throws -> String {
        let events = try await bed.events(of: run)
        var text = ""
        while let event = try await events.next() {
            let json = try JSON.parse(event.text)
            if json["kind"].equals("text") { text += json["text"].string ?? "" }
        }
        return text
    }

    /// Whatever happened, the chat goes on.
    private func goOn() async throws {
        isCut = false
        let words = "say \(point.mark) still here"
        let reply = try await turn(words, message: "a2", parent: "\(point.mark)-a1")
        #expect(reply.text.contains("still here"), "\(point): afterwards: \(reply.text) \(reply.error ?? "")")
        #expect(bed.fake.prompts.filter { $0.text == words }.count == 1, "\(point)")
    }
}
