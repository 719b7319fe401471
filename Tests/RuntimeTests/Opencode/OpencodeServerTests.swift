import FakeOpencode
import TestSupport
import Testing

@testable import Runtime

@Suite("opencode: a server")
@Loop
struct OpencodeServerTests {
    /// Runs a test with a double and a client of it, and checks that nothing is left of them.
    private func with(
        _ settings: OpencodeSettings = OpencodeServerTests.hasty,
        _ body: @Loop (FakeOpencode, OpencodeServer, String) async throws -> Void
    ) async throws {
        let directory = TemporaryDirectory()
        let scope = Scope("test") { name, error in Issue.record("\(name) let \(error) escape") }
        var double = FakeSettings()
        double.directory = directory.path
        double.heartbeat = .milliseconds(50)
        let fake = FakeOpencode(double, scope: scope)
        try fake.listen()
        let client = HTTPClient()
        let server = OpencodeServer(
            try WebAddress(fake.address), client: client, settings: settings, log: Log(level: .error), scope: scope)
        await Deadline.within(.seconds(60)) {
            do { try await body(fake, server, directory.path) } catch { Issue.record(error) }
            await server.close()
            await client.close()
            await fake.close()
            await scope.close()
        }
        #expect(client.liveTransfers == 0, "a transfer was left behind")
    }

    private static var hasty: OpencodeSettings {
        var settings = OpencodeSettings()
        settings.call = .seconds(2)
        settings.probe = .seconds(1)
        settings.silence = .milliseconds(500)
        settings.firstDelay = .milliseconds(10)
        settings.lastDelay = .milliseconds(50)
        return settings
    }

    @Test("sessions are made, found, listed, copied and removed")
    func sessions() async throws {
        try await with { _, server, directory in
            let made = try await server.create(.init(title: "one"), in: directory)
            #expect(made.title == "one" && made.directory == directory && made.created > 0)
            #expect(try await server.session(made.id) == made)
            #expect(try await server.sessions(in: directory).map(\.id) == [made.id])
            let child = try await server.create(.init(title: "sub", parent: made.id), in: directory)
            #expect(try await server.children(of: made.id).map(\.id) == [child.id])
            let fork = try await server.fork(made.id)
            #expect(fork.title == "one (fork #1)" && fork.parent == nil)
            try await server.remove(made.id)
            #expect(await failure { _ = try await server.session(made.id) }?.kind == .notFound)
        }
    }

    @Test("a directory may have any name")
    func names() async throws {
        try await with { _, server, directory in
            let name = directory + "/mit Blank & ümläut%"
            let made = try await server.create(.init(title: "x"), in: name)
            #expect(made.directory == name)
            #expect(try await server.sessions(in: name).count == 1)
        }
    }

    @Test("messages come in pages, the newest first to be had")
    func pages() async throws {
        try await with { fake, server, directory in
            let session = try await server.create(.init(title: "x"), in: directory)
            for word in ["one", "two", "three"] {
                try await server.prompt(.init(parts: [.text("say \(word)", id: "prt_\(word)")]), to: session.id)
                try await fake.until("an end") { fake.busySessions.isEmpty && fake.messages(session.id).count % 2 == 0 }
            }
            let newest = try await server.messages(of: session.id, limit: 2)
            #expect(newest.messages.map(\.text) == ["say three", "three"])
            #expect(newest.messages[0].parts.first?.id == "prt_three")
            let before = try await server.messages(of: session.id, limit: 10, before: newest.older)
            #expect(before.messages.map(\.text) == ["say one", "one", "say two", "two"])
        }
    }

    @Test("each family of errors has its kind")
    func families() async throws {
        try await with { fake, server, directory in
            let session = try await server.create(.init(title: "x"), in: directory)
            #expect(await failure { _ = try await server.session("ses_missing") }?.kind == .notFound)
            // The server itself answers 500 to that.
            #expect(await failure { _ = try await server.session("abc") }?.kind == .notFound)
            let ask = OpencodeAsk(id: "per_x", session: session.id, .permission(.init(name: "bash")))
            #expect(await failure { try await server.answer(ask, .once) }?.kind == .notFound)
            try await server.prompt(.init(parts: [.text("hang")]), to: session.id)
            try await fake.until("busy") { !fake.busySessions.isEmpty }
            #expect(await failure { try await server.revert(session.id, to: "msg_x") }?.kind == .conflict)
            fake.hangHTTP()
            #expect(await failure { _ = try await server.session(session.id) }?.kind == .timeout)
            fake.recover()
            await fake.kill()
            let down = await failure { _ = try await server.session(session.id) }
            #expect(down?.kind == .unavailable && down?.isRetryable == true)
        }
    }

    @Test("what is no opencode is told apart from one that cannot be spoken with")
    func probes() async throws {
        try await with { fake, server, _ in
            let found = try await server.probe()
            #expect(found.version == "1.17.20")
            fake.version = "local"
            let own = try await server.probe()
            #expect(own.major == 1)
            fake.version = "3.0.0"
            let unknown = await failure { try await server.probe() }
            #expect(unknown?.message.contains("3.0.0") == true && unknown?.isRetryable == false)
        }
        try await withServer(script: { peer in
            while true {
                _ = try await peer.request()
                try await peer.answer("200 OK", ["Content-Type: text/html"], "<html>a page</html>")
            }
        }) { page, client in
            let scope = Scope("test") { _, _ in }
            let server = OpencodeServer(page.address(), client: client, log: Log(level: .error), scope: scope)
            let fault = await failure { try await server.probe() }
            #expect(fault?.message.contains("is no opencode server") == true)
            await server.close()
            await scope.close()
        }
    }

    // MARK: events

    private func collect(_ feed: OpencodeFeed, until end: (OpencodeEvent) -> Bool) async throws -> [OpencodeFeed.Item] {
        var items: [OpencodeFeed.Item] = []
        while true {
            guard let item = try await feed.next(within: .seconds(10)) else {
                throw Fault(.timeout, "\(items.suffix(3))")
            }
            items.append(item)
            if case .event(let event) = item, end(event) { return items }
        }
    }

    private func isIdle(_ session: String) -> (OpencodeEvent) -> Bool {
        { $0.body == .status(session: session, .idle) }
    }

    @Test("one stream feeds all turns, each with its own and its subtasks' events, once")
    func feeds() async throws {
        try await with { fake, server, directory in
            let one = try await server.create(.init(title: "one"), in: directory)
            let two = try await server.create(.init(title: "two"), in: directory)
            let first = try await server.follow(one.id)
            let second = try await server.follow(two.id)
            try await server.prompt(.init(parts: [.text("task general bash echo hi; say done")]), to: one.id)
            try await server.prompt(.init(parts: [.text("say hello")]), to: two.id)
            let seen = try await collect(first, until: isIdle(one.id))
            let sessions = Set(
                seen.compactMap { if case .event(let event) = $0 { event.session } else { nil } })
            let child = try #require(try await server.children(of: one.id).first)
            #expect(sessions == [one.id, child.id])
            let other = try await collect(second, until: isIdle(two.id))
            #expect(other.allSatisfy { if case .event(let event) = $0 { event.session == two.id } else { false } })
            let ids = seen.compactMap { if case .event(let event) = $0 { event.id } else { nil } }
            #expect(Set(ids).count == ids.count && !ids.isEmpty)
            #expect(fake.streamCount == 1)
        }
    }

    @Test("what a follower takes as it comes does not wait for its reader; what it leaves does, in order")
    func takenAtOnce() async throws {
        try await with { _, server, directory in
            let session = try await server.create(.init(title: "x"), in: directory)
            let feed = try await server.follow(session.id)
            var taken: [OpencodeEvent] = []
            feed.onEvent = { event in
                guard taken.count < 2 else { return false }
                taken.append(event)
                return true
            }
            try await server.prompt(.init(parts: [.text("say one two three")]), to: session.id)
            let left = try await collect(feed, until: isIdle(session.id))
            #expect(taken.count == 2)
            let ids = (taken + left.compactMap { if case .event(let event) = $0 { event } else { nil } }).map(\.id)
            #expect(ids == ids.sorted { $0 ?? "" < $1 ?? "" } && Set(ids).count == ids.count)
        }
    }

    @Test("an idle word that comes late is not taken for the end of the next turn")
    func lateIdle() {
        var resting = RestingSessions()
        func told(_ status: OpencodeStatus) -> Bool {
            resting.take(.status(session: "a", status), "a")
            return resting.contains("a")
        }
        #expect(told(.idle))
        resting.wake("a")
        #expect(!told(.idle) && !told(.busy) && told(.idle))
        resting.take(.sessionRemoved("a"), "a")
        #expect(!resting.contains("a"))
    }

    @Test("a session that rests is known as it was told last, and as younger than its answers")
    func restingSession() {
        var resting = RestingSessions()
        func message(_ id: String, isUser: Bool, at created: Int64, _ completed: Int64? = nil) {
            let message = OpencodeMessage(
                id: id, session: "a", isUser: isUser, created: created, completed: completed)
            resting.take(.message(message), "a")
        }
        message("m0", isUser: false, at: 1, 2)
        resting.take(.session(OpencodeSession(id: "a", directory: "/w", updated: 10)), "a")
        #expect(resting["a"] == nil)
        message("m1", isUser: true, at: 20)
        resting.take(.status(session: "a", .idle), "a")
        #expect(resting["a"] == OpencodeSession(id: "a", directory: "/w", updated: 10))
        message("m2", isUser: false, at: 21, 30)
        #expect(resting["a"]?.updated == 30)
        resting.take(.status(session: "a", .busy), "a")
        #expect(resting["a"] == nil)
        // What is to be known of it is what was told since it had its prompt.
        resting.wake("a")
        resting.take(.status(session: "a", .busy), "a")
        resting.take(.status(session: "a", .idle), "a")
        #expect(resting.contains("a") && resting["a"] == nil)
        resting.take(.session(OpencodeSession(id: "a", directory: "/w", updated: 40)), "a")
        #expect(resting["a"]?.updated == 40)
        resting.take(.sessionRemoved("a"), "a")
        resting.take(.status(session: "a", .idle), "a")
        #expect(resting["a"] == nil)
    }

    @Test("a session is known to rest from its idle word until something else is told of it, on one connection")
    func resting() async throws {
        try await with { fake, server, directory in
            let session = try await server.create(.init(title: "x"), in: directory)
            let feed = try await server.follow(session.id)
            #expect(!server.rests(session.id))
            try await server.prompt(.init(parts: [.text("say one")]), to: session.id)
            _ = try await collect(feed, until: isIdle(session.id))
            while !server.rests(session.id) { _ = try await feed.next(within: .seconds(10)) }
            try await server.prompt(.init(parts: [.text("say two")]), to: session.id)
            _ = try await collect(feed, until: isIdle(session.id))
            while !server.rests(session.id) { _ = try await feed.next(within: .seconds(10)) }
            fake.dropStreams()
            while try await feed.next(within: .seconds(10)) != .gap {}
            #expect(!server.rests(session.id))
        }
    }

    @Test("after a loss the stream comes back by itself and says that something may be missing")
    func gap() async throws {
        try await with { fake, server, directory in
            let session = try await server.create(.init(title: "x"), in: directory)
            let feed = try await server.follow(session.id)
            fake.dropStreams()
            var isLost = false
            while true {
                let item = try await feed.next(within: .seconds(10))
                if case .lost = item { isLost = true }
                if item == .gap { break }
                #expect(item != nil)
            }
            #expect(isLost && server.hasEvents)
            // Silence is a loss too, heartbeats apart.
            fake.goSilent()
            while server.hasEvents { _ = try await feed.next(within: .seconds(10)) }
            fake.recover()
            while !server.hasEvents { _ = try await feed.next(within: .seconds(10)) }
        }
    }

    @Test("a follower that does not read loses all of it, and is told")
    func bound() async throws {
        var settings = OpencodeServerTests.hasty
        settings.unread = 5
        try await with(settings) { fake, server, directory in
            let session = try await server.create(.init(title: "x"), in: directory)
            let feed = try await server.follow(session.id)
            try await server.prompt(.init(parts: [.text("say one two three four five six")]), to: session.id)
            try await fake.until("the end") { fake.busySessions.isEmpty && fake.messages(session.id).count == 2 }
            // What is said of another session comes after all of it.
            let other = try await server.create(.init(title: "y"), in: directory)
            let mark = try await server.follow(other.id)
            try await server.abort(other.id)
            _ = try await collect(mark, until: isIdle(other.id))
            let told = try await feed.next(within: .seconds(1))
            #expect(told == .gap)
        }
    }

    @Test("a server that is down is told to whoever wants to follow")
    func down() async throws {
        try await with { fake, server, _ in
            await fake.kill()
            #expect(await failure { _ = try await server.follow("ses_1") }?.kind == .unavailable)
        }
    }

    @Test("a stream that ends right after its beginning is connected with growing pauses")
    func patience() {
        var patience = StreamPatience(first: .milliseconds(250), last: .seconds(10))
        let pauses = (0..<8).map { _ in patience.ended(toldSomething: false).milliseconds }
        #expect(pauses == [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000])
        #expect(patience.ended(toldSomething: true) == .milliseconds(250))
    }
}
