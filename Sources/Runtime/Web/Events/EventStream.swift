/// A stream of server-sent events to one client, which pings by itself while nothing else is sent.
///
/// At `ResponseWriter.highWater` bytes that the client has not taken, `send` waits and `sendNow` refuses. An idle stream
/// holds no task: `response(_:wire:)` only wires up callbacks.
@Loop
public final class EventStream {
    public struct Settings: Sendable {
        /// After this much silence at the beginning the first `: ping` is sent; nil sends none ever.
        public var firstPing: Duration? = .seconds(1)
        /// Later ones after this much silence.
        public var pingPeriod = Duration.seconds(10)

        public init() {}
    }

    private let writer: ResponseWriter
    private let sending = Turnstile("the event before this one")
    private var silence: Silence?
    private var timer: Timer?

    /// Called when `sendNow` is welcome again after it refused.
    public var onRoom: (() -> Void)?
    /// Called once when the client has gone before `end`.
    public var onGone: (() -> Void)?

    private init(_ writer: ResponseWriter, _ settings: Settings) {
        self.writer = writer
        if let first = settings.firstPing {
            silence = Silence(first: first, period: settings.pingPeriod, now: Loop.now)
            let timer = Timer { [self] in tick() }
            self.timer = timer
            timer.schedule(after: first)
        }
        writer.onGone = { [self] in gone() }
        writer.onRoom = { [weak self] in self?.onRoom?() }
    }

    // MARK: answers

    /// An answer that lasts until `end`, or the client's leaving. `wire` returns at once and keeps the stream wherever
    /// its events come from; no task waits.
    public static func response(
        _ settings: Settings = Settings(), headers: Headers = Headers(),
        wire: @escaping @Loop (EventStream) -> Void
    ) -> Response {
        response(headers, .source { writer in wire(EventStream(writer, settings)) })
    }

    /// An answer that lasts as long as `body` runs.
    public static func response(
        _ settings: Settings = Settings(), headers: Headers = Headers(),
        body: @escaping @Loop (EventStream) async throws -> Void
    ) -> Response {
        response(
            headers,
            .stream { writer in
                let stream = EventStream(writer, settings)
                defer { stream.stop() }
                try await body(stream)
            })
    }

    private static func response(_ headers: Headers, _ body: Response.Body) -> Response {
        var headers = headers
        // A cache or a buffering proxy would hold events back.
        headers["Cache-Control"] = "no-cache"
        headers["X-Accel-Buffering"] = "no"
        return Response(200, headers, mediaType: "text/event-stream; charset=utf-8", body: body)
    }

    /// The id of the last event that a client which reconnects has seen.
    public static func lastEventID(of request: Request) -> String? {
        guard let id = request.headers["last-event-id"], !id.isEmpty else { return nil }
        return id
    }

    // MARK: sending

    public var isGone: Bool { writer.isGone }

    /// Sends one event if the client keeps up; false, and nothing sent, when it does not or is gone.
    @discardableResult
    public func sendNow(event: String? = nil, id: String? = nil, data: String) -> Bool {
        var data = data
        return data.withUTF8 { sendNow(event: event, id: id, UnsafeRawBufferPointer($0)) }
    }

    @discardableResult
    public func sendNow(event: String? = nil, id: String? = nil, data: [UInt8]) -> Bool {
        data.withUnsafeBytes { sendNow(event: event, id: id, $0) }
    }

    /// Sends one event, and waits while the client is slow. Throws when it is gone.
    public func send(event: String? = nil, id: String? = nil, data: String) async throws {
        if !sending.isTaken, sendNow(event: event, id: id, data: data) { return }
        var data = data
        try await sendInTurn(data.withUTF8 { EventText.event(name: event, id: id, data: UnsafeRawBufferPointer($0)) })
    }

    public func send(event: String? = nil, id: String? = nil, data: [UInt8]) async throws {
        if !sending.isTaken, sendNow(event: event, id: id, data: data) { return }
        try await sendInTurn(data.withUnsafeBytes { EventText.event(name: event, id: id, data: $0) })
    }

    @discardableResult
    public func comment(_ text: String) -> Bool { write(EventText.comment(text)) }

    /// How long the client shall wait before it reconnects.
    @discardableResult
    public func retry(after delay: Duration) -> Bool { write(EventText.retry(delay)) }

    /// Ends an answer made with `wire`; one with `body` ends when that returns.
    public func end() {
        stop()
        writer.end()
    }

    // MARK: within

    private func sendNow(event: String?, id: String?, _ data: UnsafeRawBufferPointer) -> Bool {
        guard hasRoom else { return false }
        return write(EventText.event(name: event, id: id, data: data))
    }

    private var hasRoom: Bool { !writer.isGone && writer.unsentBytes < ResponseWriter.highWater }

    private func write(_ bytes: [UInt8]) -> Bool {
        guard hasRoom else { return false }
        // Taken in any case while the client is there; the writer's no concerns the next one.
        writer.writeNow(bytes)
        silence?.speak(at: Loop.now)
        return true
    }

    private func sendInTurn(_ bytes: [UInt8]) async throws {
        try await sending.enter()
        defer { sending.leave() }
        try await writer.room()
        _ = write(bytes)
    }

    private func tick() {
        guard silence != nil, let timer else { return }
        if writer.isGone { return stop() }
        // A client that has not taken the last bytes needs no proof of life.
        if silence!.tick(at: Loop.now), writer.unsentBytes == 0 { writer.writeNow(": ping\n\n") }
        timer.schedule(at: silence!.due)
    }

    private func gone() {
        let told = onGone
        stop()
        told?()
    }

    private func stop() {
        timer?.cancel()
        timer = nil
        silence = nil
        onGone = nil
        onRoom = nil
        writer.onGone = nil
        writer.onRoom = nil
    }
}
