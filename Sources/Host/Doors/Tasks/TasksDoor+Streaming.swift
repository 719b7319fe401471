import Runtime

extension TasksDoor {
    // MARK: over a WebSocket

    func ticket(_ request: Request) async throws -> Response {
        let caller = try await desk.caller(request, door: name)
        let entry = try await desk.entry(request, .task, of: caller)
        let ticket = try desk.tickets.issue(for: entry)
        var json = JSONWriter()
        json.object { answer in
            answer.member("ticket", ticket)
            answer.member("expires_in", Int(TaskTickets.lifetime.inSeconds))
            answer.member("url", "/tasks/\(entry.run)/stream?ticket=\(ticket)")
        }
        return .json(json.finish(), status: 201)
    }

    func stream(_ request: Request) async throws -> Response {
        try desk.checkStreams()
        let entry = try await streamed(request)
        let filter = try TaskFilter(request.query)
        let (follower, gap, _) = try await desk.follower(entry, after: filter.after)
        let origins = try desk.intake.limits.origins
        let now = try desk.runs.now
        return WebSocket.accept(
            request, in: desk.streams,
            isAllowed: { origin, request in
                origins.contains(origin.lowercased()) || WebSocket.isSameOrigin(origin, request)
            }
        ) { [streams = desk.streams] socket in
            let feed = TaskSocket(socket, follower)
            try await feed.run(in: streams) { item in
                guard let message = TaskMessage(item, at: now()), filter.takes(message) else { return nil }
                return String(decoding: try message.json, as: UTF8.self)
            } first: {
                gap
            }
        }
    }

    /// By a ticket, else by a key.
    private func streamed(_ request: Request) async throws -> TaskEntry {
        if let ticket = request.query["ticket"] { return try desk.tickets.use(ticket, for: desk.id(request)) }
        let caller = try await desk.caller(request, door: name)
        return try await desk.entry(request, .task, of: caller)
    }

    // MARK: as events

    func events(_ request: Request) async throws -> Response {
        let caller = try await desk.caller(request, door: name)
        let entry = try await desk.entry(request, .task, of: caller)
        let filter = try TaskFilter(request.query, lastEventID: EventStream.lastEventID(of: request))
        let (follower, gap, _) = try await desk.follower(entry, after: filter.after)
        let now = try desk.runs.now
        return EventStream.response { (stream: EventStream) async throws in
            stream.onGone = { follower.close() }
            defer { follower.close() }
            var items = TaskItems(follower, first: gap)
            while let item = try await items.next() {
                guard let message = TaskMessage(item, at: now()), filter.takes(message) else { continue }
                try await stream.send(event: message.form.rawValue, id: String(message.number), data: message.json)
            }
        }
    }

    // MARK: to keep

    func output(_ request: Request) async throws -> Response {
        let caller = try await desk.caller(request, door: name)
        let entry = try await desk.entry(request, .task, of: caller)
        let format = request.query["format"] ?? "text"
        guard format == "text" || format == "jsonl" else {
            throw Fault(.invalidInput, "there is no format \"\(format.prefix(64))\"", hint: "text or jsonl")
        }
        var filter = try TaskFilter(request.query)
        // A text says nothing of how it came about.
        if format == "text" { filter.forms.remove(.status) }
        let (follower, _, run) = try await desk.follower(entry, after: filter.after)
        let (last, now) = (run.lastEvent, try desk.runs.now)
        let headers: Headers = [
            "Content-Disposition":
                "attachment; filename=\"\(entry.name)-\(entry.number).\(format == "text" ? "txt" : "jsonl")\""
        ]
        return .stream(
            200, headers, mediaType: format == "text" ? "text/plain; charset=utf-8" : "application/jsonl"
        ) { [filter] writer in
            defer { follower.close() }
            var text = OutputText()
            var given = follower.seen
            while given < last, let item = try await follower.next() {
                given = item.number
                guard let message = TaskMessage(item, at: now()) else { continue }
                guard format == "text" else {
                    if filter.takes(message) { try await writer.write(try message.json + [10]) }
                    continue
                }
                if message.form != .status, filter.takes(message) { try await writer.write(text.next(message)) }
            }
        }
    }
}

/// Output as one text: what is said in one go stays together, everything else begins a line.
private struct OutputText {
    private var part: String?
    private var endsLine = true

    mutating func next(_ message: TaskMessage) -> String {
        let own = message.more["part"]?.string
        let begins = own == nil || own != part
        let text = (begins && !endsLine ? "\n" : "") + message.data
        part = own
        if let last = message.data.unicodeScalars.last { endsLine = last == "\n" }
        return text
    }
}

/// One reader over a WebSocket, who says nothing that matters. One that does not take what it is sent is waited for, and
/// given up after a minute; it loses nothing, because the log keeps all of it.
@Loop
private final class TaskSocket {
    private let socket: WebSocket
    private let follower: RunFollower

    /// Messages of the other side; who talks on is no reader.
    private static let mostHeard = 100

    init(_ socket: WebSocket, _ follower: RunFollower) {
        self.socket = socket
        self.follower = follower
    }

    func run(
        in scope: Scope, _ shown: (RunFollower.Item) throws -> String?, first: () -> RunFollower.Item?
    ) async throws {
        // Pings are answered, and the other side's leaving is seen, only while somebody reads.
        let hearing = scope.spawn("hearing a reader of a task") { [socket, follower] in
            var heard = 0
            while try await socket.next() != nil {
                heard += 1
                if heard > TaskSocket.mostHeard { socket.close(.policyViolation, "a reader has nothing to say") }
            }
            follower.close()
        }
        defer {
            hearing.cancel()
            follower.close()
        }
        do {
            if let item = first() { try await send(item, shown) }
            while let item = try await follower.next() { try await send(item, shown) }
        } catch let fault as Fault where !Task.isCancelled {
            // It has gone, or we are about to: it goes on later, behind what it has.
            guard socket.isOpen else { return }
            guard fault.kind == .unavailable else { throw fault }
            socket.close(.goingAway, "the server stops")
        }
    }

    private func send(_ item: RunFollower.Item, _ shown: (RunFollower.Item) throws -> String?) async throws {
        if let text = try shown(item) { try await socket.send(text) }
    }
}
