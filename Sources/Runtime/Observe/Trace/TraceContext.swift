/// Sixteen bytes that one trace bears across all programs; never all zero.
public struct TraceID: Sendable, Hashable, CustomStringConvertible {
    let high: UInt64
    let low: UInt64

    public var description: String { TraceHex.text(high) + TraceHex.text(low) }
}

/// Eight bytes of one span; never zero.
public struct SpanID: Sendable, Hashable, CustomStringConvertible {
    let value: UInt64

    public var description: String { TraceHex.text(value) }
}

/// Where in which trace something happens: what crosses from program to program as W3C `traceparent`.
public struct TraceContext: Sendable, Hashable {
    public let trace: TraceID
    public let span: SpanID
    public let isSampled: Bool
    /// `tracestate` of other vendors, passed on unread.
    public let state: String?

    static let longestState = 512
    /// Of work that nobody traces.
    static let none = TraceContext(trace: TraceID(high: 0, low: 0), span: SpanID(value: 0), isSampled: false)

    init(trace: TraceID, span: SpanID, isSampled: Bool, state: String? = nil) {
        self.trace = trace
        self.span = span
        self.isSampled = isSampled
        self.state = state
    }

    /// Reads the header; nil for anything that the recommendation does not allow, which then starts a new trace.
    public init?(traceparent: String, tracestate: String? = nil) {
        let bytes = Array(traceparent.utf8)
        guard bytes.count >= 55, bytes[2] == 0x2d, bytes[35] == 0x2d, bytes[52] == 0x2d else { return nil }
        guard let version = TraceHex.number(bytes[0..<2]), version != 0xff else { return nil }
        // A later version may add fields after another dash; this one may not.
        guard bytes.count == 55 || (version > 0 && bytes[55] == 0x2d) else { return nil }
        guard let high = TraceHex.number(bytes[3..<19]), let low = TraceHex.number(bytes[19..<35]),
            let span = TraceHex.number(bytes[36..<52]), let flags = TraceHex.number(bytes[53..<55]),
            high | low != 0, span != 0
        else { return nil }
        self.init(
            trace: TraceID(high: high, low: low), span: SpanID(value: span), isSampled: flags & 1 == 1,
            state: tracestate.flatMap(TraceContext.usable))
    }

    public var traceparent: String { "00-\(trace)-\(span)-\(isSampled ? "01" : "00")" }

    /// What a request to another program bears; nothing where there is no trace.
    public var headers: [(name: String, value: String)] {
        guard self != TraceContext.none else { return [] }
        return [("traceparent", traceparent)] + (state.map { [("tracestate", $0)] } ?? [])
    }

    private static func usable(_ state: String) -> String? {
        let isPlain = state.utf8.allSatisfy { 0x20...0x7e ~= $0 }
        return isPlain && 1...longestState ~= state.utf8.count ? state : nil
    }
}

enum TraceHex {
    static func text(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Lower-case digits only: the recommendation allows no others.
    static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for digit in digits {
            switch digit {
            case 48...57: number = number << 4 | UInt64(digit - 48)
            case 97...102: number = number << 4 | UInt64(digit - 87)
            default: return nil
            }
        }
        return number
    }
}

/// Whether a new trace is recorded: as its caller decided, else a share of all trace ids.
struct Sampler {
    let share: Double

    func samples(_ trace: TraceID, parent: TraceContext?) -> Bool {
        if let parent { return parent.isSampled }
        if share >= 1 { return true }
        // The low bits, so that programs with the same share choose the same traces.
        return Double(trace.low >> 1) < share * 0x1p63
    }
}
