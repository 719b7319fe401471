/// One event of a `text/event-stream`.
public struct ServerEvent: Sendable, Equatable {
    /// `message` when the stream named none.
    public var name: String
    public var data: [UInt8]
    /// The last id that the stream gave; it stays in force until the next one.
    public var id: String

    public init(name: String = "message", data: [UInt8], id: String = "") {
        self.name = name
        self.data = data
        self.id = id
    }

    /// Broken UTF-8 becomes U+FFFD, as browsers do it.
    public var text: String { String(decoding: data, as: UTF8.self) }
}

/// Reads server-sent events by the rules of the WHATWG, from bytes that are split anywhere.
///
/// What follows the last blank line when the stream ends is no event. An event larger than `limit` ends the reading.
public struct EventParser: Sendable {
    private var lines: LineSplitter
    private let limit: Int
    private var bom = 0
    private var data: [UInt8] = []
    private var hasData = false
    private var name = ""
    /// The id is in force for the events after it, also when its own event was never sent.
    public private(set) var lastID = ""
    /// How long the server wants a client to wait before it connects again.
    public private(set) var retry: Duration?

    public init(limit: Int = 4 << 20) {
        self.limit = limit
        lines = LineSplitter(.any, limit: limit)
    }

    public mutating func feed(_ bytes: UnsafeRawBufferPointer, _ emit: (ServerEvent) throws -> Void) throws {
        var bytes = bytes
        while bom < 3, let first = bytes.first {
            let mark: [UInt8] = [0xef, 0xbb, 0xbf]
            guard first == mark[bom] else {
                // What looked like a mark was the start of the first line.
                let begun = mark.prefix(bom)
                bom = 3
                try begun.withUnsafeBytes { try split($0, emit) }
                break
            }
            bom += 1
            bytes = UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
        }
        if !bytes.isEmpty { try split(bytes, emit) }
    }

    private mutating func split(_ bytes: UnsafeRawBufferPointer, _ emit: (ServerEvent) throws -> Void) throws {
        // The splitter is taken out, so that the lines it gives may change the rest.
        var splitter = LineSplitter(.any, limit: limit)
        swap(&splitter, &lines)
        defer { swap(&splitter, &lines) }
        try splitter.feed(bytes) { try take($0, emit) }
    }

    private mutating func take(_ line: UnsafeRawBufferPointer, _ emit: (ServerEvent) throws -> Void) throws {
        guard let first = line.first else { return try dispatch(emit) }
        if first == 58 { return }
        var nameEnd = 0
        while nameEnd < line.count, line[nameEnd] != 58 { nameEnd += 1 }
        var valueStart = min(nameEnd + 1, line.count)
        if valueStart < line.count, line[valueStart] == 32 { valueStart += 1 }
        let value = line[valueStart...]
        switch Field(line[..<nameEnd]) {
        case .data:
            guard data.count + value.count < limit else { throw tooLarge }
            if hasData { data.append(10) }
            data.append(contentsOf: value)
            hasData = true
        case .event: name = String(decoding: value, as: UTF8.self)
        case .id: if !value.contains(0) { lastID = String(decoding: value, as: UTF8.self) }
        case .retry: take(retry: value)
        case nil: break
        }
    }

    private mutating func dispatch(_ emit: (ServerEvent) throws -> Void) throws {
        defer { name = "" }
        guard hasData else { return }
        let event = ServerEvent(name: name.isEmpty ? "message" : name, data: data, id: lastID)
        data = []
        hasData = false
        try emit(event)
    }

    private mutating func take(retry digits: Slice<UnsafeRawBufferPointer>) {
        guard !digits.isEmpty, digits.count <= 15, digits.allSatisfy({ 48...57 ~= $0 }) else { return }
        retry = .milliseconds(digits.reduce(Int64(0)) { $0 * 10 + Int64($1 - 48) })
    }

    private var tooLarge: Fault { Fault(.tooLarge, "an event of the stream is larger than \(limit) bytes") }

    private enum Field {
        case data, event, id, retry

        init?(_ name: Slice<UnsafeRawBufferPointer>) {
            if name.elementsEqual("data".utf8) {
                self = .data
            } else if name.elementsEqual("event".utf8) {
                self = .event
            } else if name.elementsEqual("id".utf8) {
                self = .id
            } else if name.elementsEqual("retry".utf8) {
                self = .retry
            } else {
                return nil
            }
        }
    }
}
