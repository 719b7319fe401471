import Testing

@testable import Runtime

@Suite("trace context")
struct TraceContextTests {
    static let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test("traceparent goes in and comes out the same, with its tracestate")
    func roundTrip() throws {
        let context = try #require(TraceContext(traceparent: Self.good, tracestate: "vendor=1,other=2"))
        #expect(context.trace.description == "4bf92f3577b34da6a3ce929d0e0e4736")
        #expect(context.span.description == "00f067aa0ba902b7")
        #expect(context.isSampled)
        #expect(context.traceparent == Self.good)
        #expect(context.headers.map(\.name) == ["traceparent", "tracestate"])
        #expect(TraceContext(traceparent: String(Self.good.dropLast()) + "0")?.isSampled == false)
        #expect(TraceContext(traceparent: String(Self.good.dropLast(2)) + "ff")?.isSampled == true)
    }

    @Test("later versions may say more than this one knows")
    func future() {
        #expect(TraceContext(traceparent: "cc" + Self.good.dropFirst(2)) != nil)
        #expect(TraceContext(traceparent: "cc" + Self.good.dropFirst(2) + "-what-ever") != nil)
        #expect(TraceContext(traceparent: "cc" + Self.good.dropFirst(2) + "what") == nil)
        #expect(TraceContext(traceparent: Self.good + "-what") == nil)
    }

    @Test(
        "what the recommendation forbids starts a new trace",
        arguments: [
            "", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
            "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0é",
            " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
        ])
    func malformed(_ header: String) {
        #expect(TraceContext(traceparent: header) == nil)
    }

    @Test("a tracestate that is too long or not plain is left out")
    func state() {
        for state in ["", String(repeating: "a", count: 513), "a=\r\nInjected: 1", "ä=1"] {
            #expect(TraceContext(traceparent: Self.good, tracestate: state)?.state == nil)
        }
    }

    @Test("a share of new traces is recorded; who was called does as the caller did")
    func sampler() {
        var generator = SeededGenerator(seed: 3)
        func recorded(_ share: Double) -> Int {
            (0..<10_000).count { _ in
                let id = TraceID(high: 1, low: generator.next())
                return Sampler(share: share).samples(id, parent: nil)
            }
        }
        #expect(recorded(0) == 0)
        #expect(recorded(1) == 10_000)
        #expect(2200...2800 ~= recorded(0.25))
        let id = TraceID(high: 1, low: 1)
        for isSampled in [true, false] {
            let parent = TraceContext(trace: id, span: SpanID(value: 1), isSampled: isSampled)
            #expect(Sampler(share: isSampled ? 0 : 1).samples(id, parent: parent) == isSampled)
        }
    }
}
