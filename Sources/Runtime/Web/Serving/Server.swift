import CLinux
import Glibc

/// An HTTP/1.1 server on the loop: TCP and Unix sockets in front, a router behind.
@Loop
public final class Server {
    public let settings: ServerSettings
    public let router: Router
    /// Told once for every request, when its answer has ended or its client has gone.
    public var onRequestEnd: ((RequestRecord) -> Void)?
    /// Told of what handlers throw, also inside a stream.
    public var onFault: ((Fault, Request) -> Void)?

    let scope: Scope
    let limits: ServerLimits
    let clockLine = ClockLine()
    let trust: Trust
    private let buffer = Scratch(Server.scratchSize)
    /// What one `recv` fills; its bytes are used or copied before the next.
    var scratch: UnsafeMutableRawPointer { buffer.start }
    static let scratchSize = 64 << 10

    private(set) var isDraining = false
    private(set) var listeners: [Listener] = []
    private var connections: [Connection] = []
    private var transports: [ObjectIdentifier: SocketTransport] = [:]
    private var perPeer: [IPAddress: Int] = [:]
    private var peerOf: [ObjectIdentifier: Peer] = [:]
    private var spares: [Request] = []
    private var number: UInt64 = 0
    private var nextSweep = UInt64.max
    private var sweeper: Timer!
    private var emptied: Waiter<Void>?

    /// Every task of the server is a child of `scope`. A server that listens lives until `drain`.
    public init(_ router: Router, settings: ServerSettings = ServerSettings(), scope: Scope) {
        self.router = router
        self.settings = settings
        self.scope = scope.child("web")
        limits = ServerLimits(settings)
        trust = Trust(settings)
        sweeper = Timer { [weak self] in self?.sweep() }
    }

    /// Open connections, upgraded ones among them.
    public var connectionCount: Int { connections.count + transports.count }

    /// Listens on an address; port 0 takes a free one. Returns the port.
    @discardableResult
    public func listen(host: String, port: Int) throws -> Int {
        let listener = try Listener(host: host, port: port) { [self] in accepted($0, $1) }
        listeners.append(listener)
        return listener.port
    }

    /// Listens on a Unix socket with that file mode.
    public func listen(path: String, mode: UInt32 = 0o600) throws {
        listeners.append(try Listener(path: path, mode: mode) { [self] in accepted($0, $1) })
    }

    /// Stops accepting, lets requests in flight end within `grace` (their answers say `Connection: close`), ends idle
    /// connections at once, then cancels what remains.
    public func drain(grace: Duration) async {
        isDraining = true
        for listener in listeners { listener.close() }
        listeners = []
        for connection in connections { connection.drain() }
        await waitUntilEmpty(grace)
        await scope.close()
        if !connections.isEmpty { await waitUntilEmpty(min(settings.linger, .seconds(1))) }
        for connection in connections { connection.close() }
        for transport in Array(transports.values) { transport.abort() }
        sweeper.cancel()
    }

    /// Breaks every connection at once, with no answer to what is in flight, as the end of a process would. With
    /// `listening` new ones are taken as before.
    public func abort(listening: Bool = false) {
        if !listening {
            isDraining = true
            for listener in listeners { listener.close() }
            listeners = []
            sweeper.cancel()
        }
        for connection in connections { connection.close() }
        for transport in Array(transports.values) { transport.abort() }
    }

    private func waitUntilEmpty(_ limit: Duration) async {
        guard connectionCount > 0, limit > .zero else { return }
        let waiter = Waiter<Void>("the end of connections")
        emptied = waiter
        // Running out of grace is no failure: what remains is cancelled next.
        await Deadline.$current.withValue(Instant.clock + limit) { _ = try? await waiter.value() }
        emptied = nil
    }

    // MARK: connections

    private func accepted(_ descriptor: Int32, _ peer: Peer) {
        if let bound = settings.connectionsPerPeer, case .address(let address, _) = peer {
            guard perPeer[address, default: 0] < bound else {
                Glibc.close(descriptor)
                return
            }
            perPeer[address, default: 0] += 1
        }
        if peer != .unix {
            var one: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
        }
        let connection = Connection(self, descriptor: descriptor, peer: peer)
        connection.place = connections.count
        connections.append(connection)
        sweep(by: connection.deadline)
        if connectionCount >= limits.connections { for listener in listeners { listener.pause() } }
    }

    func forget(_ connection: Connection) {
        remove(connection)
        left(connection.peer)
    }

    func replace(_ connection: Connection, with transport: SocketTransport) {
        remove(connection)
        transports[ObjectIdentifier(transport)] = transport
        peerOf[ObjectIdentifier(transport)] = connection.peer
    }

    func forget(_ transport: SocketTransport) {
        transports[ObjectIdentifier(transport)] = nil
        if let peer = peerOf.removeValue(forKey: ObjectIdentifier(transport)) { left(peer) }
    }

    private func remove(_ connection: Connection) {
        let last = connections.removeLast()
        guard last !== connection else { return }
        connections[connection.place] = last
        last.place = connection.place
    }

    private func left(_ peer: Peer) {
        if case .address(let address, _) = peer, let count = perPeer[address] {
            perPeer[address] = count > 1 ? count - 1 : nil
        }
        if connectionCount < limits.connections { for listener in listeners { listener.resume() } }
        if connectionCount == 0 { emptied?.finish(.success(())) }
    }

    // MARK: the sweep

    /// One timer looks at all connections, at most once in a tick, and only while one of them awaits something.
    func sweep(by deadline: UInt64) {
        guard deadline < nextSweep else { return }
        nextSweep = max(deadline, Loop.now.nanoseconds + limits.tick)
        sweeper.schedule(at: Instant(nanoseconds: nextSweep))
    }

    private func sweep() {
        nextSweep = .max
        let now = Loop.now.nanoseconds
        var earliest = UInt64.max
        for connection in connections where connection.deadline != 0 {
            if connection.deadline <= now { connection.expired() }
            if connection.isOpen, connection.deadline != 0 { earliest = min(earliest, connection.deadline) }
        }
        if earliest != .max { sweep(by: earliest) }
    }

    // MARK: requests

    func nextNumber() -> UInt64 {
        number += 1
        return number
    }

    func tell(_ fault: Fault, _ request: Request) { onFault?(fault, request) }

    func ended(_ request: Request, status: Int, bytes: Int, isCancelled: Bool) {
        guard let onRequestEnd else { return }
        onRequestEnd(
            RequestRecord(
                method: request.method, pattern: request.pattern, target: request.rawTarget, status: status,
                bytes: bytes,
                duration: Instant.clock - request.began, id: request.id, peer: request.peer, isCancelled: isCancelled))
    }

    /// A request that nobody has kept is used again.
    func makeRequest() -> Request {
        guard var request = spares.popLast(), isKnownUniquelyReferenced(&request),
            isKnownUniquelyReferenced(&request.body)
        else { return Request() }
        request.reset()
        return request
    }

    func recycle(_ request: Request) {
        if spares.count < 32, request.body.buffered == 0, request.headers.bytes.count <= 2048 { spares.append(request) }
    }

    /// `OPTIONS *` asks what the server can do at all.
    var answerToAsterisk: Response { Response(204, ["Allow": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"]) }
}

/// The settings in the form the connections compare with.
struct ServerLimits {
    let parser: RequestParser.Limits
    let headDeadline: UInt64
    let idle: UInt64
    let bodyWindow: UInt64
    let bodyWindowBytes: Int
    let writeStall: UInt64
    let linger: UInt64
    let tick: UInt64
    let connections: Int

    init(_ settings: ServerSettings) {
        parser = RequestParser.Limits(requestLine: settings.requestLine, head: settings.head, fields: settings.fields)
        headDeadline = UInt64(settings.headDeadline.nanoseconds)
        idle = UInt64(settings.idle.nanoseconds)
        bodyWindow = UInt64(settings.bodyWindow.nanoseconds)
        bodyWindowBytes = max(1, Int(Double(settings.bodyRate) * settings.bodyWindow.inSeconds))
        writeStall = UInt64(settings.writeStall.nanoseconds)
        linger = UInt64(settings.linger.nanoseconds)
        let shortest = [headDeadline, idle, bodyWindow, writeStall, linger].min() ?? 0
        tick = min(1_000_000_000, max(shortest / 4, 1_000_000))
        var descriptors = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &descriptors)
        let room = Int(clamping: descriptors.rlim_cur) - settings.descriptorReserve
        connections = max(1, min(settings.connections, room))
    }
}

/// Whom to believe about clients; shared by all requests.
final class Trust: Sendable {
    let peers: [AddressRange]
    let unix: Bool

    init(_ settings: ServerSettings) {
        peers = settings.trustedPeers
        unix = settings.trustsUnixPeers
    }
}
