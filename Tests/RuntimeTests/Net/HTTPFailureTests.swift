import Runtime
import Testing

@Suite("HTTP client and servers that misbehave")
@Loop
struct HTTPFailureTests {
    struct Play: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: String
        var resets = false
        let kind: Fault.Kind
        let words: String
        var testDescription: String { name }
    }

    nonisolated static let plays = [
        Play(name: "nothing at all", bytes: "", kind: .unavailable, words: "without an answer"),
        Play(name: "half a head", bytes: "HTTP/1.1 200 OK\r\nX-A", kind: .unavailable, words: "in its head"),
        Play(name: "no HTTP", bytes: "SSH-2.0-OpenSSH\r\n", kind: .unavailable, words: "not HTTP"),
        Play(name: "a bad field", bytes: "HTTP/1.1 200 OK\r\na b: c\r\n\r\n", kind: .unavailable, words: "not HTTP"),
        Play(
            name: "a short body", bytes: "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfour", kind: .unavailable,
            words: "broke off after 4 bytes"),
        Play(
            name: "an unfinished chunk", bytes: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nshort",
            kind: .unavailable, words: "broke off after 5 bytes"),
        Play(
            name: "a bad chunk size",
            bytes: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n0\r\n\r\n",
            kind: .unavailable, words: ""),
        Play(
            name: "a negative length", bytes: "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", kind: .unavailable,
            words: ""),
        Play(
            name: "a reset in the body", bytes: "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfour", resets: true,
            kind: .unavailable, words: ""),
        Play(
            name: "broken gzip", bytes: "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
            kind: .unavailable, words: "compression"),
        Play(
            name: "an endless head",
            bytes: "HTTP/1.1 200 OK\r\n" + String(repeating: "X-Pad: 1234567890\r\n", count: 4000),
            kind: .tooLarge, words: "head of the answer is larger"),
        Play(
            name: "one endless field", bytes: "HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 200_000),
            kind: .tooLarge, words: "head of the answer is larger"),
    ]

    @Test("every misbehaviour is a fault that says what happened, and leaves nothing open", arguments: plays)
    func misbehaviour(_ play: Play) async throws {
        try await withServer(script: { peer in
            _ = try await peer.request()
            try await peer.send(play.bytes)
            if play.resets { peer.reset() }
        }) { server, client in
            var records: [TransferRecord] = []
            client.onEnd = { records.append($0) }
            let request = HTTPRequest(
                .get, server.address("/p?token=secret"), headers: ["Authorization": "Bearer secret"])
            let fault = await failure { _ = try await client.send(request).body.collect() }
            #expect(
                fault?.kind == play.kind && fault?.message.contains(play.words) == true, "\(String(describing: fault))")
            #expect(fault?.message.hasPrefix("GET \(server.address("/p").redacted): ") == true)
            #expect(fault?.description.contains("secret") == false)
            #expect(records.count == 1 && records[0].failure == play.kind)
        }
    }

    @Test("a head that comes byte by byte, with an interim one before, is an answer like any other")
    func slowHead() async throws {
        try await withServer(script: { peer in
            _ = try await peer.request()
            let text = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
            for byte in text.utf8 {
                try await peer.send([byte])
                await Loop.yield()
            }
        }) { server, client in
            let answer = try await client.send(HTTPRequest(.get, server.address()))
            #expect(answer.status == 200 && !answer.headers.contains("link"))
            #expect(try await answer.text() == "hi")
        }
    }

    @Test("a server that is not there is named, with what the kernel said")
    func refused() async throws {
        let server = ScriptedServer(refuses: true) { _ in }
        let address = server.address("/x")
        let client = localClient()
        let fault = await failure { _ = try await client.send(HTTPRequest(.get, address)) }
        #expect(fault?.kind == .unavailable && fault?.message.contains("Connection refused") == true)
        #expect(fault?.message.contains("127.0.0.1:\(address.port)") == true)
        let unknown = await failure {
            _ = try await client.send(HTTPRequest(.get, try WebAddress("http://no-such-host.invalid/")))
        }
        #expect(unknown?.kind == .unavailable && unknown?.message.contains("no-such-host.invalid") == true)
        await client.close()
        await server.close()
    }

    @Test("when the first address of a name does not answer, the next one does")
    func secondAddress() async throws {
        try await withServer(script: { peer in
            _ = try await peer.request()
            try await peer.answer("200 OK", [], "second")
        }) { server, client in
            // Usually ::1 and then 127.0.0.1, where alone somebody listens.
            let address = try WebAddress("http://localhost:\(server.port)/")
            #expect(try await client.send(HTTPRequest(.get, address)).text() == "second")
        }
    }

    @Test("each deadline says which it was: head, idle, total, and the caller's own")
    func deadlines() async throws {
        try await withServer(script: { peer in
            let request = try await peer.request()
            if !request.line.contains("/silent") {
                try await peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                try await peer.chunk("some")
            }
            await peer.gone()
        }) { server, client in
            @Loop func fault(_ path: String, _ deadlines: HTTPDeadlines) async -> Fault? {
                var request = HTTPRequest(.get, server.address(path))
                request.deadlines = deadlines
                return await failure { _ = try await client.send(request).body.collect() }
            }
            let head = await fault("/silent", HTTPDeadlines(head: .milliseconds(50), idle: nil))
            #expect(head?.message.hasSuffix("/silent: no answer within 50 ms of connecting") == true)
            let idle = await fault("/some", HTTPDeadlines(head: nil, idle: .milliseconds(50)))
            #expect(idle?.message.contains("nothing more came for 50 ms") == true)
            let total = await fault("/some", HTTPDeadlines(head: nil, idle: nil, total: .milliseconds(50)))
            #expect(total?.message.contains("not finished within 50 ms") == true)
            let inherited = await failure {
                try await Deadline.within(.milliseconds(50)) {
                    _ = try await client.send(HTTPRequest(.get, server.address("/silent")))
                }
            }
            for fault in [head, idle, total, inherited] { #expect(fault?.kind == .timeout) }
            #expect(client.liveTransfers == 0)
        }
    }

    @Test("a connection that nobody accepts meets the connect deadline")
    func connectDeadline() async throws {
        let client = localClient()
        // TEST-NET-1 is routed nowhere; a machine without any route says so at once, which is as good.
        var request = HTTPRequest(.get, try WebAddress("http://192.0.2.1/"))
        request.deadlines = HTTPDeadlines(connect: .milliseconds(50), head: nil, idle: nil)
        let fault = await failure { _ = try await client.send(request) }
        #expect(fault?.message.contains("no connection") == true)
        await client.close()
    }

    @Test("a pooled connection that died is replaced for what may be repeated, and for nothing that was perhaps done")
    func deadPool() async throws {
        for (method, repeats) in [(Method.get, true), (.put, true), (.post, false), (.patch, false)] {
            try await withServer(script: { peer in
                _ = try await peer.request()
                try await peer.answer("200 OK", [], "\(peer.number)")
                // The first connection takes a second request and closes without a word.
                _ = try await peer.request()
            }) { server, client in
                _ = try await client.send(HTTPRequest(.get, server.address())).body.collect()
                let request = HTTPRequest(method, server.address())
                if repeats {
                    let text = try await client.send(request).text()
                    #expect(text == "2")
                    #expect(server.accepted == 2)
                } else {
                    let fault = await failure { _ = try await client.send(request) }
                    #expect(
                        fault?.kind == .unavailable && fault?.hint?.contains("not known whether") == true,
                        "\(String(describing: fault))")
                    #expect(server.accepted <= 2)
                }
            }
        }
    }

    @Test("a body larger than its bound fails while it comes")
    func bodyLimit() async throws {
        try await withServer(script: { peer in
            _ = try await peer.request()
            try await peer.send("HTTP/1.1 200 OK\r\n\r\n")
            while true { try await peer.send([UInt8](repeating: 65, count: 65536)) }
        }) { server, client in
            var request = HTTPRequest(.get, server.address())
            request.bodyLimit = 100_000
            let first = await failure { _ = try await client.send(request).body.collect() }
            #expect(first?.kind == .tooLarge && first?.message.contains("97.6KB") == true)
            request.bodyLimit = nil
            let second = await failure { _ = try await client.send(request).body.collect(limit: 1000) }
            #expect(second?.kind == .tooLarge)
            let third = await failure {
                let lines = try await client.send(request).body.lines(limit: 1000)
                while try await lines.next() != nil {}
            }
            #expect(third?.kind == .tooLarge)
        }
    }
}
