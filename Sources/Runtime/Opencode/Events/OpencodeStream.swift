/// The one event stream of a server: connected while anybody follows a session, watched for silence, connected again
/// with growing pauses, and telling its followers of every gap.
@Loop
final class OpencodeStream {
    /// Finds out whom to speak with; set by the server that owns this.
    var connect: @Loop () async throws -> any OpencodeDialect = { throw Fault.cancelled }
    var onLost: @Loop () -> Void = {}

    private(set) var isConnected = false
    private let link: OpencodeLink
    private let log: Log
    private let scope: Scope
    private var patience: StreamPatience
    /// By the session that each follows, so that an event costs the same however many there are.
    private var followers: [String: [OpencodeFeed]] = [:]
    /// The session that a subtask's session belongs to; only of those that are followed.
    private var parents: [String: String] = [:]
    private var recent = RecentIDs()
    /// Sessions that were told to be idle last, on this connection.
    private var resting = RestingSessions()
    private var listening: Task<Void, Never>?
    private var waiting: [Waiter<Void>] = []
    private var toldSomething = false
    private var hadGap = false
    private var isClosed = false
    private lazy var retry = Timer { [weak self] in self?.open() }
    private lazy var linger = Timer { [weak self] in self?.closeUnlessFollowed() }

    init(_ link: OpencodeLink, log: Log, scope: Scope) {
        self.link = link
        self.log = log
        self.scope = scope.child("opencode events")
        patience = StreamPatience(first: link.settings.firstDelay, last: link.settings.lastDelay)
    }

    // MARK: followers

    var followerCount: Int { followers.values.reduce(0) { $0 + $1.count } }

    func follow(_ session: String) -> OpencodeFeed {
        let feed = OpencodeFeed(session, limit: link.settings.unread, self)
        followers[session, default: []].append(feed)
        linger.cancel()
        open()
        return feed
    }

    func leave(_ feed: OpencodeFeed) {
        let others = followers[feed.session, default: []].filter { $0 !== feed }
        followers[feed.session] = others.isEmpty ? nil : others
        if others.isEmpty, !parents.isEmpty { parents = parents.filter { root(of: $0.key) != feed.session } }
        if followers.isEmpty, !isClosed { linger.schedule(after: link.settings.linger) }
    }

    func adopt(_ child: String, of parent: String) {
        if child != parent { parents[child] = parent }
    }

    /// Returns when the stream has begun; fails when an attempt to connect it does.
    func ready() async throws {
        if isConnected { return }
        let waiter = Waiter<Void>("the event stream of \(link.name)")
        waiting.append(waiter)
        open()
        try await waiter.value()
    }

    /// Whether the stream has told that a session is idle, and nothing of it since. False where only the server knows.
    func rests(_ session: String) -> Bool { isConnected && resting.contains(session) }

    /// One that rests, when the stream has also told what it is now.
    func resting(_ session: String) -> OpencodeSession? { isConnected ? resting[session] : nil }

    /// It is given something to do.
    func wakes(_ session: String) { resting.wake(session) }

    // MARK: connecting

    private func open() {
        guard listening == nil, !isClosed else { return }
        retry.cancel()
        listening = scope.spawn("listening") { [weak self] in
            // Whoever follows first has a deadline of their own, which must not end the stream.
            await Deadline.lifted { await self?.listenOnce() }
        }
    }

    func reconnect() {
        log.warning("the event stream is connected again: it tells nothing", ["server": LogValue(link.name)])
        listening?.cancel()
    }

    func close() async {
        isClosed = true
        retry.cancel()
        linger.cancel()
        for feed in followers.values.joined() { feed.close() }
        fail(Fault(.cancelled, "the connection to \(link.name) is closed"))
        await scope.close()
        connect = { throw Fault.cancelled }
        onLost = {}
    }

    private func closeUnlessFollowed() {
        guard followers.isEmpty else { return }
        listening?.cancel()
        retry.cancel()
    }

    private func listenOnce() async {
        toldSomething = false
        var fault = Fault(.unavailable, "\(link.name) closed its event stream")
        do {
            try await listen()
        } catch {
            fault = Fault(error)
        }
        listening = nil
        lost(fault)
    }

    private func lost(_ fault: Fault) {
        let wasConnected = isConnected
        isConnected = false
        resting = RestingSessions()
        onLost()
        // A stream that was dropped on purpose is no failed attempt: whoever came meanwhile waits for the next.
        let isOnPurpose = fault.kind == .cancelled && !isClosed
        if !isOnPurpose { fail(fault) }
        guard !isClosed, !followers.isEmpty else { return }
        if wasConnected { hadGap = true }
        log.info(
            "the event stream is lost: \(fault.message)",
            ["server": LogValue(link.name), "followers": LogValue(followerCount)])
        for feed in followers.values.joined() { feed.send(.lost(fault)) }
        retry.schedule(after: isOnPurpose ? patience.first : patience.ended(toldSomething: toldSomething))
    }

    private func fail(_ fault: Fault) {
        let failed = waiting
        waiting = []
        for waiter in failed { waiter.finish(.failure(fault)) }
    }

    // MARK: listening

    private func listen() async throws {
        let dialect = try await connect()
        let answer = try await Deadline.within(link.settings.connect) { try await link.begin(dialect.stream) }
        let type = answer.headers["content-type"]?.lowercased() ?? ""
        guard answer.status == 200, type.hasPrefix("text/event-stream") else {
            throw Fault(
                .unavailable, "\(link.name) gives no event stream: status \(answer.status), type `\(type)`",
                hint: "is there a proxy in front of it that answers itself?")
        }
        let silence = link.settings.silence ?? dialect.capabilities.silence
        var parser = EventParser(limit: link.settings.eventLimit)
        while true {
            let limit = isConnected ? silence : link.settings.connect
            let piece: [UInt8]?
            do {
                piece = try await Deadline.within(limit) { try await answer.next() }
            } catch let fault as Fault where fault.kind == .timeout {
                throw Fault(.timeout, "\(link.name): its event stream was silent for \(Units.describe(limit))")
            }
            guard let piece else { return }
            var frames: [ServerEvent] = []
            try piece.withUnsafeBytes { try parser.feed($0) { frames.append($0) } }
            for frame in frames { take(frame, dialect) }
        }
    }

    /// What cannot be read, such as half of a letter, is made up for by reading the session.
    private func take(_ frame: ServerEvent, _ dialect: any OpencodeDialect) {
        do {
            for event in dialect.events(try JSON.parse(frame.data)) { take(event) }
        } catch {
            log.warning("an event cannot be read: \(Fault(error).message)", ["server": LogValue(link.name)])
            for feed in followers.values.joined() { feed.send(.gap) }
        }
    }

    private func take(_ event: OpencodeEvent) {
        if let id = event.id, !recent.insert("\(id)\(event.session == nil ? "" : event.body.kind)") { return }
        switch event.body {
        case .connected: connected()
        case .heartbeat: toldSomething = true
        case .disposed:
            resting = RestingSessions()
            // What ran there has ended, and what it said at the end may be lost.
            for feed in followers.values.joined() { feed.send(.gap) }
        default:
            toldSomething = true
            if case .session(let session) = event.body, let parent = session.parent, isFollowed(parent) {
                parents[session.id] = parent
            }
            guard let session = event.session else { return }
            resting.take(event.body, session)
            let root = root(of: session)
            for feed in followers[root] ?? [] { feed.send(.event(event)) }
            if root != session { for feed in followers[session] ?? [] { feed.send(.event(event)) } }
        }
    }

    private func connected() {
        isConnected = true
        let ready = waiting
        waiting = []
        for waiter in ready { waiter.finish(.success(())) }
        if hadGap { for feed in followers.values.joined() { feed.send(.gap) } }
        hadGap = false
    }

    private func isFollowed(_ session: String) -> Bool { followers[root(of: session)] != nil }

    /// A subtask may have subtasks; no chain of them is longer than the bound.
    private func root(of session: String) -> String {
        if parents.isEmpty { return session }
        var root = session
        for _ in 0..<16 {
            guard let parent = parents[root] else { break }
            root = parent
        }
        return root
    }
}

/// The ids of the last events: what comes twice is heard once.
struct RecentIDs {
    private var ids: Set<String> = []
    private var order: [String] = []
    private var place = 0

    /// False when it is among them.
    mutating func insert(_ id: String) -> Bool {
        guard ids.insert(id).inserted else { return false }
        if order.count < 512 {
            order.append(id)
        } else {
            ids.remove(order[place])
            order[place] = id
            place = (place + 1) % order.count
        }
        return true
    }
}

extension OpencodeEvent.Body {
    /// Version 2 says two things by one event, which are not the same.
    var kind: String {
        switch self {
        case .failed: "failed"
        case .status: "status"
        default: ""
        }
    }
}
