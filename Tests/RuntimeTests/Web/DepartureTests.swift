import Testing

@testable import Runtime

@Suite("clients that leave")
@Loop
struct DepartureTests {
    /// A route that tells when it began and when it was cancelled.
    private func harness(_ events: Mailbox<String>) throws -> WebHarness {
        try WebHarness { router in
            @Loop func wait(_ request: Request) async throws {
                events.send("began")
                defer { events.send(request.isClientGone ? "gone" : "cancelled") }
                try await Waiter<Void>("never").value()
            }
            router.on(.get, "/think") { request in
                try await wait(request)
                return .text("never")
            }
            router.on(.get, "/stream") { request in
                .stream { writer in
                    try await writer.write("first")
                    try await wait(request)
                }
            }
            router.on(.post, "/upload") { request in
                events.send("began")
                do {
                    while try await request.body.next() != nil {}
                    return .text("whole")
                } catch {
                    events.send(request.isClientGone ? "gone" : "failed")
                    throw error
                }
            }
            router.on(.get, "/slow") { _ in
                events.send("began")
                for _ in 0..<20 { await Loop.yield() }
                return .text("slow but sure")
            }
            router.on(.get, "/slowstream") { _ in
                .stream { writer in
                    try await writer.write("one ")
                    for _ in 0..<20 { await Loop.yield() }
                    try await writer.write("two")
                }
            }
            router.plain(.get, "/plain") { _ in .text("plain") }
        }
    }

    @Test("a handler is cancelled before the first byte, and in an idle stream", arguments: ["/think", "/stream"])
    func cancelled(_ path: String) async throws {
        let events = Mailbox<String>("events")
        let harness = try harness(events)
        try await Deadline.within(.seconds(20)) {
            let client = try harness.client()
            client.send("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(try await events.next() == "began")
            if path == "/stream" { try await client.until(contains: "first") }
            client.close()
            #expect(try await events.next() == "gone")
        }
        try await harness.untilRecords(1)
        #expect(harness.records[0].isCancelled && harness.records[0].status == (path == "/think" ? 499 : 200))
        try await harness.untilNoConnections()
        await harness.stop()
    }

    @Test("a client that only finished sending gets its answer, with a plain reader's 102 at most before it")
    func halfClosed() async throws {
        let harness = try harness(Mailbox<String>("events", limit: .max))
        for path in ["/plain", "/slow", "/slowstream"] {
            for separately in [false, true] {
                let client = try harness.client()
                client.send("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
                if separately { for _ in 0..<4 { await Loop.yield() } }
                client.finishSending()
                try await client.untilEnd()
                let answers = client.answers.filter { $0.status != 102 }
                #expect(answers.count == 1 && answers[0].isWhole, "\(path): \(client.text)")
                #expect(["plain", "slow but sure", "one two"].contains(answers.first?.body ?? ""))
            }
        }
        await harness.stop()
    }

    @Test("a body that breaks off is told to its reader")
    func uploadBreaksOff() async throws {
        let events = Mailbox<String>("events")
        let harness = try harness(events)
        for framing in ["Content-Length: 100\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n5\r\nab"] {
            let client = try harness.client()
            client.send("POST /upload HTTP/1.1\r\nHost: x\r\n\(framing)")
            try await Deadline.within(.seconds(20)) {
                let first = try await events.next()
                client.close()
                let second = try await events.next()
                #expect([first, second] == ["began", "gone"])
            }
        }
        await harness.stop()
    }

    @Test("leaving at any byte of a request leaves nothing behind")
    func everyByteOfRequests() async throws {
        let harness = try harness(Mailbox<String>("events", limit: .max))
        for request in [
            "GET /think HTTP/1.1\r\nHost: x\r\nX: y\r\n\r\n",
            "POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: v\r\n\r\n",
        ] {
            let bytes = Array(request.utf8)
            for count in 0...bytes.count {
                let client = try harness.client()
                client.send(Array(bytes[..<count]))
                if count % 2 == 0 { await Loop.yield() }
                client.close()
            }
        }
        // The listener's queue is emptied first, so that the last one has been seen.
        #expect(try await harness.get("/plain").status == 200)
        try await harness.untilNoConnections()
        #expect(harness.scope.taskCount == 0 || harness.server.connectionCount == 0)
        await harness.stop()
    }

    @Test("leaving at any byte of an answer leaves nothing behind")
    func everyByteOfAnswers() async throws {
        let harness = try WebHarness { router in
            router.on(.get, "/") { _ in
                .stream { writer in
                    for _ in 0..<10 {
                        try await writer.write("0123456789")
                        await Loop.yield()
                    }
                }
            }
        }
        let whole = try await harness.exchange("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        for count in stride(from: 0, through: whole.received.count, by: 3) {
            let client = try harness.client()
            client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            try await client.until { $0.received.count >= count || $0.isEnded }
            client.close()
        }
        try await harness.untilNoConnections()
        await harness.stop()
    }
}
