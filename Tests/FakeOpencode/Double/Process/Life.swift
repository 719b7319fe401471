import Runtime

/// One life of the server, from start to kill: everything that a process holds in memory.
@Loop
final class Life {
    unowned let fake: FakeOpencode
    let scope: Scope
    let hub: EventHub
    private(set) var instances: [String: Instance] = [:]
    private var broken: [String: Refusal] = [:]
    var runs: [String: Run] = [:]
    /// Of sessions that are not idle.
    var statuses: [String: JSONValue] = [:] { didSet { fake.tell() } }
    /// Counts asks, to take turns in a race of the original.
    var asksTold = 0
    /// A killed process writes nothing and says nothing any more.
    private(set) var isOver = false
    private var server: Server?

    init(_ fake: FakeOpencode, _ scope: Scope) {
        self.fake = fake
        self.scope = scope
        hub = EventHub(
            fake.ids, heartbeat: fake.settings.heartbeat, modes: { [unowned fake] in fake.modes },
            changed: { [weak fake] in fake?.tell() })
    }

    var store: SessionStore { fake.store }
    var settings: FakeSettings { fake.settings }
    func id(_ prefix: String) -> String { fake.ids.next(prefix) }

    // MARK: start and end

    func listen(host: String, port: Int) throws -> Int {
        let router = Router()
        addRoutes(to: router)
        var bounds = ServerSettings()
        bounds.linger = .zero
        let server = Server(router, settings: bounds, scope: scope)
        let port = try server.listen(host: host, port: port)
        self.server = server
        return port
    }

    func dropConnections() { server?.abort(listening: true) }

    func kill() async {
        isOver = true
        server?.abort()
        hub.end()
        for run in runs.values { run.task?.cancel() }
        await scope.close()
        runs = [:]
        statuses = [:]
        instances = [:]
        server = nil
    }

    // MARK: instances

    func instance(_ directory: String) throws(Refusal) -> Instance {
        if let known = instances[directory] { return known }
        // A broken configuration is remembered for good.
        if let refusal = broken[directory] { throw refusal }
        do {
            let instance = Instance(directory, config: try Instance.readConfig(directory, settings))
            instances[directory] = instance
            fake.tell()
            return instance
        } catch {
            broken[directory] = error
            throw error
        }
    }

    /// Ends a directory's turns and asks, tells its streams, and forgets it.
    func dispose(_ directory: String) async {
        guard let instance = instances[directory] else { return hub.dispose(directory, project: nil) }
        for run in runs.values where run.session.directory == directory { await run.abort() }
        for ask in instance.permissions { ask.waiter.finish(.success(.reject(nil))) }
        for ask in instance.questions { ask.waiter.finish(.success(.dismissed)) }
        instances[directory] = nil
        hub.dispose(directory, project: instance.project)
        fake.tell()
    }

    // MARK: events

    func emit(_ type: String, _ properties: JSONObject, _ directory: String) {
        guard !isOver else { return }
        hub.emit(type, .object(properties), directory: directory, project: instances[directory]?.project)
        fake.tell()
    }

    /// An event that the original keeps: the stream of all directories repeats it, numbered by session.
    func emitDurable(_ type: String, _ properties: JSONObject, _ session: Session) {
        // What is deleted has no events of its own, even while its turn goes on.
        guard !isOver, store.sessions[session.id] === session else { return }
        let sync = value([
            "id": nil, "type": .string("\(type).1"), "seq": .int(session.sequence),
            "aggregateID": .string(session.id), "data": .object(properties),
        ])
        session.sequence += 1
        store.changed()
        let project = session.info.text("projectID")
        hub.emit(type, .object(properties), directory: session.directory, project: project, sync: sync)
        fake.tell()
    }

    func emitSession(_ type: String, _ session: Session) {
        emitDurable("session.\(type)", object(["sessionID": .string(session.id), "info": session.json]), session)
    }

    /// Stores a message and says so.
    func save(_ info: JSONObject, _ session: Session) {
        guard !isOver else { return }
        session.put(info)
        emitDurable("message.updated", object(["sessionID": .string(session.id), "info": .object(info)]), session)
    }

    /// Stores a part and says so; `delta` is a member of the old dialect.
    func save(part: JSONObject, _ session: Session, delta: String? = nil) {
        guard !isOver else { return }
        if delta == nil { session.put(part: part) }
        let properties = object([
            "sessionID": .string(session.id), "part": .object(part),
            "time": Clock.now.when(!fake.modes.oldDialect), "delta": .text(delta),
        ])
        emitDurable("message.part.updated", properties, session)
    }

    /// Idle is the absence of a status, and brings the older event after it.
    func setStatus(_ session: String, _ status: JSONValue?, _ directory: String) {
        guard !isOver else { return }
        statuses[session] = status
        let shown: JSONValue = status ?? ["type": "idle"]
        emit("session.status", object(["sessionID": .string(session), "status": shown]), directory)
        if status == nil { emit("session.idle", object(["sessionID": .string(session)]), directory) }
    }

    func emitError(_ session: String, _ error: JSONValue, _ directory: String) {
        emit("session.error", object(["sessionID": .string(session), "error": error]), directory)
    }
}
