import FakeOpencode
import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("passage: streams, bodies and failures")
@Loop
struct PassageFlowTests {
    @Test("events come live, of the own directory only, and a client that leaves ends the server's stream")
    func events() async throws {
        try await PassageBed.with { bed in
            let (ann, bob) = (try await bed.key("ann"), try await bed.key("bob"))
            for path in ["event", "global/event"] {
                var answer: HTTPAnswer? = try await bed.begin(.get, "/opencode/mine/\(path)", key: ann)
                #expect(answer?.status == 200 && answer?.headers["content-type"] == "text/event-stream")
                var events = answer?.body.events()
                let hello = try #require(try await events?.next())
                #expect(hello.text.contains("server.connected"))
                let (foreign, own) = (try await bed.session(bob), try await bed.session(ann))
                var seen = ""
                while !seen.contains(own.id) {
                    let event = try #require(try await events?.next())
                    seen += event.text
                }
                #expect(seen.contains("session.created") && !seen.contains(foreign.id))
                #expect(!seen.contains(foreign.directory))
                #expect(bed.fake.streamCount == 1)
                (answer, events) = (nil, nil)
                try await bed.fake.until("the end of the stream") { bed.fake.streamCount == 0 }
            }
        }
    }

    @Test("large bodies go through whole, in both directions")
    func large() async throws {
        try await PassageBed.with(ownUpstream: true) { bed in
            let ann = try await bed.key("ann")
            bed.upstream.on(.post, "/vcs/apply") { request in
                let all = try await request.body.collect()
                return Response.stream { writer in
                    for start in stride(from: 0, to: all.count, by: 100_000) {
                        try await writer.write(Array(all[start..<min(start + 100_000, all.count)]))
                    }
                }
            }
            let piece = (0..<(1 << 16)).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            for length in [160 * piece.count, nil] {
                let left = Countdown(160)
                let body = HTTPRequest.Body.stream(length: length) { left.goesOn() ? piece : nil }
                let answer = try await bed.begin(.post, "/opencode/mine/vcs/apply", key: ann, body: body)
                var got = 0
                var isSame = true
                while let part = try await answer.body.next() {
                    for byte in part {
                        if byte != piece[got & 0xffff] { isSame = false }
                        got += 1
                    }
                }
                #expect(answer.status == 200 && got == 160 * piece.count && isSame)
            }
        }
    }

    @Test("a client that leaves before the answer ends the call, and one in the middle of it too")
    func leaving() async throws {
        try await PassageBed.with(ownUpstream: true) { bed in
            let ann = try await bed.key("ann")
            let (came, left) = (Waiter<Void>("the call"), Waiter<Void>("its end"))
            bed.upstream.on(.get, "/vcs") { _ in
                came.finish(.success(()))
                let never = Waiter<Void>("for ever")
                do {
                    try await never.value()
                    return .text("never")
                } catch {
                    left.finish(.success(()))
                    throw error
                }
            }
            let call = bed.scope.spawn("a client") { _ = try await bed.begin(.get, "/opencode/mine/vcs", key: ann) }
            try await came.value()
            call.cancel()
            try await left.value()

            let gone = Waiter<Void>("the stream's end")
            bed.upstream.on(.get, "/agent") { _ in
                Response(
                    200,
                    body: .source { writer in
                        writer.onGone = { gone.finish(.success(())) }
                        writer.writeNow("first")
                    })
            }
            let answer = try await bed.begin(.get, "/opencode/mine/agent", key: ann)
            #expect(try await answer.body.next() == Array("first".utf8))
            answer.body.cancel()
            try await gone.value()
        }
    }

    @Test("a server that is gone, locked or not there is told of in JSON with a hint")
    func failures() async throws {
        try await PassageBed.with { bed in
            let ann = try await bed.key("ann")
            await bed.fake.kill()
            let gone = try await bed.ask(.get, "/opencode/mine/path", key: ann)
            #expect(gone.status == 502 && gone.json["hint"] != nil && gone.json["retryable"] == true)
            try await bed.fake.restart()
            #expect(try await bed.ask(.get, "/opencode/mine/path", key: ann).status == 200)
        }
        try await PassageBed.with(runnerPassword: "not-the-one") { bed in
            let locked = try await bed.ask(.get, "/opencode/mine/path", key: try await bed.key("ann"))
            #expect(locked.status == 502 && locked.headers["www-authenticate"] == nil)
            #expect(!locked.json.text("detail").contains("not-the-one"))
        }
        try await PassageBed.with(agent: false) { bed in
            let none = try await bed.ask(.get, "/opencode/mine/path", key: try await bed.key("ann"))
            #expect(none.status == 503 && none.json.text("detail").contains("no agent is connected"))
        }
    }

    @Test("a terminal's WebSocket goes through with its messages and its end, both ways")
    func terminal() async throws {
        try await PassageBed.with(ownUpstream: true) { bed in
            let ann = try await bed.key("ann")
            let ended = Mailbox<Int>("ends", limit: 4)
            // The bed holds its upstream: a handler that held the bed would be a circle.
            bed.upstream.on(.get, "/pty/{id}/connect") { [scope = bed.scope] request in
                guard request.parameters["id"] == "pty_1" else {
                    throw Fault(.notFound, "PTY session not found")
                }
                #expect(request.query["ticket"] == "t1" && request.query["auth_token"] == nil)
                return WebSocket.accept(request, in: scope) { socket in
                    while let message = try await socket.next() {
                        if message == .text("exit") { return socket.close(4001, "shell ended") }
                        try await socket.send(message)
                    }
                    _ = ended.send(Int(socket.closeCode?.rawValue ?? 0))
                }
            }
            let token = Base64.encode(Array("opencode:\(ann)".utf8)).replacing("=", with: "%3D")
            let base = "ws://127.0.0.1:\(bed.port)/opencode/mine/pty"
            let address = try WebAddress("\(base)/pty_1/connect?ticket=t1&auth_token=\(token)")
            let socket = try await bed.client.webSocket(to: address, guarding: .open)
            for message in [
                WebSocket.Message.text("ls"), .binary([0, 123, 125]), .text(String(repeating: "x", count: 300_000)),
            ] {
                try await socket.send(message)
                #expect(try await socket.next() == message)
            }
            socket.close(4002, "bye")
            #expect(try await ended.next() == 4002)

            let second = try await bed.client.webSocket(to: address, guarding: .open)
            try await second.send(.text("exit"))
            #expect(try await second.next() == nil)
            #expect(second.closeCode == 4001 && second.closeReason == "shell ended")

            let refused = await #expect(throws: Fault.self) {
                try await bed.client.webSocket(
                    to: WebAddress("\(base)/pty_2/connect?auth_token=\(token)"), guarding: .open)
            }
            #expect(refused?.kind == .notFound)
        }
    }
}

@Loop
private final class Countdown {
    private var left: Int

    init(_ count: Int) { left = count }

    func goesOn() -> Bool {
        left -= 1
        return left >= 0
    }
}
