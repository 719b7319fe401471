import Testing

@testable import Runtime

@Suite("event streams")
@Loop
struct EventStreamTests {
    @Test("an answer with a body sends its events and ends")
    func body() async throws {
        let answer = try await get {
            EventStream.response { stream in
                try await stream.send(event: "state", id: "1", data: "a\nb")
                try await stream.send(data: Array("{}".utf8))
                stream.comment("note")
                stream.retry(after: .milliseconds(1500))
            }
        }
        #expect(answer.field("content-type") == "text/event-stream; charset=utf-8")
        #expect(answer.field("cache-control") == "no-cache")
        #expect(answer.field("x-accel-buffering") == "no")
        #expect(answer.isWhole)
        #expect(answer.body == "event: state\nid: 1\ndata: a\ndata: b\n\ndata: {}\n\n: note\n\nretry: 1500\n\n")
    }

    @Test("an answer that is only wired up sends what its source says, and ends when that says so")
    func wired() async throws {
        let answer = try await get {
            EventStream.response { stream in
                let timer = Timer {
                    let isSent = stream.sendNow(data: "later")
                    #expect(isSent)
                    stream.end()
                }
                timer.schedule(after: .milliseconds(2))
                stream.sendNow(data: "at once")
            }
        }
        #expect(answer.body == "data: at once\n\ndata: later\n\n" && answer.isWhole)
    }

    @Test("a silent stream says that it lives")
    func pings() async throws {
        var settings = EventStream.Settings()
        (settings.firstPing, settings.pingPeriod) = (.milliseconds(2), .milliseconds(3))
        let kept = Kept()
        let harness = try harness { EventStream.response(settings) { kept.stream = $0 } }
        let client = try harness.client()
        client.send("GET /e HTTP/1.1\r\nHost: x\r\n\r\n")
        try await client.until { $0.text.components(": ping\n\n") >= 3 }
        kept.stream?.end()
        client.close()
        await harness.stop()
    }

    @Test("the client's leaving is told once, and nothing is taken afterwards")
    func leaving() async throws {
        let gone = Waiter<Void>("the client's leaving")
        var told = 0
        let kept = Kept()
        let harness = try harness {
            EventStream.response { stream in
                kept.stream = stream
                stream.onGone = {
                    told += 1
                    gone.finish(.success(()))
                }
                stream.sendNow(data: "hello")
            }
        }
        let client = try harness.client()
        client.send("GET /e HTTP/1.1\r\nHost: x\r\n\r\n")
        try await client.until(contains: "data: hello")
        client.close()
        try await Deadline.within(.seconds(20)) { try await gone.value() }
        let stream = try #require(kept.stream)
        #expect(told == 1 && stream.isGone)
        let isSent = stream.sendNow(data: "late")
        #expect(!isSent)
        await #expect(throws: Fault.self) { try await stream.send(data: "late") }
        await harness.stop()
    }

    @Test("a client that does not read is held at the bound; nothing is lost when it reads again")
    func slowReader() async throws {
        let kept = Kept()
        var settings = EventStream.Settings()
        settings.firstPing = nil
        let harness = try harness { EventStream.response(settings) { kept.stream = $0 } }
        let client = try harness.client(receiveBuffer: 4096)
        client.send("GET /e HTTP/1.1\r\nHost: x\r\n\r\n")
        try await client.until(contains: "\r\n\r\n")
        client.pauseReading()
        let stream = try #require(kept.stream)
        let data = String(repeating: "x", count: 50_000)
        var sent = 0
        for turn in 0..<10_000 {
            while stream.sendNow(data: data) { sent += 1 }
            // The kernel takes a first load in the turns after.
            if turn > 20 { break }
            await Loop.yield()
        }
        let room = Waiter<Void>("room")
        stream.onRoom = { room.finish(.success(())) }
        let scope = Scope.forTest()
        scope.spawn("waits") { try await stream.send(data: "first") }
        scope.spawn("waits") { try await stream.send(data: "second") }
        await Loop.yield()
        client.resumeReading()
        try await Deadline.within(.seconds(20)) { try await room.value() }
        await scope.close(grace: .seconds(20))
        stream.end()
        try await client.until { $0.received.suffix(7).elementsEqual("\r\n0\r\n\r\n".utf8) }
        let answer = try #require(client.answers.first)
        let wanted = String(repeating: "data: \(data)\n\n", count: sent) + "data: first\n\ndata: second\n\n"
        let isWhole = answer.body == wanted
        #expect(isWhole, "\(answer.body.utf8.count) bytes came, \(wanted.utf8.count) were sent")
        client.close()
        await harness.stop()
    }

    @Test("the last event's id is read, and an empty one is none")
    func lastEventID() {
        let request = Request()
        #expect(EventStream.lastEventID(of: request) == nil)
        request.headers["Last-Event-ID"] = "42"
        #expect(EventStream.lastEventID(of: request) == "42")
        request.headers["Last-Event-ID"] = ""
        #expect(EventStream.lastEventID(of: request) == nil)
    }

    @Loop
    private final class Kept {
        var stream: EventStream?
    }

    private func harness(_ answer: @escaping @Loop () -> Response) throws -> WebHarness {
        try WebHarness { $0.plain(.get, "/e") { _ in answer() } }
    }

    private func get(_ answer: @escaping @Loop () -> Response) async throws -> Answer {
        let harness = try harness(answer)
        let result = try await harness.get("/e")
        await harness.stop()
        return result
    }
}

extension String {
    fileprivate func components(_ part: String) -> Int {
        split(separator: part, omittingEmptySubsequences: false).count - 1
    }
}
