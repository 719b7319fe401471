import Runtime
import Testing

@Suite("HTTP client")
@Loop
struct HTTPClientTests {
    @Test("an answer has its status, its headers with repeated ones kept, and its body")
    func plain() async throws {
        try await withServer(script: { peer in
            let request = try await peer.request()
            #expect(request.line == "GET /v1/models?limit=3 HTTP/1.1")
            #expect(request.field("user-agent") == "perigee" && request.field("X-Empty") == "")
            #expect(request.field("expect") == nil && request.field("content-type") == nil)
            try await peer.answer("404 Not Found", ["Set-Cookie: a=1", "set-cookie: b=2", "X-Y: z"], "nothing here")
        }) { server, client in
            var request = HTTPRequest(.get, server.address("/v1/models?limit=3#part"))
            request.headers.add("X-Empty", "")
            var records: [TransferRecord] = []
            client.onEnd = { records.append($0) }
            let answer = try await client.send(request)
            #expect(answer.status == 404 && answer.headers.all("set-cookie") == ["a=1", "b=2"])
            #expect(answer.headers["x-y"] == "z" && answer.redirects == 0)
            #expect(try await answer.text() == "nothing here")
            #expect(records.count == 1 && records[0].status == 404 && records[0].bytesReceived == 12)
            #expect(records[0].failure == nil && records[0].host == "127.0.0.1:\(server.port)")
        }
    }

    @Test("methods and bodies go out as they are")
    func methods() async throws {
        var seen: [String] = []
        try await withServer(script: { peer in
            while true {
                let request = try await peer.request()
                let length = request.field("content-length") ?? "-"
                seen.append("\(request.line.split(separator: " ")[0]) \(length) \(request.text)")
                let body = request.line.hasPrefix("HEAD") ? "" : "ok"
                try await peer.answer("200 OK", [], body)
            }
        }) { server, client in
            @Loop func send(_ method: Method, _ body: HTTPRequest.Body = .none) async throws {
                let answer = try await client.send(HTTPRequest(method, server.address(), body: body))
                _ = try await answer.body.collect()
            }
            try await send(.post, .bytes(Array("{}".utf8)))
            try await send(.post)
            try await send(.put, .bytes(Array("x".utf8)))
            try await send(.patch)
            try await send(.delete)
            try await send(.delete, .bytes(Array("y".utf8)))
            try await send(.options)
            try await send(.head)
            #expect(
                seen == [
                    "POST 2 {}", "POST 0 ", "PUT 1 x", "PATCH 0 ", "DELETE - ", "DELETE 1 y", "OPTIONS - ", "HEAD - ",
                ])
            #expect(server.accepted == 1, "one connection carried them all")
        }
    }

    @Test("streamed bodies go in chunks, or with the length they were given")
    func uploads() async throws {
        try await withServer(script: { peer in
            while true {
                let request = try await peer.request()
                let how = request.field("transfer-encoding") ?? request.field("content-length") ?? ""
                try await peer.answer("200 OK", [], "\(how): \(request.text)")
            }
        }) { server, client in
            for (length, how) in [(nil, "chunked"), (9, "9")] as [(Int?, String)] {
                var pieces = ["one", "", "two", "six"].makeIterator()
                let body = HTTPRequest.Body.stream(length: length) {
                    await Loop.yield()
                    return pieces.next().map { Array($0.utf8) }
                }
                let answer = try await client.send(HTTPRequest(.post, server.address(), body: body))
                #expect(try await answer.text() == "\(how): onetwosix")
            }
        }
    }

    @Test("a producer that fails, or gives another length than promised, breaks the request off")
    func brokenUploads() async throws {
        try await withServer(script: { peer in await peer.gone() }) { server, client in
            let failing = HTTPRequest.Body.stream(length: nil) { throw Fault(.notFound, "the file is gone") }
            let first = await failure { _ = try await client.send(HTTPRequest(.post, server.address(), body: failing)) }
            #expect(first == Fault(.notFound, "the file is gone"))
            for (length, count) in [(3, 4), (5, 4)] {
                var isGiven = false
                let body = HTTPRequest.Body.stream(length: length) {
                    defer { isGiven = true }
                    return isGiven ? nil : [UInt8](repeating: 65, count: count)
                }
                let fault = await failure {
                    _ = try await client.send(HTTPRequest(.post, server.address(), body: body))
                }
                #expect(fault?.kind == .invalidInput, "\(String(describing: fault))")
            }
        }
    }

    @Test("lines and events come as the server sends them, not when it ends")
    func streams() async throws {
        try await withServer(script: { peer in
            let request = try await peer.request()
            try await peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            if request.line.contains("/lines") {
                for text in ["{\"a\"", ":1}\n{}", "\r\nlast"] { try await peer.chunk(text) }
            } else {
                try await peer.chunk("retry: 50\nid: 4\ndata: o")
                try await peer.chunk("ne\n\n")
                // Nothing more is sent: the first event must come by itself.
                return await peer.gone()
            }
            try await peer.send("0\r\n\r\n")
        }) { server, client in
            let lines = try await client.send(HTTPRequest(.get, server.address("/lines"))).body.lines()
            var found: [String] = []
            while let line = try await lines.next() { found.append(line) }
            #expect(found == ["{\"a\":1}", "{}", "last"])

            let connection = try await client.send(HTTPRequest(.get, server.address("/events")))
            let events = connection.body.events()
            #expect(try await events.next()?.text == "one")
            #expect(events.lastID == "4" && events.retry == .milliseconds(50))
            connection.body.cancel()
        }
    }

    @Test("compressed bodies are undone, and their headers with them; relays get the bytes as sent")
    func compression() async throws {
        // `printf 'hello hello hello' | gzip -n`
        let zipped: [UInt8] = [
            31, 139, 8, 0, 0, 0, 0, 0, 2, 255, 203, 72, 205, 201, 201, 87, 200, 64, 144, 0, 128, 136, 249, 229, 17,
            0, 0, 0,
        ]
        try await withServer(script: { peer in
            while true {
                let request = try await peer.request()
                #expect((request.field("accept-encoding") != nil) == request.line.contains("/undone"))
                try await peer.send(
                    "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(zipped.count)\r\n\r\n")
                try await peer.send(zipped)
            }
        }) { server, client in
            let undone = try await client.send(HTTPRequest(.get, server.address("/undone")))
            #expect(undone.headers["content-encoding"] == nil && undone.headers["content-length"] == nil)
            #expect(try await undone.text() == "hello hello hello")
            var request = HTTPRequest(.get, server.address("/raw"))
            request.decompresses = false
            let raw = try await client.send(request)
            #expect(raw.headers["content-encoding"] == "gzip")
            #expect(try await raw.body.collect() == zipped)
            var small = HTTPRequest(.get, server.address("/undone"))
            small.bodyLimit = 16
            let fault = await failure { _ = try await client.send(small).body.collect() }
            #expect(fault?.kind == .tooLarge, "the bound counts what the reader gets")
        }
    }

    @Test("redirects are followed within bounds, and credentials stay with their origin")
    func redirects() async throws {
        let other = ScriptedServer { peer in
            let request = try await peer.request()
            #expect(request.field("authorization") == nil && request.field("cookie") == nil)
            #expect(request.field("x-kept") == "1")
            try await peer.answer("200 OK", [], "other")
        }
        let elsewhere = other.address("/there").description
        try await withServer(script: { peer in
            while true {
                let request = try await peer.request()
                switch request.line.split(separator: " ")[1] {
                case "/start":
                    #expect(request.field("authorization") == "Bearer k")
                    try await peer.answer("302 Found", ["Location: /middle"], "moved")
                case "/middle":
                    #expect(request.field("authorization") == "Bearer k")
                    try await peer.answer("307 Temporary Redirect", ["Location: \(elsewhere)"])
                default: try await peer.answer("302 Found", ["Location: /loop"])
                }
            }
        }) { server, client in
            let headers: Headers = ["Authorization": "Bearer k", "Cookie": "c=1", "X-Kept": "1"]
            let answer = try await client.send(HTTPRequest(.get, server.address("/start"), headers: headers))
            #expect(try await answer.text() == "other")
            #expect(answer.redirects == 2 && answer.address.description == elsewhere)
            let endless = await failure { _ = try await client.send(HTTPRequest(.get, server.address("/loop"))) }
            #expect(endless?.message.contains("more than 5 redirects") == true)
            var plain = HTTPRequest(.get, server.address("/loop"))
            plain.redirects = 0
            #expect(try await client.send(plain).status == 302)
            await other.close()
        }
    }

    @Test("a Unix socket is reached by its path")
    func unixSocket() async throws {
        let directory = TemporaryDirectory()
        try await withServer(
            unixPath: "\(directory.path)/s",
            script: { peer in
                let request = try await peer.request()
                #expect(request.field("host") == "docker")
                try await peer.answer("200 OK", [], request.line)
            }
        ) { _, client in
            var request = HTTPRequest(.get, try WebAddress("http://docker/v1.41/info"))
            request.unixPath = "\(directory.path)/s"
            request.guarding = .publicOnly()
            #expect(try await client.send(request).text() == "GET /v1.41/info HTTP/1.1")
            for path in ["\0abstract", "relative", "/" + String(repeating: "x", count: 120)] {
                request.unixPath = path
                let refused = await failure { _ = try await client.send(request) }
                #expect(refused?.kind == .invalidInput)
            }
            request.unixPath = "\(directory.path)/absent"
            let fault = await failure { _ = try await client.send(request) }
            #expect(fault?.kind == .unavailable && fault?.message.contains("absent") == true)
        }
    }

    @Test("what could smuggle a header is not sent")
    func injection() async throws {
        try await withServer(script: { peer in await peer.gone() }) { server, client in
            let bad = [
                ("X", "a\r\nY: b"), ("X", "a\nb"), ("X\r\nY", "b"), ("X Y", "b"), ("", "b"), ("X", "\u{0}"),
                ("Content-Length", "5"),
                ("Transfer-Encoding", "chunked"), ("Connection", "close"),
            ]
            for (name, value) in bad {
                let request = HTTPRequest(.get, server.address(), headers: Headers([(name, value)]))
                let fault = await failure { _ = try await client.send(request) }
                #expect(fault?.kind == .invalidInput, "\(name): \(value)")
            }
            for method in [Method.connect, .trace] {
                let fault = await failure { _ = try await client.send(HTTPRequest(method, server.address())) }
                #expect(fault?.kind == .invalidInput)
            }
            #expect(server.accepted == 0)
        }
    }

    @Test("private addresses are refused by name, by number, by redirect and on pooled connections")
    func guarded() async throws {
        try await withServer(script: { peer in
            while true {
                _ = try await peer.request()
                try await peer.answer("302 Found", ["Location: http://169.254.169.254/latest/meta-data"])
            }
        }) { server, client in
            @Loop func send(_ text: String, _ guarding: AddressGuard) async -> Fault? {
                await failure {
                    var request = HTTPRequest(.get, try WebAddress(text))
                    request.guarding = guarding
                    _ = try await client.send(request)
                }
            }
            let local = try AddressAllowance(["127.0.0.0/8"])
            let redirected = await send(server.address().description, .publicOnly(allowing: local))
            #expect(redirected?.kind == .denied && redirected?.message.contains("169.254.169.254") == true)
            #expect(server.accepted == 1)
            #expect(await send(server.address().description, .publicOnly())?.kind == .denied)
            #expect(await send("http://localhost:\(server.port)/", .publicOnly())?.kind == .denied)
            #expect(server.accepted == 1, "nothing was connected to")
            // An entry of /etc/hosts that is neither refused by its name nor public when it is looked up.
            if let name = localName() {
                let fault = await send("http://\(name):\(server.port)/", .publicOnly())
                #expect(
                    fault?.kind == .denied && fault?.message.contains("no public address") == true,
                    "\(String(describing: fault))")
            }
        }
    }
}
