/// The head of an answer, and its body on the way. Drop it, and the connection closes unless the body has ended.
public struct HTTPAnswer: Sendable {
    public let status: Int
    /// As the server sent them, repeated ones kept; without `Content-Encoding` when that has been undone.
    public let headers: Headers
    /// Where the answer came from, after redirects.
    public let address: WebAddress
    public let redirects: Int
    public let timings: TransferTimings
    public let body: HTTPBody
}

/// The body of an answer: one reader, once, in one of the ways below.
@Loop
public final class HTTPBody {
    private let exchange: HTTPExchange

    init(_ exchange: HTTPExchange) { self.exchange = exchange }

    deinit {
        let exchange = exchange
        Loop.soon { exchange.abandon() }
    }

    /// The next bytes, or nil after the last. While nobody asks, 256 KB are kept and then the server is held back.
    public func next() async throws -> [UInt8]? {
        do {
            return try await exchange.pipe.next()
        } catch {
            exchange.cancel()
            throw error
        }
    }

    /// All of it. More than `limit` fails with `.tooLarge` and closes the connection.
    public func collect(limit: Int = 16 << 20) async throws -> [UInt8] {
        var all: [UInt8] = []
        while let piece = try await next() {
            guard all.count + piece.count <= limit else {
                cancel()
                throw Fault(.tooLarge, "an answer's body is larger than \(Units.describe(bytes: limit))")
            }
            if all.isEmpty { all = piece } else { all += piece }
        }
        return all
    }

    /// Its lines, without their LF or CRLF; the last one counts also without.
    public func lines(limit: Int = 1 << 20) -> LineStream { LineStream(self, limit: limit) }

    /// Its server-sent events.
    public func events(limit: Int = 4 << 20) -> ServerEvents { ServerEvents(self, limit: limit) }

    /// Reads without a task. `onBytes` gets every piece as it comes, valid during the call; when it returns false it has
    /// taken this piece and gets no more until `resume`. `onEnd` is called once, last, unless `cancel` came first. What is
    /// there already is given before this returns. From now on the body lives until its end, held or not.
    public func deliver(
        onBytes: @escaping (UnsafeRawBufferPointer) -> Bool, onEnd: @escaping (Fault?) -> Void
    ) {
        if exchange.pipe.deliver(onBytes, onEnd) { exchange.resume() }
    }

    public func resume() {
        if exchange.pipe.resume() { exchange.resume() }
    }

    /// Closes the connection unless the body has ended. A task that reads gets `.cancelled`; `onEnd` is not called.
    public func cancel() {
        exchange.pipe.forgetSink()
        exchange.cancel()
    }
}

/// The lines of a body.
@Loop
public final class LineStream {
    private let body: HTTPBody
    private var splitter: LineSplitter
    private var ready: [String] = []
    private var place = 0
    private var isEnded = false

    init(_ body: HTTPBody, limit: Int) {
        self.body = body
        splitter = LineSplitter(.newline, limit: limit)
    }

    public func next() async throws -> String? {
        while place == ready.count {
            if isEnded { return nil }
            var found: [String] = []
            if let piece = try await body.next() {
                do {
                    try piece.withUnsafeBytes {
                        try splitter.feed($0) { found.append(String(decoding: $0, as: UTF8.self)) }
                    }
                } catch {
                    body.cancel()
                    throw error
                }
            } else {
                isEnded = true
                try splitter.finish { found.append(String(decoding: $0, as: UTF8.self)) }
            }
            ready = found
            place = 0
        }
        place += 1
        return ready[place - 1]
    }
}

/// The server-sent events of a body.
@Loop
public final class ServerEvents {
    private let body: HTTPBody
    private var parser: EventParser
    private var ready: [ServerEvent] = []
    private var place = 0

    init(_ body: HTTPBody, limit: Int) {
        self.body = body
        parser = EventParser(limit: limit)
    }

    /// For the `Last-Event-ID` of the next connection.
    public var lastID: String { parser.lastID }
    /// How long the server asked to wait before the next connection.
    public var retry: Duration? { parser.retry }

    public func next() async throws -> ServerEvent? {
        while place == ready.count {
            guard let piece = try await body.next() else { return nil }
            var found: [ServerEvent] = []
            do {
                try piece.withUnsafeBytes { try parser.feed($0) { found.append($0) } }
            } catch {
                body.cancel()
                throw error
            }
            ready = found
            place = 0
        }
        place += 1
        return ready[place - 1]
    }
}
