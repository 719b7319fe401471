import Testing

@testable import Runtime

@Suite("WebSocket")
@Loop
struct WebSocketTests {
    @Test("messages of every size travel both ways, in order")
    func bothWays() async throws {
        try await withPair { server, client in
            let sizes = [0, 1, 125, 126, 65_535, 65_536, 65_537, 300_000]
            let scope = Scope.forTest()
            scope.spawn("echo") {
                while let message = try await server.next() { try await server.send(message) }
            }
            for size in sizes {
                let binary = WebSocket.Message.binary((0..<size).map { UInt8(truncatingIfNeeded: $0) })
                try await client.send(binary)
                try await client.send(String(repeating: "ä", count: size / 2))
                #expect(try await client.next() == binary)
                #expect(try await client.next() == .text(String(repeating: "ä", count: size / 2)))
            }
            client.close(.goingAway, "done")
            try await client.closed()
            await scope.close()
            #expect(server.closeCode == .goingAway && server.closeReason == "done")
            #expect(client.closeCode == .goingAway)
        }
    }

    @Test("a large message leaves in fragments, and a pong goes between them")
    func fragments() async throws {
        let transport = MemoryTransport()
        var settings = WebSocketSettings()
        (settings.fragment, settings.unsent) = (1000, 1500)
        let socket = WebSocket(over: transport, as: .server, settings: settings)
        transport.isStuck = true
        let scope = Scope.forTest()
        scope.spawn("send") { try await socket.send(String(repeating: "x", count: 4500)) }
        await Loop.yield()
        #expect(transport.unsentBytes < 2100, "the rest waits for room")
        #expect(!socket.sendNow(.text("between")), "nothing may come into a message")
        transport.feed(Frame.ping("p").bytes(mask: [1, 2, 3, 4]))
        #expect(transport.unsentBytes < 2100, "nor are pongs piled up")
        transport.isStuck = false
        await scope.close(grace: .seconds(20))
        await Loop.yield()
        let frames = try #require(Frame.parse(transport.taken, areMasked: false))
        let data = frames.filter { $0.opcode < 8 }
        #expect(data.map(\.opcode) == [1, 0, 0, 0, 0])
        #expect(data.map(\.isFinal) == [false, false, false, false, true])
        #expect(data.reduce(0) { $0 + $1.payload.count } == 4500)
        #expect(try #require(frames.firstIndex(of: .pong("p"))) < frames.count - 1)
        transport.breakOff()
    }

    @Test("messages of several senders never mix, and keep the order in which they were sent")
    func senders() async throws {
        let transport = MemoryTransport()
        var settings = WebSocketSettings()
        (settings.fragment, settings.unsent) = (10, 25)
        let socket = WebSocket(over: transport, as: .server, settings: settings)
        transport.isStuck = true
        let scope = Scope.forTest()
        let letters = ["a", "b", "c"]
        for letter in letters {
            scope.spawn("send") { try await socket.send(String(repeating: letter, count: 100)) }
        }
        await Loop.yield()
        transport.isStuck = false
        await scope.close(grace: .seconds(20))
        await Loop.yield()
        let frames = try #require(Frame.parse(transport.taken, areMasked: false))
        let text = String(decoding: frames.flatMap(\.payload), as: UTF8.self)
        #expect(text == letters.map { String(repeating: $0, count: 100) }.joined())
        transport.breakOff()
    }

    @Test("a cancelled sender gives up its turn; cut within a message, it ends the connection")
    func cancelledSender() async throws {
        let transport = MemoryTransport()
        var settings = WebSocketSettings()
        (settings.fragment, settings.unsent) = (10, 15)
        let socket = WebSocket(over: transport, as: .server, settings: settings)
        transport.isStuck = true
        let scope = Scope.forTest()
        let first = scope.spawn("first") { try await socket.send(String(repeating: "x", count: 100)) }
        let second = scope.spawn("second") { try await socket.send("y") }
        await Loop.yield()
        second.cancel()
        await second.value
        #expect(socket.isOpen)
        first.cancel()
        await first.value
        #expect(socket.closeCode == .internalError)
        await scope.close()
    }

    @Test("a sender that cannot wait hears no, and hears when there is room again")
    func sendNow() async throws {
        let transport = MemoryTransport()
        var settings = WebSocketSettings()
        settings.unsent = 100
        let socket = WebSocket(over: transport, as: .server, settings: settings)
        transport.isStuck = true
        var taken = 0
        while socket.sendNow(.text("0123456789")) { taken += 1 }
        #expect(taken == 9, "twelve bytes each, up to a hundred")
        var hasRoom = false
        socket.onRoom = { hasRoom = true }
        transport.isStuck = false
        #expect(hasRoom)
        #expect(socket.sendNow(.text("again")))
        transport.breakOff()
        #expect(!socket.sendNow(.text("gone")))
    }

    @Test("a peer that never takes anything is given up after a while")
    func stalled() async throws {
        let transport = MemoryTransport()
        var settings = WebSocketSettings()
        (settings.unsent, settings.stall) = (10, .milliseconds(5))
        let socket = WebSocket(over: transport, as: .server, settings: settings)
        transport.isStuck = true
        try await socket.send("more than ten bytes")
        let fault = await #expect(throws: Fault.self) { try await socket.send("x") }
        #expect(fault?.message.contains("1008") == true)
        #expect(transport.isClosed)
    }

    @Test("what nobody reads holds the peer back, and goes on when half of it is read")
    func unread() async throws {
        let transport = MemoryTransport()
        var settings = WebSocketSettings()
        settings.unreadMessages = 4
        let socket = WebSocket(over: transport, as: .server, settings: settings)
        let mask: [UInt8] = [1, 2, 3, 4]
        for number in 0..<6 { transport.feed(Frame.text("\(number)").bytes(mask: mask)) }
        #expect(transport.isReadingPaused)
        #expect(try await socket.next() == .text("0"))
        #expect(transport.isReadingPaused, "three of four are left")
        #expect(try await socket.next() == .text("1"))
        #expect(transport.isReadingPaused, "the two that waited have filled it again")
        for number in 2..<6 { #expect(try await socket.next() == .text("\(number)")) }
        transport.breakOff()
        #expect(try await socket.next() == nil)
        #expect(socket.closeCode == .abnormal)
    }

    @Test("unread bytes count as well as messages")
    func unreadBytes() async throws {
        let transport = MemoryTransport()
        var settings = WebSocketSettings()
        settings.unreadBytes = 1000
        let socket = WebSocket(over: transport, as: .server, settings: settings)
        transport.feed(Frame.binary(.init(repeating: 0, count: 1000)).bytes(mask: [1, 2, 3, 4]))
        #expect(transport.isReadingPaused)
        _ = try await socket.next()
        #expect(!transport.isReadingPaused)
        transport.breakOff()
    }

    @Test("a silent peer is asked, and gone when it does not answer")
    func keepAlive() async throws {
        let transport = MemoryTransport()
        var settings = WebSocketSettings()
        (settings.pingPeriod, settings.pongPatience) = (.milliseconds(2), .milliseconds(2))
        let socket = WebSocket(over: transport, as: .server, settings: settings)
        let end = try await Deadline.within(.seconds(20)) { try await socket.next() }
        #expect(end == nil)
        #expect(socket.closeCode == .abnormal)
        #expect(Frame.parse(transport.taken, areMasked: false) == [.ping()])
        #expect(transport.isClosed)
    }

    @Test("silence, question and answer, as a table")
    func keepAliveTable() {
        func at(_ seconds: UInt64) -> Instant { Instant(nanoseconds: seconds * 1_000_000_000) }
        var alive = KeepAlive(period: .seconds(30), patience: .seconds(10), now: at(100))
        #expect(alive.due == at(130))
        #expect(alive.tick(at: at(129)) == .nothing)
        alive.hear(at: at(120))
        #expect(alive.due == at(150))
        #expect(alive.tick(at: at(150)) == .ping)
        #expect(alive.due == at(160))
        alive.hear(at: at(155))
        #expect(alive.tick(at: at(160)) == .nothing, "any byte is an answer")
        #expect(alive.tick(at: at(185)) == .ping)
        #expect(alive.tick(at: at(195)) == .departed)
    }

    @Test("a handler's end closes with 1000, its error with 1011, the server's stop with 1001")
    func serving() async throws {
        try await withPair { server, client in
            try await server.serve { _ in }
            #expect(client.closeCode == .normal)
        }
        try await withPair { server, client in
            await #expect(throws: Fault.self) { try await server.serve { _ in throw Fault(.internal, "oh") } }
            try await client.closed()
            #expect(client.closeCode == .internalError && client.closeReason.isEmpty, "no details for strangers")
        }
        try await withPair { server, client in
            let scope = Scope.forTest()
            scope.spawn("serve") { try await server.serve { while try await $0.next() != nil {} } }
            await Loop.yield()
            await scope.close()
            try await client.closed()
            #expect(client.closeCode == .goingAway)
        }
    }

    @Test("a reader that is cancelled leaves the socket as it is")
    func cancelledReader() async throws {
        try await withPair { server, client in
            let scope = Scope.forTest()
            let reader = scope.spawn("read") { _ = try await server.next() }
            await Loop.yield()
            reader.cancel()
            await reader.value
            try await client.send("still here")
            #expect(try await server.next() == .text("still here"))
            await scope.close()
        }
    }

    @Test("a peer that does not do its part in closing gets its time and no more")
    func closePatience() async throws {
        let transport = MemoryTransport()
        var settings = WebSocketSettings()
        settings.closePatience = .milliseconds(5)
        let socket = WebSocket(over: transport, as: .server, settings: settings)
        socket.close(4000, "enough")
        #expect(try await socket.next() == nil)
        transport.feed(Frame.text("late").bytes(mask: [1, 2, 3, 4]))
        try await Deadline.within(.seconds(20)) { try await socket.closed() }
        #expect(transport.isClosed)
        #expect(Frame.parse(transport.taken, areMasked: false) == [.close(4000, "enough")])
        #expect(socket.closeCode == 4000)
        await #expect(throws: Fault.self) { try await socket.send("late") }
    }

    @Test("both sides closing at once is an ordinary end")
    func bothClose() async throws {
        try await withPair { server, client in
            server.close(4001)
            client.close(4002)
            try await server.closed()
            try await client.closed()
            #expect(server.closeCode == 4001 && client.closeCode == 4002)
        }
    }

    @Test("a long reason is cut between characters")
    func longReason() {
        let payload = CloseNotice(.normal, String(repeating: "😀", count: 60)).payload
        #expect(payload.count == 122)
        #expect(String(validating: payload[2...], as: UTF8.self) != nil)
    }

    @Test("the end is told once")
    func onEnd() async throws {
        let transport = MemoryTransport()
        let socket = WebSocket(over: transport, as: .server)
        var told = 0
        socket.onEnd = { told += 1 }
        transport.feed(Frame.close(1000).bytes(mask: [1, 2, 3, 4]))
        transport.feed(Frame.close(1000).bytes(mask: [1, 2, 3, 4]))
        transport.onClose?()
        #expect(told == 1)
    }

    @Test("a socket that has ended is let go of")
    func release() async throws {
        let transport = MemoryTransport()
        weak var seen: WebSocket?
        do {
            let socket = WebSocket(over: transport, as: .server)
            seen = socket
        }
        #expect(seen != nil, "it lives while its stream does")
        transport.breakOff()
        #expect(seen == nil)
    }

    private func withPair(_ body: @Loop (WebSocket, WebSocket) async throws -> Void) async throws {
        let (near, far) = MemoryTransport.pair()
        let server = WebSocket(over: near, as: .server)
        let client = WebSocket(over: far, as: .client)
        try await Deadline.within(.seconds(30)) { try await body(server, client) }
        if !near.isClosed { near.breakOff() }
        if !far.isClosed { far.breakOff() }
    }
}
