/// Sends finished spans to a collector, in batches, over whatever client it is given.
@Loop
public final class SpanExporter {
    public struct Answer: Sendable {
        public let status: Int
        public let retryAfter: Duration?

        public init(status: Int, retryAfter: Duration? = nil) {
            self.status = status
            self.retryAfter = retryAfter
        }
    }

    /// Posts a body with these headers to the collector's `/v1/traces`.
    public typealias Send = @Loop (_ body: [UInt8], _ headers: [(name: String, value: String)]) async throws -> Answer

    private let tracer: Tracer
    private let text: OTLPText
    private let headers: [(name: String, value: String)]
    private let log: Log
    private let interval: Duration
    private let patience: Duration
    private let send: Send
    private var wake: Waiter<Void>?

    public private(set) var sentSpans = 0
    /// Spans that the collector would not take.
    public private(set) var lostSpans = 0

    /// `headers` are added to each request (keys of the collector); `patience` bounds one attempt.
    public init(
        _ tracer: Tracer, headers: [(name: String, value: String)] = [], log: Log,
        interval: Duration = .seconds(5), patience: Duration = .seconds(10), send: @escaping Send
    ) {
        self.tracer = tracer
        self.headers = [("content-type", "application/json")] + headers
        self.log = log.part("traces")
        self.interval = interval
        self.patience = patience
        self.send = send
        text = OTLPText(service: tracer.settings.service, version: tracer.settings.version, secrets: log.secrets)
    }

    /// Sends a batch when one is full, and what there is after each interval, until its task is cancelled.
    public func run() async throws {
        guard let buffer = tracer.buffer else { return }
        buffer.onBatch = { [weak self] in self?.wake?.finish(.success(())) }
        defer { buffer.onBatch = nil }
        while true {
            if buffer.count < tracer.settings.batch { try await pause(interval) }
            let spans = buffer.take()
            if !spans.isEmpty { try await deliver(spans) }
        }
    }

    /// Sends what is left, each batch once, while there is time: at the end of the program.
    public func flush(atMost limit: Duration = .seconds(2)) async {
        let deadline = Instant.clock + limit
        while let spans = tracer.buffer?.take(), !spans.isEmpty {
            let outcome = await Deadline.lifted { await Deadline.by(deadline) { await attempt(spans) } }
            var rule = ExportRule()
            if rule.next(outcome, jitter: 0) == .delivered {
                sentSpans += spans.count
            } else {
                lostSpans += spans.count
            }
        }
    }

    /// While a batch waits for its next attempt, the buffer behind it drops its oldest when it is full.
    private func deliver(_ spans: [FinishedSpan]) async throws {
        var rule = ExportRule()
        var isSettled = false
        // Who is cancelled in between leaves the batch to `flush`.
        defer { if !isSettled { tracer.buffer?.putBack(spans) } }
        while true {
            let outcome = await attempt(spans)
            if case .failed = outcome { try Task.checkCancellation() }
            switch rule.next(outcome, jitter: .random(in: 0...1)) {
            case .delivered:
                sentSpans += spans.count
                isSettled = true
                return
            case .retry(let delay): try await Loop.sleep(for: delay)
            case .giveUp(let reason):
                lostSpans += spans.count
                log.warning("spans were not delivered: \(reason)", ["spans": LogValue(spans.count)])
                isSettled = true
                return
            }
        }
    }

    private func attempt(_ spans: [FinishedSpan]) async -> ExportRule.Outcome {
        do {
            let answer = try await Deadline.within(patience) { try await send(text.body(spans), headers) }
            return .answered(status: answer.status, retryAfter: answer.retryAfter)
        } catch {
            return .failed(Fault(error).message)
        }
    }

    private func pause(_ length: Duration) async throws {
        let waiter = Waiter<Void>("the next batch of spans")
        let timer = Timer { waiter.finish(.success(())) }
        timer.schedule(after: length)
        wake = waiter
        defer {
            timer.cancel()
            wake = nil
        }
        try await waiter.value()
    }
}
