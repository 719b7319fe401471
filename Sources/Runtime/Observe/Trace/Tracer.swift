/// Makes spans. One that is off makes none, and a span of it costs one comparison.
@Loop
public final class Tracer {
    /// `share` of new traces is recorded; who comes with a `traceparent` has decided already.
    public struct Settings: Sendable {
        public var service = "perigee"
        public var version = ""
        public var share = 1.0
        /// Finished spans that may wait; more push out the oldest.
        public var buffered = 4096
        public var batch = 512

        public init() {}
    }

    public static let off = Tracer()

    let settings: Settings
    let buffer: SpanBuffer?
    private let sampler: Sampler
    private let none = TraceSpan("", .internal, .none, parent: nil, sink: nil)

    public init(_ settings: Settings) {
        self.settings = settings
        sampler = Sampler(share: settings.share)
        buffer = SpanBuffer(limit: settings.buffered, batch: settings.batch)
    }

    private init() {
        settings = Settings()
        sampler = Sampler(share: 0)
        buffer = nil
    }

    public var isOn: Bool { buffer != nil }

    /// Spans that were pushed out before they could be sent.
    public var droppedSpans: Int { buffer?.dropped ?? 0 }

    /// Runs `body` in a span below `parent`, else below the current one. An error ends the span as failed.
    public func span<Value>(
        _ name: String, _ attributes: @autoclosure () -> LogFields = [:], kind: TraceSpan.Kind = .internal,
        parent: TraceContext? = nil, _ body: @Loop (TraceSpan) async throws -> Value
    ) async rethrows -> Value {
        guard isOn else { return try await body(none) }
        let span = begin(name, attributes(), kind: kind, parent: parent)
        defer { span.end() }
        return try await CurrentSpan.$span.withValue(span) {
            do {
                return try await body(span)
            } catch {
                span.fail(error)
                throw error
            }
        }
    }

    /// A span for callbacks, which end it themselves. It is nobody's current span.
    public func begin(
        _ name: String, _ attributes: @autoclosure () -> LogFields = [:], kind: TraceSpan.Kind = .internal,
        parent: TraceContext? = nil
    ) -> TraceSpan {
        guard isOn else { return none }
        let parent = parent ?? TraceSpan.current?.context
        let trace = parent?.trace ?? TraceID(high: .random(in: 1...UInt64.max), low: .random(in: 0...UInt64.max))
        let context = TraceContext(
            trace: trace, span: SpanID(value: .random(in: 1...UInt64.max)),
            isSampled: sampler.samples(trace, parent: parent), state: parent?.state)
        let span = TraceSpan(name, kind, context, parent: parent?.span, sink: buffer)
        if span.isRecording {
            for pair in attributes().pairs { span.set(pair.key, pair.value) }
        }
        return span
    }
}
