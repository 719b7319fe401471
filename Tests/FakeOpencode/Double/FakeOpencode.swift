public import Runtime

/// A double of `opencode serve`: the same routes, events and surprises, a scripted model, and faults at will.
/// `README.md` beside it has the list of words that a prompt may hold.
@Loop
public final class FakeOpencode {
    public let settings: FakeSettings
    public var version: String
    public var modes = FakeModes() { didSet { modesChanged() } }
    /// In the order in which they came, over all lives of the server.
    public internal(set) var prompts: [FakePrompt] = [] { didSet { tell() } }
    /// What `PUT /auth/{id}` has brought, by provider.
    public internal(set) var keys: [String: String] = [:]
    /// Calls of the model for titles, which no prompt counts.
    public internal(set) var titleCalls = 0
    public private(set) var port = 0
    /// How often the server was started.
    public private(set) var lives = 0
    /// The `crash` word; nil kills the server as `kill` does.
    public var onCrash: (() -> Void)?

    let scope: Scope
    let store: SessionStore
    let ids = Ids()
    private(set) var life: Life?
    private var watchers: [Waiter<Void>] = []
    private var hanging: [Waiter<Void>] = []

    /// Every task of the double is a child of `scope`.
    public init(_ settings: FakeSettings = FakeSettings(), scope: Scope) {
        self.settings = settings
        self.scope = scope.child("fake opencode")
        version = settings.version
        store = SessionStore(path: settings.statePath)
    }

    // MARK: life

    public var isRunning: Bool { life != nil }
    public var address: String { "http://127.0.0.1:\(port)" }
    /// What a client has to send; the newer major always wants one.
    public private(set) lazy var password = settings.password ?? Ids.chance(20)

    /// Starts the server; port 0 takes a free one. Returns the port.
    @discardableResult
    public func listen(host: String = "127.0.0.1", port: Int = 0) throws -> Int {
        guard life == nil else { throw Fault(.conflict, "the double listens on port \(self.port) already") }
        let life = Life(self, scope.child("life"))
        self.port = try life.listen(host: host, port: port)
        self.life = life
        lives += 1
        tell()
        return self.port
    }

    /// Ends it as `kill -9` does: connections break, nothing in flight is finished, streamed text is lost.
    public func kill() async {
        guard let life else { return }
        self.life = nil
        for waiter in hanging { waiter.finish(.failure(Fault.cancelled)) }
        hanging = []
        await life.kill()
        store.save()
        tell()
    }

    /// Starts it again on the same port, with the sessions of before or without.
    public func restart(losingSessions: Bool = false) async throws {
        await kill()
        if losingSessions { store.removeAll() }
        let end = Instant.clock + .seconds(10)
        while life == nil {
            do {
                try listen(port: port)
            } catch  where Instant.clock < end {
                // The kernel may have given the port to somebody's connection meanwhile.
                try await Loop.sleep(for: .milliseconds(20))
            }
        }
    }

    /// The end of the double. Tasks that watch it get an error.
    public func close() async {
        await kill()
        onCrash = nil
        await scope.close()
        for waiter in watchers { waiter.finish(.failure(Fault.cancelled)) }
        watchers = []
    }

    func crash() {
        store.save()
        if let onCrash { return onCrash() }
        scope.spawn("crash") { [weak self] in await self?.kill() }
    }

    // MARK: watching

    /// Waits until `condition` holds; it is looked at after everything that happens in the double.
    public func until(_ subject: String, _ condition: () -> Bool) async throws {
        while !condition() {
            let waiter = Waiter<Void>(subject)
            watchers.append(waiter)
            try await waiter.value()
        }
    }

    func tell() {
        let waiting = watchers
        watchers = []
        for waiter in waiting { waiter.finish(.success(())) }
    }

    // MARK: hanging

    func hang() async throws {
        while modes.hangsHTTP {
            let waiter = Waiter<Void>("an answer that never comes")
            hanging.append(waiter)
            try await waiter.value()
        }
    }

    private func modesChanged() {
        if !modes.hangsHTTP {
            let waiting = hanging
            hanging = []
            for waiter in waiting { waiter.finish(.success(())) }
        }
        tell()
    }
}
