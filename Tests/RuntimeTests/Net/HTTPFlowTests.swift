import Runtime
import Testing

@Suite("HTTP client: flow and ends")
@Loop
struct HTTPFlowTests {
    @Test("a reader that stops holds the server back, and loses nothing when it goes on")
    func slowReader() async throws {
        let size = 8 << 20
        var isSent = false
        try await withServer(script: { peer in
            _ = try await peer.request()
            try await peer.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
            for index in 0..<(size / 65536) {
                try await peer.send([UInt8](repeating: UInt8(index & 255), count: 65536))
            }
            isSent = true
            await peer.gone()
        }) { server, client in
            let answer = try await client.send(HTTPRequest(.get, server.address()))
            for _ in 0..<500 { await Loop.yield() }
            #expect(!isSent, "the server is held back")
            var count = 0
            var isOrdered = true
            while let piece = try await answer.body.next() {
                #expect(piece.count <= (256 << 10) + 65536, "the buffer has a bound")
                // One look in each 64 KB is enough: the sender changes its byte there.
                for offset in stride(from: 0, to: piece.count, by: 65536) {
                    if piece[offset] != UInt8((count + offset) / 65536 & 255) { isOrdered = false }
                }
                count += piece.count
            }
            #expect(count == size && isOrdered)
        }
    }

    @Test("a callback reader gets every byte once, through pauses, and its end last")
    func callbacks() async throws {
        let size = 2 << 20
        try await withServer(script: { peer in
            _ = try await peer.request()
            try await peer.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
            try await peer.send([UInt8](repeating: 7, count: size))
            await peer.gone()
        }) { server, client in
            let ended = Waiter<Fault?>("the end")
            var count = 0
            var calls = 0
            var isPaused = false
            let body = try await client.send(HTTPRequest(.get, server.address())).body
            let resume = Timer {
                isPaused = false
                body.resume()
            }
            body.deliver(
                onBytes: { bytes in
                    #expect(!isPaused, "bytes came although none were wanted")
                    count += bytes.count
                    calls += 1
                    isPaused = calls % 16 == 0
                    if isPaused { resume.schedule(after: .zero) }
                    return !isPaused
                }, onEnd: { ended.finish(.success($0)) })
            #expect(try await ended.value() == nil)
            #expect(count == size && calls > 16)
        }
    }

    @Test("a relay may cancel, start and resume from within its callbacks")
    func reentrance() async throws {
        try await withServer(script: { peer in
            let request = try await peer.request()
            try await peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            try await peer.chunk(request.line)
            await peer.gone()
        }) { server, client in
            let second = Waiter<HTTPAnswer>("the second answer")
            let first = try await client.send(HTTPRequest(.get, server.address("/1"))).body
            first.deliver(
                onBytes: { _ in
                    client.start(HTTPRequest(.get, server.address("/2"))) { second.finish($0.mapError { $0 }) }
                    first.resume()
                    first.cancel()
                    return false
                }, onEnd: { _ in _ = Issue.record("a cancelled body has no end") })
            let answer = try await second.value()
            let piece = try await answer.body.next() ?? []
            #expect(String(decoding: piece, as: UTF8.self) == "GET /2 HTTP/1.1")
            #expect(client.liveTransfers == 1)
            answer.body.cancel()
            #expect(client.liveTransfers == 0)
        }
    }

    @Test("cancelling closes the connection in every phase")
    func cancellation() async throws {
        let left = Mailbox<String>("clients that left", limit: .max)
        try await withServer(script: { peer in
            let request = try await peer.head()[0]
            if request.contains("/body") {
                try await peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                try await peer.chunk("x")
            }
            left.send("here")
            await peer.gone()
            left.send("left")
        }) { server, client in
            let scope = Scope("test") { _, _ in }
            @Loop func play(_ path: String, _ body: HTTPRequest.Body = .none) async throws {
                let task = scope.spawn("request") {
                    let answer = try await client.send(HTTPRequest(.post, server.address(path), body: body))
                    _ = try await answer.body.collect()
                }
                #expect(try await left.next() == "here")
                task.cancel()
                #expect(try await left.next() == "left")
                await task.value
                #expect(client.liveTransfers == 0)
            }
            try await play("/head")
            try await play("/body")
            try await play(
                "/upload",
                .stream(length: nil) {
                    try await Loop.sleep(for: .seconds(3600))
                    return nil
                })

            // Dropping the answer is enough.
            _ = try await client.send(HTTPRequest(.get, server.address("/body"))).status
            #expect(try await left.next() == "here")
            #expect(try await left.next() == "left")

            let exchange = client.start(HTTPRequest(.get, server.address("/now"))) { result in
                if case .failure(let fault) = result {
                    #expect(fault == .cancelled)
                } else {
                    _ = Issue.record("it was cancelled")
                }
            }
            exchange.cancel()
            #expect(client.liveTransfers == 0)
            await scope.close()
        }
    }

    @Test("an upload runs no faster than its reader")
    func uploadBackPressure() async throws {
        let go = Waiter<Void>("go")
        var produced = 0
        let piece = [UInt8](repeating: 9, count: 65536)
        let count = 128
        try await withServer(script: { peer in
            _ = try await peer.head()
            try await go.value()
            var total = 0
            while true {
                let size = Int(try await peer.line(), radix: 16)!
                total += try await peer.bytes(size).count
                _ = try await peer.line()
                if size == 0 { break }
            }
            try await peer.answer("200 OK", [], "\(total)")
        }) { server, client in
            let body = HTTPRequest.Body.stream(length: nil) {
                guard produced < count else { return nil }
                produced += 1
                return piece
            }
            let answered = Waiter<HTTPAnswer>("the answer")
            client.start(HTTPRequest(.post, server.address(), body: body)) { answered.finish($0.mapError { $0 }) }
            for _ in 0..<2000 { await Loop.yield() }
            #expect(produced < count, "the producer waits for the network")
            go.finish(.success(()))
            let text = try await answered.value().text()
            #expect(text == "\(count * 65536)")
            #expect(produced == count)
        }
    }

    @Test("two hundred streams run at once, and afterwards nothing is left of them")
    func crowd() async throws {
        var waiting: [Waiter<Void>] = []
        try await withServer(script: { peer in
            _ = try await peer.request()
            try await peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            try await peer.chunk("data: 1\n\n")
            let go = Waiter<Void>("go")
            waiting.append(go)
            try await go.value()
            for index in 2...20 { try await peer.chunk("data: \(index)\n\n") }
            try await peer.send("0\r\n\r\n")
        }) { server, client in
            for round in 1...2 {
                let done = Mailbox<Int>("done", limit: .max)
                let scope = Scope("test") { name, error in Issue.record("\(name): \(error)") }
                for index in 0..<200 {
                    scope.spawn("stream \(index)") {
                        let events = try await client.send(HTTPRequest(.get, server.address())).body.events()
                        var count = 0
                        while let event = try await events.next() {
                            count += 1
                            #expect(event.text == "\(count)")
                        }
                        done.send(count)
                    }
                }
                while waiting.count < 200 { await Loop.yield() }
                #expect(client.liveTransfers == 200, "round \(round)")
                for go in waiting { go.finish(.success(())) }
                waiting = []
                for _ in 0..<200 {
                    let events = try await done.next()
                    #expect(events == 20)
                }
                await scope.close()
                #expect(client.liveTransfers == 0)
                #expect(server.clientDescriptors <= 64, "the pool has a bound")
            }
        }
    }

    @Test("many short requests reuse one connection and leak nothing")
    func reuse() async throws {
        try await withServer(script: { peer in
            while true {
                _ = try await peer.request()
                try await peer.answer("200 OK", [], "ok")
            }
        }) { server, client in
            for index in 0..<200 {
                let answer = try await client.send(HTTPRequest(.get, server.address("/\(index)")))
                #expect(try await answer.text() == "ok")
                #expect(answer.timings.isReused == (index > 0))
            }
            #expect(server.accepted == 1 && server.clientDescriptors == 1)
        }
    }

    @Test("closing the client ends what runs, and what comes later is refused")
    func closing() async throws {
        try await withServer(script: { peer in
            _ = try await peer.request()
            try await peer.send("HTTP/1.1 200 OK\r\n\r\nx")
            await peer.gone()
        }) { server, client in
            let body = try await client.send(HTTPRequest(.get, server.address())).body
            _ = try await body.next()
            await client.close()
            let broken = await failure { _ = try await body.next() }
            #expect(broken?.kind == .cancelled)
            let late = await failure { _ = try await client.send(HTTPRequest(.get, server.address())) }
            #expect(late?.message.contains("closed") == true)
        }
    }
}
