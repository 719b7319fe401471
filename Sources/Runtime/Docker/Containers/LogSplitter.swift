/// Takes apart what the Engine sends of a container without a terminal: frames, each with a head of 8 bytes that names the
/// stream and the length. What is in a frame is passed on as it comes.
struct LogSplitter {
    enum Stream: UInt8, Sendable { case input = 0, output = 1, errors = 2 }

    private var head: [UInt8] = []
    private var stream = Stream.output
    private var left = 0

    mutating func feed(_ bytes: [UInt8], _ part: (Stream, ArraySlice<UInt8>) -> Void) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            if left > 0 {
                let piece = rest.prefix(left)
                part(stream, piece)
                left -= piece.count
                rest = rest.dropFirst(piece.count)
                continue
            }
            let needed = rest.prefix(8 - head.count)
            head += needed
            rest = rest.dropFirst(needed.count)
            if head.count == 8 { try begin() }
        }
    }

    private mutating func begin() throws {
        guard let stream = Stream(rawValue: head[0]), head[1..<4].allSatisfy({ $0 == 0 }) else {
            throw Fault(.unavailable, "the output of a container is not in frames", isRetryable: false)
        }
        self.stream = stream
        left = head[4..<8].reduce(0) { $0 << 8 | Int($1) }
        head = []
    }
}

/// A container's output while it comes.
@Loop
public final class DockerOutput {
    public struct Piece: Sendable, Equatable {
        public let isError: Bool
        public let bytes: [UInt8]
    }

    private let body: DockerBody
    /// Nil where a terminal makes one stream of it.
    private var splitter: LogSplitter?
    private var ready: [Piece] = []

    init(_ body: DockerBody, hasTerminal: Bool) {
        self.body = body
        splitter = hasTerminal ? nil : LogSplitter()
    }

    /// The next piece; nil at the end.
    public func next() async throws -> Piece? {
        while ready.isEmpty {
            guard let bytes = try await body.next() else { return nil }
            guard splitter != nil else { return Piece(isError: false, bytes: bytes) }
            var found: [Piece] = []
            try splitter!.feed(bytes) { found.append(Piece(isError: $0 == .errors, bytes: Array($1))) }
            ready = found
        }
        return ready.removeFirst()
    }
}
