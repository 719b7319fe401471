/// Appends JSON text to bytes: `beginObject`, `key`, `value`, `end…`. It sets the commas; that keys and values take
/// turns, and that all that begins also ends, is the caller's part and is checked in debug builds and by `finish`.
///
/// The text never has a raw line break in a string, so compact text is one line and fits an SSE `data:` field.
public struct JSONWriter: Sendable {
    public struct Style: OptionSet, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Two spaces for each level, one member or element a line.
        public static let pretty = Style(rawValue: 1)
        /// Writes `<`, `>`, `&`, U+2028 and U+2029 as escapes, so that the text can stand inside an HTML script.
        public static let htmlSafe = Style(rawValue: 2)
    }

    static let depthLimit = 512

    let style: Style
    private(set) var depth: Int
    private(set) var bytes: [UInt8]
    private var needsComma = false
    private var followsKey = false

    /// `bytes` may hold what shall stand in front of the text.
    public init(_ style: Style = [], after bytes: [UInt8] = []) { self.init(style, after: bytes, depth: 0) }

    init(_ style: Style, after bytes: [UInt8], depth: Int) {
        self.style = style
        self.bytes = bytes
        // Most texts are events of a stream; growing to this size step by step would cost more than writing them.
        self.bytes.reserveCapacity(bytes.count + 240)
        self.depth = depth
    }

    /// Makes room ahead for text of about this size.
    public mutating func reserve(_ count: Int) { bytes.reserveCapacity(bytes.count + count) }

    /// The text, once everything that began has ended.
    public consuming func finish() -> [UInt8] {
        precondition(depth == 0, "\(depth) objects or lists were begun and not ended")
        return bytes
    }

    public mutating func beginObject() { begin(UInt8(ascii: "{")) }
    public mutating func endObject() { end(UInt8(ascii: "}")) }
    public mutating func beginArray() { begin(UInt8(ascii: "[")) }
    public mutating func endArray() { end(UInt8(ascii: "]")) }

    /// A key that needs no escaping, as every key in our own source.
    public mutating func key(_ name: StaticString) {
        separate()
        assert(name.utf8Start.isPlain(name.utf8CodeUnitCount), "\(name) needs escaping: use key(escaping:)")
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        bytes.append(UInt8(ascii: "\""))
        endKey()
    }

    public mutating func key(escaping name: String) {
        separate()
        var name = name
        name.withUTF8 { _ = append(quoted: $0) }
        endKey()
    }

    public mutating func null() { word("null") }
    public mutating func value(_ value: Bool) { word(value ? "true" : "false") }

    public mutating func value(_ value: Int) { self.value(Int64(value)) }

    public mutating func value(_ value: Int64) {
        separate()
        append(digits: value.magnitude, isNegative: value < 0)
        needsComma = true
    }

    public mutating func value(_ value: UInt64) {
        separate()
        append(digits: value, isNegative: false)
        needsComma = true
    }

    /// The shortest text that reads back as the same number. NaN and infinity have no form in JSON and are refused.
    public mutating func value(_ value: Double) throws {
        guard value.isFinite else { throw Fault(.invalidInput, "\(value) has no form in JSON") }
        append(text: value.description)
    }

    public mutating func value(_ value: String) {
        separate()
        var value = value
        value.withUTF8 { _ = append(quoted: $0) }
        needsComma = true
    }

    public mutating func value(utf8 text: UnsafeBufferPointer<UInt8>) throws {
        separate()
        if let place = append(quoted: text) {
            throw Fault(.invalidInput, "a string is not UTF-8: byte \(place + 1) of \(text.count)")
        }
        needsComma = true
    }

    /// Text that is JSON already.
    public mutating func value(json text: [UInt8]) {
        separate()
        bytes.append(contentsOf: text)
        needsComma = true
    }

    /// A float's own shortest digits, not those of the double nearest to it.
    mutating func value(float value: Float) throws {
        guard value.isFinite else { throw Fault(.invalidInput, "\(value) has no form in JSON") }
        append(text: value.description)
    }

    /// Leaves room for a value that is put in later.
    mutating func skipValue() -> Int {
        separate()
        needsComma = true
        return bytes.count
    }

    mutating func append(text: String) {
        separate()
        bytes.append(contentsOf: text.utf8)
        needsComma = true
    }

    private mutating func word(_ text: StaticString) {
        separate()
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        needsComma = true
    }

    private mutating func begin(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        depth += 1
        needsComma = false
        precondition(depth <= Self.depthLimit, "more than \(Self.depthLimit) objects or lists inside each other")
    }

    private mutating func end(_ bracket: UInt8) {
        precondition(depth > 0, "more objects or lists ended than began")
        depth -= 1
        if style.contains(.pretty), needsComma { breakLine() }
        bytes.append(bracket)
        needsComma = true
    }

    mutating func endValue() { needsComma = true }

    mutating func endKey() {
        bytes.append(UInt8(ascii: ":"))
        if style.contains(.pretty) { bytes.append(UInt8(ascii: " ")) }
        needsComma = false
        followsKey = true
    }

    /// What stands between a value or key and what came before it.
    @inline(__always)
    mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        if style.contains(.pretty), depth > 0, !followsKey { breakLine() }
        followsKey = false
    }

    private mutating func breakLine() {
        bytes.append(0x0a)
        for _ in 0..<depth { bytes.append(contentsOf: [0x20, 0x20]) }
    }

    private mutating func append(digits: UInt64, isNegative: Bool) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { buffer in
            var rest = digits
            var begin = 20
            repeat {
                begin -= 1
                buffer[begin] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            if isNegative { bytes.append(UInt8(ascii: "-")) }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[begin...]))
        }
    }

    mutating func append(_ run: UnsafeBufferPointer<UInt8>) { bytes.append(contentsOf: run) }
    mutating func append(byte: UInt8) { bytes.append(byte) }
}
