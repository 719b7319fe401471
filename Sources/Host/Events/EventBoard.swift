import Runtime

/// What happens here, in one order, for whoever watches: the newest are kept, and older ones are told to be missing.
///
/// Numbers grow over restarts too, because the first of a process is its wall clock.
@Loop
final class EventBoard {
    struct Event: Sendable {
        let number: Int64
        let kind: String
        /// Whose it is; nil for what concerns only the owner.
        let user: String?
        let json: [UInt8]
    }

    /// How many are kept.
    static let most = 4096

    private var events: [Event] = []
    private var start = 0
    private(set) var last: Int64
    private var feeds: [ObjectIdentifier: EventFeed] = [:]
    private let now: @Loop () -> Int64

    init(now: @escaping @Loop () -> Int64) {
        self.now = now
        last = now() * 1000
    }

    var count: Int { events.count }
    /// How many watch.
    var feedCount: Int { feeds.count }
    /// The oldest that is kept; the next one to come when none is.
    var first: Int64 { events.isEmpty ? last + 1 : last - Int64(events.count) + 1 }

    func tell(_ kind: String, user: String? = nil, _ fields: JSONObject) {
        last += 1
        var shown: JSONObject = [
            "number": .integer(last), "kind": .string(kind), "at": .string(JobTime.text(now())),
        ]
        for field in fields { shown[field.key] = field.value }
        let json: [UInt8]
        do {
            json = try JSON.encode(JSONValue.object(shown))
        } catch {
            // A number that JSON has no form for; its place in the order stays.
            json = Array("{\"number\":\(last),\"kind\":\"\(kind)\"}".utf8)
        }
        let event = Event(number: last, kind: kind, user: user, json: json)
        if events.count < EventBoard.most {
            events.append(event)
        } else {
            events[start] = event
            start = (start + 1) % EventBoard.most
        }
        for feed in Array(feeds.values) { feed.goOn() }
    }

    /// Nil when it has not come yet, or is kept no more.
    subscript(number: Int64) -> Event? {
        guard number >= first, number <= last, !events.isEmpty else { return nil }
        return events[(start + Int(number - first)) % events.count]
    }

    func add(_ feed: EventFeed) { feeds[ObjectIdentifier(feed)] = feed }
    func remove(_ feed: EventFeed) { feeds[ObjectIdentifier(feed)] = nil }

    /// Every watcher's stream ends; a client that comes back goes on behind what it has.
    func close() {
        for feed in Array(feeds.values) { feed.end() }
        feeds = [:]
    }
}

/// Carries events into one stream, as fast as its client takes them. Who is slower than the board is told what was missed.
@Loop
final class EventFeed {
    private weak var board: EventBoard?
    private let stream: EventStream
    private let user: String?
    private let kinds: Set<String>
    private var next: Int64
    private var isSending = false

    /// After 0 means all that is kept; nil means from now on. A number that is not reached yet was another board's.
    init(_ board: EventBoard, _ stream: EventStream, after: Int64?, user: String?, kinds: Set<String>) {
        self.board = board
        self.stream = stream
        self.user = user
        self.kinds = kinds
        switch after {
        case nil: next = board.last + 1
        case 0?: next = board.first
        case let number? where number > board.last: next = 0
        case let number?: next = number + 1
        }
    }

    func start() {
        guard let board else { return stream.end() }
        board.add(self)
        stream.onGone = { [self] in self.board?.remove(self) }
        stream.onRoom = { [weak self] in self?.goOn() }
        goOn()
    }

    func goOn() {
        guard !isSending, let board else { return }
        isSending = true
        defer { isSending = false }
        if next < board.first {
            let data = "{\"from\":\(next),\"to\":\(board.first - 1)}"
            guard stream.sendNow(event: "missing", id: String(board.first - 1), data: data) else { return }
            next = board.first
        }
        while let event = board[next] {
            let isMeant = (user == nil || event.user == user) && (kinds.isEmpty || kinds.contains(event.kind))
            if isMeant {
                guard stream.sendNow(event: event.kind, id: String(event.number), data: event.json) else { return }
            }
            next += 1
        }
    }

    func end() { stream.end() }
}
