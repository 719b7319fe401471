import Testing

@testable import Runtime

/// A collector that answers as it is told, and remembers what it got.
@Loop
private final class Collector {
    enum Reply {
        case answer(SpanExporter.Answer)
        case failure
        case silence
    }

    var replies: [Reply]
    private(set) var bodies: [[UInt8]] = []
    private(set) var headers: [(name: String, value: String)] = []
    let arrivals = Mailbox<Int>("spans")

    init(_ replies: [Reply]) { self.replies = replies }

    func take(_ body: [UInt8], _ headers: [(name: String, value: String)]) async throws -> SpanExporter.Answer {
        bodies.append(body)
        self.headers = headers
        arrivals.send(bodies.count)
        switch replies.isEmpty ? .answer(.init(status: 200)) : replies.removeFirst() {
        case .answer(let answer): return answer
        case .failure: throw Fault(.unavailable, "connection refused")
        case .silence: return try await Waiter<SpanExporter.Answer>("the collector").value()
        }
    }

    func names(_ place: Int) throws -> [String] {
        let scope = try StrictJSON.parse(bodies[place])["resourceSpans"]?[0]?["scopeSpans"]?[0]?["spans"]
        guard case .array(let spans)? = scope else { return [] }
        return spans.compactMap { $0["name"]?.text }
    }
}

@Suite("span exporter")
@Loop
struct SpanExporterTests {
    private func tracer(batch: Int = 3) -> Tracer {
        var settings = Tracer.Settings()
        settings.buffered = 10
        settings.batch = batch
        return Tracer(settings)
    }

    /// Runs an exporter beside `body`, which gets a pipe of its log.
    private func exporting(
        _ tracer: Tracer, _ collector: Collector, interval: Duration = .seconds(600),
        patience: Duration = .seconds(10), _ body: @Loop (SpanExporter, LogPipe, Log) async throws -> Void
    ) async throws {
        let pipe = LogPipe()
        let log = pipe.log()
        let exporter = SpanExporter(
            tracer, headers: [("x-key", "k")], log: log, interval: interval, patience: patience,
            send: { body, headers in try await collector.take(body, headers) })
        let scope = Scope("traces") { task, error in Issue.record("\(task): \(error)") }
        scope.spawn("export") { try await exporter.run() }
        try await Deadline.within(.seconds(20)) { try await body(exporter, pipe, log) }
        await scope.close()
    }

    @Test("a full batch goes at once, as JSON and with the collector's headers")
    func batches() async throws {
        let tracer = tracer()
        let collector = Collector([])
        try await exporting(tracer, collector) { exporter, _, _ in
            await Loop.yield()
            for number in 0..<7 { tracer.begin("s\(number)").end() }
            while exporter.sentSpans < 6 { await Loop.yield() }
            let names = [try collector.names(0), try collector.names(1)]
            #expect(names == [["s0", "s1", "s2"], ["s3", "s4", "s5"]])
            #expect(collector.headers.map(\.name) == ["content-type", "x-key"])
            #expect(tracer.buffer?.count == 1)
        }
    }

    @Test("what is no full batch goes after the interval")
    func interval() async throws {
        let tracer = tracer(batch: 100)
        let collector = Collector([])
        try await exporting(tracer, collector, interval: .milliseconds(5)) { exporter, _, _ in
            tracer.begin("lonely").end()
            _ = try await collector.arrivals.next()
            #expect(try collector.names(0) == ["lonely"])
        }
    }

    @Test("a collector that is busy gets the same batch again after the pause it asked for")
    func retries() async throws {
        let tracer = tracer()
        let collector = Collector([
            .answer(.init(status: 503, retryAfter: .milliseconds(1))),
            .answer(.init(status: 429, retryAfter: .milliseconds(1))),
        ])
        try await exporting(tracer, collector) { exporter, _, _ in
            for number in 0..<3 { tracer.begin("s\(number)").end() }
            while exporter.sentSpans < 3 { try await Loop.sleep(for: .milliseconds(1)) }
            #expect(collector.bodies.count == 3)
            #expect(collector.bodies[0] == collector.bodies[2])
            #expect(exporter.lostSpans == 0)
        }
    }

    @Test("a refusal is said in the log, counted, and not repeated")
    func refusal() async throws {
        let tracer = tracer()
        let collector = Collector([.answer(.init(status: 401))])
        try await exporting(tracer, collector) { exporter, pipe, log in
            for number in 0..<3 { tracer.begin("s\(number)").end() }
            while exporter.lostSpans == 0 { try await Loop.sleep(for: .milliseconds(1)) }
            #expect(exporter.lostSpans == 3)
            let line = try StrictJSON.parse(pipe.lines(of: log)[0])
            #expect(line["message"] == .string("spans were not delivered: the collector answered 401"))
            for number in 3..<6 { tracer.begin("s\(number)").end() }
            while exporter.sentSpans < 3 { try await Loop.sleep(for: .milliseconds(1)) }
            #expect(collector.bodies.count == 2)
        }
    }

    @Test("who is stopped in the middle of a delivery loses nothing: the flush at the end sends it")
    func stopped() async throws {
        let tracer = tracer()
        let collector = Collector([.silence])
        var kept: SpanExporter?
        try await exporting(tracer, collector) { exporter, _, _ in
            kept = exporter
            for number in 0..<3 { tracer.begin("s\(number)").end() }
            _ = try await collector.arrivals.next()
        }
        #expect(tracer.buffer?.count == 3)
        await kept?.flush(atMost: .seconds(10))
        #expect(kept?.sentSpans == 3)
        #expect(try collector.names(1) == ["s0", "s1", "s2"])
    }

    @Test("a flush ends when its time is over, whatever the collector does")
    func flushBound() async throws {
        let tracer = tracer()
        let collector = Collector([.failure, .silence, .silence])
        let exporter = SpanExporter(
            tracer, log: LogPipe().log(), send: { body, headers in try await collector.take(body, headers) })
        for number in 0..<9 { tracer.begin("s\(number)").end() }
        await Deadline.within(.seconds(20)) { await exporter.flush(atMost: .milliseconds(10)) }
        #expect(exporter.lostSpans == 9)
        #expect(tracer.buffer?.count == 0)
    }

    @Test("an attempt that is never answered ends at its deadline and is tried again")
    func silence() async throws {
        let tracer = tracer()
        let collector = Collector([.silence, .answer(.init(status: 200))])
        try await exporting(tracer, collector, patience: .milliseconds(5)) { exporter, _, _ in
            for number in 0..<3 { tracer.begin("s\(number)").end() }
            while exporter.sentSpans < 3 { try await Loop.sleep(for: .milliseconds(5)) }
            #expect(collector.bodies.count == 2)
        }
    }

    @Test("off, there is nothing to export and the task ends")
    func off() async throws {
        let exporter = SpanExporter(Tracer.off, log: LogPipe().log()) { _, _ in .init(status: 200) }
        try await exporter.run()
        await exporter.flush()
        #expect(exporter.sentSpans == 0)
    }

    @Test("the rule: what is worth another try, how long to wait, and when to give up")
    func rule() {
        var rule = ExportRule()
        let delivered = rule.next(.answered(status: 202, retryAfter: nil), jitter: 0)
        #expect(delivered == .delivered)
        var pauses: [ExportRule.Action] = []
        for jitter in [0.0, 1, 0, 1] { pauses.append(rule.next(.failed("refused"), jitter: jitter)) }
        #expect(
            pauses == [
                .retry(after: .milliseconds(500)), .retry(after: .seconds(2)), .retry(after: .seconds(2)),
                .retry(after: .seconds(8)),
            ])
        let last = rule.next(.failed("refused"), jitter: 0)
        #expect(last == .giveUp("refused, 5 times"))
        for status in [400, 401, 404, 413, 500, 301] {
            var fresh = ExportRule()
            let action = fresh.next(.answered(status: status, retryAfter: .seconds(1)), jitter: 0)
            #expect(action == .giveUp("the collector answered \(status)"))
        }
        for status in [429, 502, 503, 504] {
            var fresh = ExportRule()
            let action = fresh.next(.answered(status: status, retryAfter: .seconds(7)), jitter: 1)
            #expect(action == .retry(after: .seconds(7)))
        }
        var patient = ExportRule()
        let asked = patient.next(.answered(status: 503, retryAfter: .seconds(3600)), jitter: 0)
        #expect(asked == .giveUp("the collector answered 503 and asks for a pause of 3600.0 seconds"))
    }
}
