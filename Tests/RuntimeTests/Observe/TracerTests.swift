import Testing

@testable import Runtime

@Suite("traces")
@Loop
struct TracerTests {
    private func tracer(buffered: Int = 100, batch: Int = 50, share: Double = 1) -> Tracer {
        var settings = Tracer.Settings()
        settings.service = "test"
        settings.version = "1.2"
        settings.buffered = buffered
        settings.batch = batch
        settings.share = share
        return Tracer(settings)
    }

    private func spans(_ body: [UInt8]) throws -> [StrictJSON] {
        let json = try StrictJSON.parse(body)
        guard case .array(let spans)? = json["resourceSpans"]?[0]?["scopeSpans"]?[0]?["spans"] else { return [] }
        return spans
    }

    private func text(_ secrets: Redactor = Redactor()) -> OTLPText {
        OTLPText(service: "test", version: "1.2", secrets: secrets)
    }

    @Test("spans nest by task, say whose child they are, and go out as OTLP")
    func nesting() async throws {
        let tracer = tracer()
        let parent = try #require(TraceContext(traceparent: TraceContextTests.good, tracestate: "v=1"))
        await tracer.span("outer", ["path": "/x", "n": 3, "ok": true, "f": 0.5], kind: .server, parent: parent) {
            outer in
            #expect(TraceSpan.current === outer)
            #expect(outer.context.headers[1].value == "v=1")
            outer.event("half way", ["at": 1])
            await tracer.span("inner", kind: .client) { inner in
                await Loop.yield()
                #expect(TraceSpan.current === inner)
                #expect(inner.context.trace == outer.context.trace)
                inner.succeed()
            }
            #expect(TraceSpan.current === outer)
        }
        #expect(TraceSpan.current == nil)
        let body = text().body(try #require(tracer.buffer).take())
        let json = try StrictJSON.parse(body)
        let resource = json["resourceSpans"]?[0]?["resource"]?["attributes"]?[0]
        #expect(resource?["key"] == .string("service.name"))
        #expect(resource?["value"]?["stringValue"] == .string("test"))
        let all = try spans(body)
        #expect(all.map { $0["name"]?.text } == ["inner", "outer"])
        #expect(all[1]["traceId"] == .string("4bf92f3577b34da6a3ce929d0e0e4736"))
        #expect(all[1]["parentSpanId"] == .string("00f067aa0ba902b7"))
        #expect(all[0]["parentSpanId"] == all[1]["spanId"])
        #expect(all[1]["kind"] == .number("2"))
        #expect(all[0]["status"]?["code"] == .number("1"))
        #expect(all[1]["attributes"]?[1]?["value"]?["intValue"] == .string("3"))
        #expect(all[1]["attributes"]?[2]?["value"]?["boolValue"] == .bool(true))
        #expect(all[1]["attributes"]?[3]?["value"]?["doubleValue"] == .number("0.5"))
        #expect(all[1]["events"]?[0]?["name"] == .string("half way"))
        let begin = try #require(all[0]["startTimeUnixNano"]?.text.flatMap(UInt64.init))
        let end = try #require(all[0]["endTimeUnixNano"]?.text.flatMap(UInt64.init))
        #expect(begin <= end && begin > 1_700_000_000_000_000_000)
    }

    @Test("an error marks the span and passes on; a cancellation is no error; both end the span")
    func failures() async throws {
        let tracer = tracer()
        await #expect(throws: Fault.self) {
            try await tracer.span("bad") { _ in throw Fault(.unavailable, "the engine is away") }
        }
        await #expect(throws: Fault.self) { try await tracer.span("left") { _ in throw Fault.cancelled } }
        let all = try spans(text().body(try #require(tracer.buffer).take()))
        #expect(all[0]["status"]?["code"] == .number("2"))
        #expect(all[0]["status"]?["message"] == .string("the engine is away"))
        #expect(all[0]["attributes"]?[0]?["value"]?["stringValue"] == .string("unavailable"))
        #expect(all[1]["status"]?["code"] == nil)
        #expect(all[1]["attributes"]?[0]?["key"] == .string("cancelled"))
    }

    @Test("off, or not sampled, nothing is evaluated or kept; what is not sampled still tells its callees")
    func unsampled() async throws {
        var evaluated = 0
        func fields() -> LogFields {
            evaluated += 1
            return [:]
        }
        let value = await Tracer.off.span("x", fields()) { span in
            span.set("k", .integer(Int64(fields().pairs.count)))
            return TraceSpan.current == nil && span.context.headers.isEmpty
        }
        #expect(value && evaluated == 0)
        let tracer = tracer(share: 0)
        await tracer.span("x", fields()) { span in
            span.event("e", fields())
            #expect(span.context.traceparent.hasSuffix("-00"))
            await tracer.span("y") { inner in #expect(inner.context.trace == span.context.trace) }
        }
        #expect(evaluated == 0)
        #expect(tracer.buffer?.count == 0)
    }

    @Test("a span has bounds, counts what is over them, ends once, and hides secrets")
    func bounds() async throws {
        let tracer = tracer()
        let span = tracer.begin("callback")
        for number in 0..<50 {
            span.set("a\(number)", LogValue(number))
            span.event("e\(number)")
        }
        span.set("a0", "changed")
        span.end()
        span.end()
        span.set("late", 1)
        let secret = tracer.begin("uses hunter2hunter2", ["api_key": "abc", "url": "x hunter2hunter2"])
        secret.end()
        let secrets = Redactor()
        secrets.add("hunter2hunter2")
        let body = text(secrets).body(try #require(tracer.buffer).take())
        let all = try spans(body)
        #expect(all.count == 2)
        #expect(all[0]["attributes"]?.count == 32)
        #expect(all[0]["attributes"]?[0]?["value"]?["stringValue"] == .string("changed"))
        #expect(all[0]["droppedAttributesCount"] == .number("18"))
        #expect(all[0]["events"]?.count == 32)
        #expect(all[0]["droppedEventsCount"] == .number("18"))
        let plain = String(decoding: body, as: UTF8.self)
        #expect(!plain.contains("hunter2") && !plain.contains("\"abc\""))
        #expect(all[1]["name"] == .string("uses •••"))
    }

    @Test("a span that callbacks begin inherits the current one but is nobody's current span")
    func callbacks() async throws {
        let tracer = tracer()
        await tracer.span("outer") { outer in
            let inner = tracer.begin("inner")
            #expect(inner.context.trace == outer.context.trace)
            #expect(TraceSpan.current === outer)
            inner.end()
        }
        let alone = tracer.begin("alone", parent: nil)
        alone.end()
        let all = try spans(text().body(try #require(tracer.buffer).take()))
        #expect(all[0]["parentSpanId"] == all[1]["spanId"])
        #expect(all[2]["parentSpanId"] == nil)
        #expect(all[2]["traceId"] != all[1]["traceId"])
    }

    @Test("an export of odd text is still valid JSON")
    func oddText() async throws {
        let tracer = tracer()
        for odd in ["\"", "\\", "\n\u{0}\u{7f}", "\u{2028}", "é🙂", ""] {
            let span = tracer.begin(odd, [odd: .text(odd), "nan": .number(.nan)])
            span.event(odd, [odd: .number(.infinity)])
            span.fail(Fault(.internal, odd))
            span.end()
        }
        let all = try spans(text().body(try #require(tracer.buffer).take()))
        #expect(all.map { $0["name"]?.text } == ["\"", "\\", "\n\u{0}\u{7f}", "\u{2028}", "é🙂", ""])
        #expect(all.allSatisfy { $0["name"] == $0["status"]?["message"] })
    }

    @Test("a full buffer drops the oldest and counts them, and gives back what was put back as far as there is room")
    func buffer() throws {
        let tracer = tracer(buffered: 10, batch: 4)
        for number in 0..<25 { tracer.begin("s\(number)").end() }
        let buffer = try #require(tracer.buffer)
        #expect(buffer.count == 10)
        #expect(tracer.droppedSpans == 15)
        let first = buffer.take()
        #expect(first.map(\.name) == ["s15", "s16", "s17", "s18"])
        for number in 25..<28 { tracer.begin("s\(number)").end() }
        buffer.putBack(first)
        #expect(buffer.count == 10)
        #expect(tracer.droppedSpans == 18)
        #expect(buffer.take().map(\.name) == ["s18", "s19", "s20", "s21"])
    }

    @Test("a line that is logged in a span bears its ids")
    func logged() async throws {
        let pipe = LogPipe()
        let log = pipe.log()
        let tracer = tracer()
        await tracer.span("x") { _ in log.info("inside") }
        log.info("outside")
        let lines = try pipe.lines(of: log).map { try StrictJSON.parse($0) }
        #expect(lines[0]["trace"]?.text?.utf8.count == 32)
        #expect(lines[0]["span"]?.text?.utf8.count == 16)
        #expect(lines[1]["trace"] == nil)
    }
}
