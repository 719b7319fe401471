import Glibc

/// One piece of work with its beginning and end. After `end`, and when it is not recorded, every call does nothing.
@Loop
public final class TraceSpan {
    public enum Kind: Int, Sendable {
        case `internal` = 1
        case server, client, producer, consumer
    }

    enum Status: Sendable, Equatable {
        case unset, ok
        case error(String)
    }

    struct Event: Sendable {
        let name: String
        let time: UInt64
        let attributes: LogFields
    }

    static let attributeLimit = 32
    static let eventLimit = 32

    /// The span that the running task works in.
    public nonisolated static var current: TraceSpan? { CurrentSpan.span }

    public nonisolated let context: TraceContext
    let name: String
    private let kind: Kind
    private let parent: SpanID?
    private let beginning: UInt64
    private let began: Instant
    private var attributes = LogFields()
    private var events: [Event] = []
    private var droppedAttributes = 0
    private var droppedEvents = 0
    private var status = Status.unset
    /// Takes the finished span; nil when nothing is recorded, or not any more.
    private var sink: SpanBuffer?

    init(_ name: String, _ kind: Kind, _ context: TraceContext, parent: SpanID?, sink: SpanBuffer?) {
        self.name = name
        self.kind = kind
        self.context = context
        self.parent = parent
        self.sink = context.isSampled ? sink : nil
        beginning = self.sink == nil ? 0 : TraceSpan.wallClock
        began = self.sink == nil ? Instant(nanoseconds: 0) : .clock
    }

    public var isRecording: Bool { sink != nil }

    public func set(_ key: String, _ value: @autoclosure () -> LogValue) {
        guard isRecording else { return }
        guard attributes.pairs.count < TraceSpan.attributeLimit || attributes[key] != nil else {
            droppedAttributes += 1
            return
        }
        attributes[key] = value()
    }

    public func event(_ name: String, _ attributes: @autoclosure () -> LogFields = [:]) {
        guard isRecording else { return }
        guard events.count < TraceSpan.eventLimit else {
            droppedEvents += 1
            return
        }
        events.append(Event(name: name, time: now, attributes: attributes()))
    }

    /// Cancellation is no failure of the work; it is noted and no more.
    public func fail(_ error: any Error) {
        guard isRecording else { return }
        let fault = Fault(error)
        if fault.kind == .cancelled { return set("cancelled", true) }
        set("error.type", .text(fault.kind.rawValue))
        status = .error(fault.message)
    }

    public func succeed() { if status == .unset { status = .ok } }

    public func end() {
        guard let sink else { return }
        self.sink = nil
        sink.put(
            FinishedSpan(
                context: context, parent: parent, name: name, kind: kind, beginning: beginning, end: now,
                attributes: attributes, events: events, droppedAttributes: droppedAttributes,
                droppedEvents: droppedEvents, status: status))
    }

    /// On the wall, but never before the beginning: steps of the clock do not reach into a span.
    private var now: UInt64 { beginning &+ UInt64(max(0, (Instant.clock - began).nanoseconds)) }

    private static var wallClock: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}

enum CurrentSpan {
    @TaskLocal static var span: TraceSpan?
}

/// What is left of a span when it has ended.
struct FinishedSpan: Sendable {
    let context: TraceContext
    let parent: SpanID?
    let name: String
    let kind: TraceSpan.Kind
    let beginning: UInt64
    let end: UInt64
    let attributes: LogFields
    let events: [TraceSpan.Event]
    let droppedAttributes: Int
    let droppedEvents: Int
    let status: TraceSpan.Status
}

/// Finished spans that wait for the next export. Full, it drops the oldest and counts them.
@Loop
final class SpanBuffer {
    private let limit: Int
    private let batch: Int
    private var spans: [FinishedSpan] = []
    private var head = 0
    private(set) var dropped = 0
    /// Called when a whole batch is there.
    var onBatch: (() -> Void)?

    init(limit: Int, batch: Int) {
        self.limit = limit
        self.batch = batch
    }

    var count: Int { spans.count - head }

    func put(_ span: FinishedSpan) {
        if count >= limit {
            head += 1
            dropped += 1
        }
        if head > limit { compact() }
        spans.append(span)
        if count >= batch { onBatch?() }
    }

    func take() -> [FinishedSpan] {
        let taken = Array(spans[head..<min(spans.count, head + batch)])
        head += taken.count
        compact()
        return taken
    }

    /// In front of what has come since, as far as there is room.
    func putBack(_ older: [FinishedSpan]) {
        compact()
        let room = max(0, limit - spans.count)
        dropped += max(0, older.count - room)
        spans.insert(contentsOf: older.suffix(room), at: 0)
    }

    private func compact() {
        spans.removeSubrange(..<head)
        head = 0
    }
}
