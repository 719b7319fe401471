import CLinux
import Glibc
import Testing

@testable import Runtime

@Suite("listening and ending")
@Loop
struct ServingTests {
    @Test("draining ends idle connections at once and lets requests finish")
    func drain() async throws {
        let go = Waiter<Void>("the test")
        let began = Waiter<Void>("the handler")
        let harness = try WebHarness { router in
            router.plain(.get, "/plain") { _ in .text("plain") }
            router.on(.get, "/slow") { _ in
                began.finish(.success(()))
                try await go.value()
                return .text("finished")
            }
        }
        let idle = try harness.client()
        idle.send("GET /plain HTTP/1.1\r\nHost: x\r\n\r\n")
        try await idle.until(contains: "plain")
        let busy = try harness.client()
        busy.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        try await began.value()
        let draining = harness.scope.spawn("drain") { await harness.server.drain(grace: .seconds(20)) }
        try await idle.untilEnd()
        #expect(throws: Fault.self) { try harness.client() }
        go.finish(.success(()))
        try await busy.untilEnd()
        #expect(busy.answers.first?.body == "finished" && busy.answers.first?.field("connection") == "close")
        await draining.value
    }

    @Test("after the grace what remains is cancelled, answered when it can be, and closed")
    func drainCancels() async throws {
        let harness = try WebHarness { router in
            router.on(.get, "/think") { _ in
                try await Waiter<Void>("never").value()
                return .text("")
            }
            router.on(.get, "/stream") { _ in .stream { _ in try await Waiter<Void>("never").value() } }
            router.on(.get, "/source") { _ in Response(body: .source { $0.writeNow("x") }) }
        }
        let thinking = try harness.client()
        let streaming = try harness.client()
        let source = try harness.client()
        thinking.send("GET /think HTTP/1.1\r\nHost: x\r\n\r\n")
        streaming.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
        source.send("GET /source HTTP/1.1\r\nHost: x\r\n\r\n")
        try await streaming.until(contains: "\r\n\r\n")
        try await source.until(contains: "x")
        await harness.server.drain(grace: .milliseconds(20))
        for client in [thinking, streaming, source] { try await client.untilEnd() }
        #expect(thinking.statuses == [503] && thinking.answers[0].field("connection") == "close")
        #expect(streaming.statuses == [200] && !streaming.answers[0].isWhole)
        #expect(harness.records.count == 3 && harness.server.connectionCount == 0)
    }

    @Test("a Unix socket has its mode, replaces a stale file, and never a live one")
    func unixSocket() async throws {
        let directory = TemporaryDirectory()
        let path = "\(directory.path)/s"
        let stale = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        _ = try SocketAddress.with(path: path) { bind(stale, $0, $1) }
        close(stale)
        let harness = try WebHarness { $0.plain(.get, "/") { .text("\($0.peer)") } }
        try harness.server.listen(path: path, mode: 0o660)
        var status = stat()
        #expect(lstat(path, &status) == 0 && status.st_mode & 0o777 == 0o660)
        let client = try RawClient(path: path)
        client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        try await client.untilEnd()
        #expect(client.answers.first?.body == "unix")

        let other = try WebHarness()
        #expect(throws: Fault.self) { try other.server.listen(path: path) }
        #expect(throws: Fault.self) { try other.server.listen(path: String(repeating: "a", count: 200)) }
        directory.write("precious", to: "file")
        #expect(throws: Fault.self) { try other.server.listen(path: "\(directory.path)/file") }
        await other.stop()
        #expect(lstat(path, &status) == 0, "the live socket is still there")
        await harness.stop()
        #expect(lstat(path, &status) != 0, "the server removes its own file")
    }

    @Test("an address that is taken or none is told with its name")
    func badAddresses() async throws {
        let harness = try WebHarness()
        let fault = #expect(throws: Fault.self) { try harness.server.listen(host: "127.0.0.1", port: harness.port) }
        #expect(fault?.message.contains("127.0.0.1:\(harness.port)") == true && fault?.kind == .conflict)
        #expect(throws: Fault.self) { try harness.server.listen(host: "localhost", port: 0) }
        #expect(throws: Fault.self) { try harness.server.listen(host: "127.0.0.1", port: 70000) }
        await harness.stop()
    }

    @Test("IPv6 is served, and its peer has its address")
    func ipv6() async throws {
        let harness = try WebHarness { $0.plain(.get, "/") { .text($0.clientAddress) } }
        let port = try harness.server.listen(host: "::", port: 0)
        let client = try RawClient(port: port)
        client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        try await client.untilEnd()
        #expect(client.answers.first?.body == "127.0.0.1", "IPv4 inside IPv6 is IPv4")
        await harness.stop()
    }

    @Test("each request is recorded once, with its route")
    func records() async throws {
        let harness = try WebHarness { router in
            router.plain(.get, "/a/{id}") { .text($0.path) }
            router.on(.post, "/b") { _ in throw Fault(.conflict, "taken") }
        }
        #expect(try await harness.get("/a/1%202?q").body == "/a/1 2")
        _ = try await harness.exchange("POST /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        _ = try await harness.get("/none")
        _ = try await harness.exchange("BROKEN\r\n\r\n")
        #expect(harness.records.map(\.pattern) == ["/a/{id}", "/b", "", ""])
        #expect(harness.records.map(\.status) == [200, 409, 404, 400])
        #expect(harness.records[0].target == "/a/1%202?q" && harness.records[0].bytes == 6)
        #expect(harness.records.allSatisfy { !$0.isCancelled })
        await harness.stop()
    }

    @Test("trailers are apart from the headers")
    func trailers() async throws {
        let harness = try WebHarness { router in
            router.on(.post, "/") { request in
                let bytes = try await request.body.collect()
                return .text("\(bytes.count) \(request.body.trailers["t"] ?? "-") \(request.headers["t"] ?? "-")")
            }
        }
        let client = try await harness.exchange(
            "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "3\r\nabc\r\n0\r\nT: v\r\n\r\n")
        #expect(client.answers.first?.body == "3 v -")
        await harness.stop()
    }
}
