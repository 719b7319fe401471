/// One value of a log line or a span, with its type, so that a number stays a number.
public enum LogValue: Sendable, Hashable {
    case text(String)
    case integer(Int64)
    case number(Double)
    case flag(Bool)

    /// Bytes from outside; what is no UTF-8 becomes U+FFFD.
    public static func bytes(_ bytes: some Collection<UInt8>) -> LogValue {
        .text(String(decoding: bytes, as: UTF8.self))
    }

    public static func duration(_ value: Duration) -> LogValue { .number(Double(value.nanoseconds / 1000) / 1000) }
}

extension LogValue: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral
{
    public init(stringLiteral value: String) { self = .text(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(booleanLiteral value: Bool) { self = .flag(value) }

    public init(_ value: String) { self = .text(value) }
    public init(_ value: some BinaryInteger) { self = .integer(Int64(clamping: value)) }
}

/// Keys and values in the order in which they were given.
public struct LogFields: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    struct Pair: Sendable, Hashable {
        let key: String
        let value: LogValue
    }

    var pairs: [Pair]

    public init() { pairs = [] }

    public init(dictionaryLiteral elements: (String, LogValue)...) {
        pairs = elements.map { Pair(key: $0.0, value: $0.1) }
    }

    /// Sets a value in its place, or at the end when the key is new.
    public subscript(key: String) -> LogValue? {
        get { pairs.first { $0.key == key }?.value }
        set {
            let place = pairs.firstIndex { $0.key == key }
            switch (place, newValue) {
            case (let place?, let value?): pairs[place] = Pair(key: key, value: value)
            case (let place?, nil): pairs.remove(at: place)
            case (nil, let value?): pairs.append(Pair(key: key, value: value))
            case (nil, nil): break
            }
        }
    }
}
