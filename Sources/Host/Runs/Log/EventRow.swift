import Runtime

/// One row of the event log: one event, or consecutive pieces of one part, each with a number of its own.
struct EventRow: Sendable, Equatable {
    let run: String
    let first: Int64
    let last: Int64
    let at: Int64
    let kind: RunEventKind
    /// The event's JSON, or `{"part": …, "pieces": […]}`.
    let data: String

    /// A single event.
    init(_ event: RunEvent, of run: String) throws {
        var json = JSONWriter()
        try json.object { try event.body.put(into: &$0) }
        self.init(run: run, first: event.number, last: event.number, at: event.at, kind: event.body.kind, json)
    }

    /// Pieces of one part, the first of which has the number `first`.
    init(_ pieces: PieceGroup, of run: String) {
        var json = JSONWriter()
        json.object { json in
            json.member("part", pieces.part)
            json.array("pieces") { list in for piece in pieces.pieces { list.value(piece) } }
        }
        self.init(
            run: run, first: pieces.first, last: pieces.first + Int64(pieces.pieces.count) - 1, at: pieces.at,
            kind: pieces.kind, json)
    }

    /// Numbers that no event will ever have; it holds nothing.
    static func unused(_ numbers: ClosedRange<Int64>, of run: String, at: Int64) -> EventRow {
        EventRow(
            run: run, first: numbers.lowerBound, last: numbers.upperBound, at: at, kind: .text,
            data: #"{"part":"","pieces":[]}"#)
    }

    private init(
        run: String, first: Int64, last: Int64, at: Int64, kind: RunEventKind, _ json: consuming JSONWriter
    ) {
        self.run = run
        self.first = first
        self.last = last
        self.at = at
        self.kind = kind
        data = String(decoding: json.finish(), as: UTF8.self)
    }

    private init(run: String, first: Int64, last: Int64, at: Int64, kind: RunEventKind, data: String) {
        self.run = run
        self.first = first
        self.last = last
        self.at = at
        self.kind = kind
        self.data = data
    }

    var bytes: Int { data.utf8.count + 64 }

    /// What it holds, in order.
    var events: [RunEvent] {
        get throws {
            let json = try JSON.parse(data)
            guard kind == .text || kind == .reasoning else {
                return [RunEvent(number: first, at: at, body: try RunEventBody(kind, json))]
            }
            let part = json["part"].string ?? ""
            return json["pieces"].elements.enumerated().map { offset, piece in
                let text = piece.string ?? ""
                return RunEvent(
                    number: first + Int64(offset), at: at,
                    body: kind == .text ? .text(text, part: part) : .reasoning(text, part: part))
            }
        }
    }

    @Sendable
    static func read(_ row: inout Row) throws -> EventRow {
        try EventRow(
            run: row.next(), first: row.next(), last: row.next(), at: row.next(), kind: row.next(), data: row.next())
    }

    func write(_ transaction: Store.Transaction) throws {
        try transaction.run(RunsQueries.addEvents, run, first, last, at, kind, data)
    }
}

/// Consecutive pieces of one part that are not in a row yet.
struct PieceGroup: Sendable, Equatable {
    /// More would make replay from the middle costly.
    static let mostBytes = 16 << 10
    static let mostPieces = 4096

    let kind: RunEventKind
    let part: String
    let first: Int64
    let at: Int64
    private(set) var pieces: [String]
    private(set) var bytes: Int

    init?(_ event: RunEvent) {
        switch event.body {
        case .text(let text, let part), .reasoning(let text, let part):
            kind = event.body.kind
            self.part = part
            first = event.number
            at = event.at
            pieces = [text]
            bytes = text.utf8.count
        default: return nil
        }
    }

    /// Whether the next event can be one more of its pieces.
    func takes(_ body: RunEventBody) -> Bool {
        guard bytes < PieceGroup.mostBytes, pieces.count < PieceGroup.mostPieces else { return false }
        switch body {
        case .text(_, let part): return kind == .text && part == self.part
        case .reasoning(_, let part): return kind == .reasoning && part == self.part
        default: return false
        }
    }

    mutating func add(_ body: RunEventBody) {
        switch body {
        case .text(let text, _), .reasoning(let text, _):
            pieces.append(text)
            bytes += text.utf8.count
        default: preconditionFailure("\(body.kind) is no piece of a text")
        }
    }
}
