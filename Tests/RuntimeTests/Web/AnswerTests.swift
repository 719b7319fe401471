import Testing

@testable import Runtime

@Suite("answers")
@Loop
struct AnswerTests {
    @Test("each has a date and the request's id, the client's own when it is harmless")
    func identity() async throws {
        let seen = Mailbox<String?>("ids")
        let harness = try WebHarness { router in
            router.plain(.get, "/plain") { request in
                seen.send(RequestID.current)
                return .text(request.id)
            }
            router.on(.get, "/task") { request in
                await Loop.yield()
                seen.send(RequestID.current)
                return .text(request.id)
            }
        }
        for path in ["/plain", "/task"] {
            let own = try await harness.get(path, "X-Request-Id: mine.1\r\n")
            #expect(own.field("x-request-id") == "mine.1" && own.body == "mine.1")
            #expect(try await seen.next() == "mine.1")
            let made = try await harness.get(path, "X-Request-Id: a b\r\n")
            let id = try #require(made.field("x-request-id"))
            #expect(made.body == id && id.utf8.count <= 15 && id != "a b")
            #expect(try await seen.next() == id)
            #expect(made.field("date")?.hasSuffix(" GMT") == true)
        }
        #expect(RequestID.current == nil)
        #expect(harness.records.map(\.id).filter { $0 == "mine.1" }.count == 2)
        await harness.stop()
    }

    @Test("a field that would break the head becomes an error, and is told")
    func injection() async throws {
        let harness = try WebHarness { router in
            router.plain(.get, "/") { _ in Response(302, ["Location": "/a\r\nSet-Cookie: evil=1"]) }
        }
        let answer = try await harness.get("/")
        #expect(answer.status == 500 && !answer.head.contains("evil"))
        #expect(harness.faults.first?.message.contains("Location") == true)
        await harness.stop()
    }

    @Test("HEAD is GET without the body, and a stream is not even begun")
    func head() async throws {
        let harness = try WebHarness { router in
            router.plain(.get, "/bytes") { _ in .text("12345") }
            router.on(.get, "/stream") { _ in .stream { _ in preconditionFailure("a HEAD was streamed") } }
            router.plain(.get, "/204") { _ in Response(204, body: .bytes([1])) }
            router.plain(.get, "/304") { _ in Response(304, ["ETag": "\"a\""], body: .bytes([1])) }
        }
        let client = try harness.client()
        client.send("HEAD /bytes HTTP/1.1\r\nHost: x\r\n\r\n")
        try await client.until(contains: "\r\n\r\n")
        #expect(client.text.contains("Content-Length: 5\r\n") && client.text.hasSuffix("\r\n\r\n"))
        client.send("HEAD /stream HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        try await client.untilEnd()
        #expect(client.text.contains("Transfer-Encoding: chunked") && client.text.hasSuffix("\r\n\r\n"))
        for path in ["/204", "/304"] {
            let answer = try await harness.exchange("GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            #expect(answer.text.hasSuffix("\r\n\r\n") && !answer.text.contains("Content-Length"))
        }
        await harness.stop()
    }

    @Test("streams are chunked in 1.1, end with the connection in 1.0, and keep to a given length")
    func framing() async throws {
        let harness = try WebHarness { router in
            router.on(.get, "/s") { _ in
                .stream { writer in
                    try await writer.write("ab")
                    await Loop.yield()
                    await Loop.yield()
                    try await writer.write("cd")
                }
            }
            router.on(.get, "/length/{n}") { request in
                .stream(200, ["Content-Length": request.parameters["n"]!]) { try await $0.write("abcd") }
            }
            router.on(.get, "/broken") { _ in
                .stream { writer in
                    try await writer.write("ab")
                    throw Fault(.unavailable, "the source broke")
                }
            }
        }
        let chunked = try await harness.get("/s")
        #expect(chunked.body == "abcd" && chunked.isWhole && chunked.field("transfer-encoding") == "chunked")
        let old = try await harness.exchange("GET /s HTTP/1.0\r\n\r\n")
        #expect(old.text.hasSuffix("\r\n\r\nabcd") && !old.text.contains("chunked"))
        let exact = try await harness.get("/length/4")
        #expect(exact.body == "abcd" && exact.field("content-length") == "4")
        #expect(try await !harness.get("/length/5").isWhole, "too short breaks the connection")
        let long = try await harness.exchange("GET /length/3 HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(long.text.hasSuffix("\r\n\r\n"), "what is too long is not sent")
        let broken = try await harness.exchange("GET /broken HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(broken.answers.last?.isWhole == false && broken.isEnded)
        #expect(harness.faults.map(\.kind) == [.internal, .unavailable])
        await harness.stop()
    }

    @Test("the head of a stream leaves at once, also when nothing is written yet")
    func firstByte() async throws {
        let harness = try WebHarness { router in
            router.on(.get, "/") { _ in .stream { _ in try await Waiter<Void>("never").value() } }
            router.on(.get, "/source") { _ in
                Response(
                    body: .source { writer in
                        writer.writeNow("one ")
                        writer.writeNow("chunk")
                        writer.end()
                    })
            }
        }
        let client = try harness.client()
        client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        try await client.until(contains: "\r\n\r\n")
        #expect(client.text.hasPrefix("HTTP/1.1 200 OK"))
        client.close()
        try await harness.untilRecords(1)
        #expect(harness.records[0].isCancelled && harness.records[0].status == 200)
        let source = try await harness.exchange("GET /source HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(source.text.hasSuffix("9\r\none chunk\r\n0\r\n\r\n"))
        await harness.stop()
    }

    @Test("an upgrade hands over the connection with what came behind the request")
    func upgrade() async throws {
        let harness = try WebHarness { router in
            router.on(.get, "/up") { _ in
                Response(
                    101, ["Upgrade": "shout"],
                    body: .upgrade { transport in
                        transport.onBytes = { bytes in
                            let text = String(decoding: bytes, as: UTF8.self).uppercased()
                            Array(text.utf8).withUnsafeBytes { transport.send($0) }
                            if text.hasSuffix("BYE") { transport.close() }
                        }
                    })
            }
        }
        let client = try harness.client()
        client.send("GET /up HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\nearly ")
        try await client.until(contains: "EARLY")
        #expect(client.text.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n"))
        #expect(client.text.contains("Connection: Upgrade\r\n") && client.text.contains("Upgrade: shout\r\n"))
        client.send("bye")
        try await client.untilEnd()
        #expect(client.text.hasSuffix("\r\n\r\nEARLY BYE"))
        try await harness.untilNoConnections()
        await harness.stop()
    }

    @Test("a thousand pipelined requests are answered in order")
    func pipeline() async throws {
        let harness = try WebHarness { router in
            router.plain(.get, "/p/{n}") { .text($0.parameters["n"]!) }
            router.on(.get, "/t/{n}") { request in
                await Loop.yield()
                return .text(request.parameters["n"]!)
            }
        }
        let client = try harness.client()
        let requests = (0..<1000).map { "GET /\($0 % 3 == 0 ? "t" : "p")/\($0) HTTP/1.1\r\nHost: x\r\n\r\n" }
        client.send(requests.joined() + "GET /p/end HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        try await client.untilEnd()
        #expect(client.answers.map(\.body) == (0..<1000).map { "\($0)" } + ["end"])
        await harness.stop()
    }
}
