/// A WebSocket (RFC 6455), either side, over any byte transport whose handshake is done.
///
/// Pings are answered and silent peers asked by itself. One task reads with `next`; any number may send.
@Loop
public final class WebSocket {
    public enum Message: Sendable, Equatable {
        case text(String)
        case binary([UInt8])
    }

    public enum Role: Sendable { case server, client }

    /// What both sides agreed to speak.
    public let subprotocol: String?
    let settings: WebSocketSettings
    let transport: any ByteTransport
    let codec: FrameCodec
    let sending = Turnstile("the message before this one")
    /// Of the one task that has its turn to send.
    var roomWaiter: Waiter<Void>?
    lazy var stallTimer = Timer { [weak self] in self?.stalled() }
    /// `sendNow` has said no since there was room.
    var hasRefused = false
    /// The newest ping that could not be answered, because the peer does not take what it is sent.
    private var unansweredPing: [UInt8]?
    private var assembly: MessageAssembly
    private var handshake: CloseHandshake
    private var queue: MessageQueue
    private var reader: Waiter<Void>?
    private var closers: [Waiter<Void>] = []
    private var keepAlive: KeepAlive?
    private lazy var pingTimer = Timer { [weak self] in self?.askPeer() }
    private lazy var closeTimer = Timer { [weak self] in self?.closingTookTooLong() }
    /// Keeps the socket until its stream has ended, whoever else lets go of it.
    private var lifeline: WebSocket?

    /// Called when `sendNow` is welcome again after it refused.
    public var onRoom: (() -> Void)?
    /// Called once when no more messages will come; those that came before can still be read.
    public var onEnd: (() -> Void)?

    /// Takes over a transport on which the opening handshake has been done.
    public init(
        over transport: any ByteTransport, as role: Role, subprotocol: String? = nil,
        settings: WebSocketSettings = WebSocketSettings()
    ) {
        self.transport = transport
        self.subprotocol = subprotocol
        self.settings = settings
        codec = FrameCodec(isClient: role == .client, over: transport)
        assembly = MessageAssembly(
            expectsMask: role == .server, messageLimit: settings.message, fragmentLimit: settings.fragments)
        handshake = CloseHandshake(isClient: role == .client)
        queue = MessageQueue(byteLimit: settings.unreadBytes, countLimit: settings.unreadMessages)
        keepAlive = settings.pingPeriod.map {
            KeepAlive(period: $0, patience: settings.pongPatience, now: Loop.now)
        }
        lifeline = self
        transport.onBytes = { [weak self] in self?.receive($0) }
        transport.onClose = { [weak self] in self?.departed() }
        transport.onDrain = { [weak self] in self?.drained() }
        if let keepAlive { pingTimer.schedule(at: keepAlive.due) }
    }

    public var isOpen: Bool { handshake.phase == .open }

    /// Why it ended, nil while it is open: the code of the first close frame, whoever sent it, or `.abnormal`.
    public var closeCode: CloseCode? { handshake.notice?.code }
    public var closeReason: String { handshake.notice?.reason ?? "" }

    /// The next message, or nil when there will be none: `closeCode` says why. Throws only when the task is cancelled or
    /// its deadline passes; the socket lives on then.
    public func next() async throws -> Message? {
        while true {
            if let message = queue.take() {
                if queue.hasRoom, transport.isReadingPaused, handshake.phase != .ended { resumeReading() }
                return message
            }
            guard isOpen else { return nil }
            precondition(reader == nil, "two tasks read one WebSocket at once")
            let waiter = Waiter<Void>("a WebSocket message")
            reader = waiter
            defer { reader = nil }
            try await waiter.value()
        }
    }

    /// Says goodbye. What was sent before still goes out; what the peer sends meanwhile is thrown away.
    public func close(_ code: CloseCode = .normal, _ reason: String = "") {
        precondition(code == .noStatus || code.isSendable, "\(code.rawValue) cannot be sent as a close code")
        follow(handshake.closeHere(CloseNotice(code, reason)))
        queue.removeAll()
        if transport.isReadingPaused { resumeReading() }
    }

    /// Waits until both sides have closed, or the peer has had its time for it.
    public func closed() async throws {
        guard handshake.phase != .ended else { return }
        let waiter = Waiter<Void>("the peer's part in closing")
        closers.append(waiter)
        defer { closers.removeAll { $0 === waiter } }
        try await waiter.value()
    }

    // MARK: input

    /// For bytes that came behind the handshake, too.
    func receive(_ bytes: UnsafeRawBufferPointer) {
        keepAlive?.hear(at: Loop.now)
        guard handshake.readsFrames else { return }
        let isFramed = codec.receive(bytes) { piece in
            obey(assembly.take(piece))
            return handshake.readsFrames
        }
        if !isFramed { fail(.protocolError, "these bytes are no frame") }
    }

    private func obey(_ outcome: MessageAssembly.Outcome) {
        switch outcome {
        case .nothing, .pong: break
        case .message(let message): accept(message)
        case .ping(let payload): answerPing(payload)
        case .close(let notice): follow(handshake.peerClosed(notice))
        case .violation(let notice): follow(handshake.fail(notice))
        }
    }

    private func accept(_ message: Message) {
        guard isOpen else { return }
        queue.append(message)
        if queue.isFull, !transport.isReadingPaused { transport.isReadingPaused = true }
        reader?.finish(.success(()))
    }

    private func resumeReading() {
        // Its silence was our doing.
        keepAlive?.hear(at: Loop.now)
        transport.isReadingPaused = false
    }

    private func answerPing(_ payload: [UInt8]) {
        guard isOpen else { return }
        // RFC 6455 §5.5.3 allows to answer only the newest of several pings.
        guard transport.unsentBytes < settings.unsent else {
            unansweredPing = payload
            return
        }
        payload.withUnsafeBytes { write(Opcode.pong, $0) }
    }

    // MARK: output

    func write(_ opcode: UInt8, isFinal: Bool = true, _ bytes: UnsafeRawBufferPointer) {
        codec.send(opcode, isFinal: isFinal, bytes)
    }

    private func drained() {
        if let payload = unansweredPing {
            unansweredPing = nil
            answerPing(payload)
        }
        stallTimer.cancel()
        roomWaiter?.finish(.success(()))
        if hasRefused {
            hasRefused = false
            onRoom?()
        }
    }

    // MARK: the end

    func fail(_ code: CloseCode, _ reason: String) {
        follow(handshake.fail(CloseNotice(code, reason)))
    }

    private func departed() {
        handshake.departed()
        settleEnd()
    }

    private func closingTookTooLong() { follow(handshake.timeIsUp()) }

    private func follow(_ steps: [CloseHandshake.Step]) {
        for step in steps {
            switch step {
            case .send(let notice): notice.payload.withUnsafeBytes { write(Opcode.close, $0) }
            case .startTimer: closeTimer.schedule(after: settings.closePatience)
            case .endStream: transport.close()
            }
        }
        if !isOpen { settleEnd() }
    }

    /// Tells everybody what the state says; may come more than once.
    private func settleEnd() {
        pingTimer.cancel()
        stallTimer.cancel()
        reader?.finish(.success(()))
        roomWaiter?.finish(.success(()))
        let told = onEnd
        onEnd = nil
        onRoom = nil
        told?()
        guard handshake.phase == .ended else { return }
        closeTimer.cancel()
        for waiter in closers { waiter.finish(.success(())) }
        transport.onBytes = nil
        transport.onClose = nil
        transport.onDrain = nil
        lifeline = nil
    }

    private func askPeer() {
        guard isOpen else { return }
        if transport.isReadingPaused { keepAlive?.hear(at: Loop.now) }
        switch keepAlive?.tick(at: Loop.now) {
        case .ping: write(Opcode.ping, UnsafeRawBufferPointer(start: nil, count: 0))
        case .departed:
            handshake.departed()
            transport.close()
            return settleEnd()
        case .nothing, nil: break
        }
        if let keepAlive { pingTimer.schedule(at: keepAlive.due) }
    }
}
