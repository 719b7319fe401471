import Glibc

/// Cuts a byte stream into lines, however it is split on the way. What a line may be long is bounded.
public struct LineSplitter: Sendable {
    public enum Ending: Sendable {
        /// LF, with or without a CR before it: JSON lines, logs.
        case newline
        /// LF, CR or CRLF: event streams.
        case any
    }

    private let ending: Ending
    private let limit: Int
    private var partial: [UInt8] = []
    /// The last chunk ended with a CR that has ended a line; an LF that follows belongs to it.
    private var skipsNewline = false

    public init(_ ending: Ending = .newline, limit: Int = 1 << 20) {
        self.ending = ending
        self.limit = limit
    }

    /// Calls `line` with each complete line, without its ending; the bytes are valid during the call only.
    public mutating func feed(
        _ bytes: UnsafeRawBufferPointer, _ line: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var start = 0
        if skipsNewline, let first = bytes.first {
            if first == 10 { start = 1 }
            skipsNewline = false
        }
        // Each kind of ending is searched for again only once it has been passed.
        var newline = LineSplitter.find(10, bytes, start)
        var carriage = ending == .any ? LineSplitter.find(13, bytes, start) : bytes.count
        while start < bytes.count {
            let end = min(newline, carriage)
            guard end < bytes.count else { return try keep(bytes[start...]) }
            try give(UnsafeRawBufferPointer(rebasing: bytes[start..<end]), line)
            start = end + 1
            if end == carriage {
                if start == bytes.count {
                    skipsNewline = true
                } else if newline == start {
                    start += 1
                }
                carriage = LineSplitter.find(13, bytes, start)
            }
            if newline < start { newline = LineSplitter.find(10, bytes, start) }
        }
    }

    /// Gives the last line when the stream ended without an ending for it.
    public mutating func finish(_ line: (UnsafeRawBufferPointer) throws -> Void) throws {
        guard !partial.isEmpty else { return }
        try give(UnsafeRawBufferPointer(start: nil, count: 0), line)
    }

    private mutating func keep(_ rest: Slice<UnsafeRawBufferPointer>) throws {
        guard partial.count + rest.count <= limit else { throw tooLong }
        partial.append(contentsOf: rest)
    }

    private mutating func give(
        _ tail: UnsafeRawBufferPointer, _ line: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        guard partial.count + tail.count <= limit else { throw tooLong }
        if partial.isEmpty {
            try line(trimmed(tail))
            return
        }
        partial.append(contentsOf: tail)
        defer { partial.removeAll(keepingCapacity: partial.capacity <= 16 << 10) }
        try partial.withUnsafeBytes { try line(trimmed($0)) }
    }

    private func trimmed(_ line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard ending == .newline, line.last == 13 else { return line }
        return UnsafeRawBufferPointer(rebasing: line.dropLast())
    }

    private var tooLong: Fault { Fault(.tooLarge, "a line of the stream is longer than \(limit) bytes") }

    /// Where `byte` stands at or after `start`; the count when nowhere.
    private static func find(_ byte: Int32, _ bytes: UnsafeRawBufferPointer, _ start: Int) -> Int {
        guard let base = bytes.baseAddress, start < bytes.count else { return bytes.count }
        return memchr(base + start, byte, bytes.count - start).map { UnsafeRawPointer($0) - base } ?? bytes.count
    }
}
