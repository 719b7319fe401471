/// A live `opencode serve`: what can be asked of it, and one event stream that feeds everybody who follows a session.
///
/// Its version is found out at the first call, and again after its stream was lost. Every call has a deadline.
@Loop
public final class OpencodeServer {
    public let address: WebAddress
    let link: OpencodeLink
    private let stream: OpencodeStream
    private var known: (any OpencodeDialect)?

    public init(
        _ address: WebAddress, user: String = "opencode", password: Secret? = nil, client: HTTPClient,
        settings: OpencodeSettings = OpencodeSettings(), log: Log, scope: Scope
    ) {
        self.address = address
        let link = OpencodeLink(address, user: user, password: password, settings: settings) { request in
            // The owner named this address.
            var request = request
            request.guarding = .open
            let answer = try await client.send(request)
            return WorldAnswer(status: answer.status, headers: answer.headers, address: answer.address) {
                try await answer.body.next()
            }
        }
        self.link = link
        stream = OpencodeStream(link, log: log, scope: scope)
        stream.connect = { [weak self] in
            guard let self else { throw Fault.cancelled }
            return try await dialect()
        }
        stream.onLost = { [weak self] in self?.known = nil }
    }

    /// Over requests of the world's making, and without an event stream of its own: for scripts.
    init(_ address: WebAddress, user: String, password: Secret?, log: Log, send: @escaping OpencodeLink.Send) {
        self.address = address
        let scope = Scope("opencode of a script") { _, _ in }
        link = OpencodeLink(address, user: user, password: password, settings: OpencodeSettings(), send: send)
        stream = OpencodeStream(link, log: log, scope: scope)
    }

    /// Finds out anew what answers there. Fails clearly for what is no opencode, or none that can be spoken with.
    @discardableResult
    public func probe() async throws -> OpencodeCapabilities {
        known = nil
        return try await dialect().capabilities
    }

    /// Nil until something was asked of it.
    public var capabilities: OpencodeCapabilities? { known?.capabilities }

    func dialect() async throws -> any OpencodeDialect {
        if let known { return known }
        let found = try await OpencodeProbe(link: link).dialect()
        known = found
        return found
    }

    // MARK: events

    /// Everything that happens in a session and its subtasks from now on. Returns when the stream is there, so that
    /// nothing of a prompt sent afterwards is missed.
    public func follow(_ session: String) async throws -> OpencodeFeed {
        let feed = stream.follow(session)
        do {
            try await stream.ready()
        } catch {
            feed.close()
            throw error
        }
        return feed
    }

    /// Drops the event stream and connects it again: for a stream that lives but tells nothing.
    public func reconnectEvents() { stream.reconnect() }

    /// Whether the event stream is there at the moment.
    public var hasEvents: Bool { stream.isConnected }

    /// Whether the event stream has told that a session is idle, and nothing of it since.
    public func rests(_ session: String) -> Bool { stream.rests(session) }

    /// A session that rests, as the event stream has told it: nobody needs to ask for it.
    public func resting(_ session: String) -> OpencodeSession? { stream.resting(session) }

    /// It is about to be given a prompt.
    func wakes(_ session: String) { stream.wakes(session) }

    /// Who follows a session just now.
    public var followerCount: Int { stream.followerCount }

    public func close() async { await stream.close() }
}
