/// Reads a head (or trailers) byte by byte before the parser does, and lets through what has one meaning only: lines
/// that end with CRLF, no folded lines, no control bytes. It also tells where the head ends, so that the parser gets it
/// whole.
struct HeadGuard {
    enum Outcome: Equatable { case more, complete, malformed(StaticReason) }

    private enum Place { case beforeFirst, beforeFirstLF, line, lineLF, lineStart, endLF }

    private var place: Place
    /// Bytes up to the end of the first line, or so far.
    private(set) var firstLine = 0
    private(set) var isInFirstLine: Bool

    private init(_ place: Place, isInFirstLine: Bool) {
        self.place = place
        self.isInFirstLine = isInFirstLine
    }

    static var head: HeadGuard { HeadGuard(.beforeFirst, isInFirstLine: true) }
    static var trailers: HeadGuard { HeadGuard(.lineStart, isInFirstLine: false) }

    /// Nothing but empty lines has come.
    var isBeforeFirst: Bool { place == .beforeFirst || place == .beforeFirstLF }

    /// How many bytes belong to the head, and whether it ends with them.
    mutating func scan(_ bytes: UnsafeBufferPointer<UInt8>) -> (used: Int, outcome: Outcome) {
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if place == .line, byte >= 32 && byte != 127 || byte == 9 {
                index += 1
                continue
            }
            let outcome = step(byte, at: index)
            index += 1
            if outcome != .more { return (index, outcome) }
        }
        if isInFirstLine { firstLine += bytes.count }
        return (index, .more)
    }

    private mutating func step(_ byte: UInt8, at index: Int) -> Outcome {
        switch place {
        case .beforeFirst:
            if byte == 13 { place = .beforeFirstLF } else { return beginLine(byte) }
        case .beforeFirstLF:
            guard byte == 10 else { return .malformed("a line ends with CR alone") }
            place = .beforeFirst
        case .line:
            guard byte == 13 else {
                return .malformed(byte == 10 ? "a line ends with LF alone" : "a control byte in the head")
            }
            place = .lineLF
        case .lineLF:
            guard byte == 10 else { return .malformed("a line ends with CR alone") }
            place = .lineStart
            if isInFirstLine {
                isInFirstLine = false
                firstLine += index
            }
        case .lineStart:
            if byte == 13 { place = .endLF } else { return beginLine(byte) }
        case .endLF:
            guard byte == 10 else { return .malformed("a line ends with CR alone") }
            return .complete
        }
        return .more
    }

    private mutating func beginLine(_ byte: UInt8) -> Outcome {
        if byte == 32 || byte == 9 { return .malformed("a line begins with a space (folded fields are not accepted)") }
        if byte == 58 { return .malformed("a field has no name") }
        guard byte > 32 && byte != 127 else {
            return .malformed(byte == 10 ? "a line ends with LF alone" : "a control byte in the head")
        }
        place = .line
        return .more
    }
}

/// Fixed words, comparable, and free of allocation.
struct StaticReason: Equatable, ExpressibleByStringLiteral, CustomStringConvertible {
    private let text: StaticString

    init(stringLiteral text: StaticString) { self.text = text }

    var description: String { "\(text)" }

    static func == (a: StaticReason, b: StaticReason) -> Bool { a.description == b.description }
}
