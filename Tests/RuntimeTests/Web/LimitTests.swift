import CLinux
import Glibc
import Testing

@testable import Runtime

@Suite("bounds")
@Loop
struct LimitTests {
    private func quick(_ change: (inout ServerSettings) -> Void) -> ServerSettings {
        var settings = ServerSettings()
        settings.linger = .milliseconds(100)
        change(&settings)
        return settings
    }

    @Test("a head, a body and an idle connection that take too long end as they should")
    func deadlines() async throws {
        let settings = quick {
            $0.headDeadline = .milliseconds(300)
            $0.idle = .milliseconds(300)
            $0.bodyWindow = .milliseconds(300)
        }
        let harness = try WebHarness(settings) { router in
            router.plain(.get, "/") { _ in .text("fine") }
            router.plain(.post, "/") { _ in .text("fine") }
            router.on(.post, "/task") { .text("\(try await $0.body.collect().count)") }
        }
        let cases: [(String, [Int])] = [
            ("", []), ("\r\n\r\n", []), ("G", [408]), ("GET / HTTP/1.1\r\nHost: x\r\n", [408]),
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", [200]), ("GET / HTTP/1.1\r\nHost: x\r\n\r\nG", [200, 408]),
            ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\na", [408]),
            ("POST /task HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\na", [408]),
        ]
        let clients = try cases.map { input, _ in
            let client = try harness.client()
            client.send(input)
            return client
        }
        for (client, (input, statuses)) in zip(clients, cases) {
            try await client.untilEnd()
            #expect(client.statuses == statuses, "\(input.debugDescription) gave \(client.text)")
        }
        await harness.stop()
    }

    @Test("a thousand slow clients do not keep a normal one waiting")
    func slowClients() async throws {
        let harness = try WebHarness { router in router.plain(.get, "/") { _ in .text("fine") } }
        let slow = try (0..<1000).map { _ in try harness.client() }
        for client in slow { client.send("GET / HTTP/1.1\r\n") }
        let normal = try harness.client()
        for count in 1...50 {
            slow[count].send("X: y\r\n")
            normal.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            try await normal.until { $0.statuses.count == count || $0.isEnded }
        }
        #expect(normal.statuses == [Int](repeating: 200, count: 50))
        #expect(harness.server.connectionCount == 1001)
        for client in slow { client.close() }
        await harness.stop()
    }

    @Test("each of many slow clients ends by its deadline")
    func manyDeadlines() async throws {
        let harness = try WebHarness(quick { $0.headDeadline = .milliseconds(50) })
        let slow = try (0..<300).map { _ in try harness.client() }
        for client in slow { client.send("GET / HTTP/1.1\r\n") }
        for client in slow { try await client.untilEnd() }
        #expect(slow.allSatisfy { $0.statuses == [408] })
        await harness.stop()
    }

    @Test("a reader that stops costs a bounded buffer, then its connection")
    func stalledReader() async throws {
        let settings = quick { $0.writeStall = .milliseconds(60) }
        let highest = Mailbox<Int>("the highest mark")
        let harness = try WebHarness(settings) { router in
            router.on(.get, "/") { _ in
                .stream { writer in
                    var mark = 0
                    defer { highest.send(mark) }
                    let piece = [UInt8](repeating: 120, count: 32 << 10)
                    while true {
                        try await writer.write(piece)
                        mark = max(mark, writer.unsentBytes)
                    }
                }
            }
        }
        let client = try harness.client(receiveBuffer: 4096)
        client.pauseReading()
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        try await Deadline.within(.seconds(20)) {
            let mark = try await highest.next() ?? .max
            #expect(mark <= ResponseWriter.highWater + (33 << 10))
        }
        try await harness.untilRecords(1)
        #expect(harness.records[0].isCancelled)
        client.close()
        await harness.stop()
    }

    @Test("a hundred megabytes go up and down through bounded buffers")
    func large() async throws {
        let total = 100 << 20
        var highest = 0
        let harness = try WebHarness { router in
            router.on(.post, "/up", limit: total) { request in
                var count = 0
                while let piece = try await request.body.next() {
                    highest = max(highest, piece.count)
                    count += piece.count
                    if count % 7 == 0 { await Loop.yield() }
                }
                return .text("\(count)")
            }
            router.on(.get, "/down") { _ in
                .stream(200, ["Content-Length": "\(total)"]) { writer in
                    let piece = [UInt8](repeating: 120, count: 128 << 10)
                    for _ in 0..<(total / piece.count) {
                        try await writer.write(piece)
                        highest = max(highest, writer.unsentBytes)
                    }
                }
            }
        }
        let up = try harness.client()
        up.send("POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: \(total)\r\n\r\n")
        let piece = [UInt8](repeating: 120, count: 1 << 20)
        for _ in 0..<100 {
            up.send(piece)
            try await up.until { $0.unsentCount == 0 }
        }
        try await up.until(contains: "\(total)")
        #expect(highest <= 2 * RequestBody.highWater)

        highest = 0
        let down = try harness.client()
        down.discards = true
        down.send("GET /down HTTP/1.1\r\nHost: x\r\n\r\n")
        try await down.until { $0.receivedCount > total || $0.isEnded }
        #expect(highest <= ResponseWriter.highWater + (129 << 10))
        up.close()
        down.close()
        await harness.stop()
    }

    @Test("a body nobody reads stops the client, and an answer without it closes when it is large")
    func unreadBody() async throws {
        let release = Waiter<Void>("the test")
        let harness = try WebHarness { router in
            router.on(.post, "/") { _ in
                try await release.value()
                return .text("not read")
            }
        }
        let client = try harness.client()
        client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 30000000\r\n\r\n")
        client.send([UInt8](repeating: 120, count: 30_000_000))
        for _ in 0..<200 { await Loop.yield() }
        #expect(client.unsentCount > 1_000_000, "the server reads on though nobody wants the body")
        release.finish(.success(()))
        try await client.until(contains: "not read")
        #expect(client.statuses == [200] && client.answers[0].field("connection") == "close")
        client.close()
        await harness.stop()
    }

    @Test("100 Continue comes when the body is wanted, and not when the answer is no")
    func expectation() async throws {
        let harness = try WebHarness { router in
            router.on(.post, "/read") { .text("\(try await $0.body.collect().count)") }
            router.plain(.post, "/plain") { .text("\($0.body.bytes.count)") }
            router.on(.post, "/refuse") { _ in throw Fault(.denied, "no") }
        }
        for path in ["/read", "/plain"] {
            let client = try harness.client()
            client.send("POST \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
            try await client.until(contains: "\r\n\r\n")
            #expect(client.text == "HTTP/1.1 100 Continue\r\n\r\n")
            client.send("abc")
            try await client.until { $0.statuses == [100, 200] || $0.isEnded }
            #expect(client.answers.last?.body == "3" && !client.isEnded)
            client.close()
        }
        for path in ["/refuse", "/none"] {
            let client = try await harness.exchange(
                "POST \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
            #expect(client.statuses == [path == "/none" ? 404 : 403] && client.isEnded)
        }
        await harness.stop()
    }

    @Test("a refusal reaches a client that is still sending")
    func lingering() async throws {
        let harness = try WebHarness { router in router.plain(.post, "/", limit: 10) { _ in .text("") } }
        for fields in ["Content-Length: 5000000\r\n", "Transfer-Encoding: chunked\r\n"] {
            let client = try harness.client()
            client.send("POST / HTTP/1.1\r\nHost: x\r\n\(fields)\r\n4c4b40\r\n")
            client.send([UInt8](repeating: 120, count: 5_000_000))
            try await client.untilEnd()
            #expect(client.statuses == [413], "\(fields): \(client.text)")
        }
        await harness.stop()
    }

    @Test("connections above the bound wait, those above a peer's bound are closed")
    func connectionBounds() async throws {
        let few = try WebHarness(quick { $0.connections = 2 }) { $0.plain(.get, "/") { _ in .text("fine") } }
        let first = try few.client()
        let second = try few.client()
        first.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        try await first.until(contains: "fine")
        let third = try few.client()
        third.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        for _ in 0..<20 { await Loop.yield() }
        #expect(third.text.isEmpty && few.server.connectionCount == 2)
        second.close()
        try await third.untilEnd()
        #expect(third.statuses == [200])
        first.close()
        await few.stop()

        let strict = try WebHarness(quick { $0.connectionsPerPeer = 1 }) { $0.plain(.get, "/") { _ in .text("fine") } }
        let only = try strict.client()
        only.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        try await only.until(contains: "fine")
        #expect(try await strict.exchange("").text.isEmpty)
        only.close()
        try await strict.untilNoConnections()
        #expect(try await strict.get("/").status == 200)
        await strict.stop()
    }

    @Test("without descriptors left a client is turned away, and the next is served when there are some again")
    func descriptorsRunOut() async throws {
        let harness = try WebHarness { $0.plain(.get, "/") { _ in .text("fine") } }
        let client = try harness.client()
        // The kernel's answer to accept is wanted, so the limit is at the first free descriptor for one call only.
        var before = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before)
        let firstFree = open("/dev/null", O_RDONLY)
        close(firstFree)
        var none = rlimit(rlim_cur: rlim_t(firstFree), rlim_max: before.rlim_max)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &none)
        harness.server.listeners[0].ready(.readable)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before)
        try await client.untilEnd()
        #expect(client.text.isEmpty && harness.server.connectionCount == 0)
        #expect(try await harness.get("/").status == 200)
        await harness.stop()
    }

    @Test("the last request of a connection is told so")
    func requestsPerConnection() async throws {
        let harness = try WebHarness(quick { $0.requestsPerConnection = 3 }) { $0.plain(.get, "/") { _ in .text("") } }
        let client = try await harness.exchange(String(repeating: "GET / HTTP/1.1\r\nHost: x\r\n\r\n", count: 5))
        #expect(client.answers.map { $0.field("connection") } == [nil, nil, "close"])
        await harness.stop()
    }
}
