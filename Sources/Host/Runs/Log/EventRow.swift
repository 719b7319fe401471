import Runtime

/// One row of the event log: one event, or a group of them, each with a number of its own.
struct EventRow: Sendable, Equatable {
    let run: String
    let first: Int64
    let last: Int64
    let at: Int64
    let kind: RunEventKind
    /// The event's JSON, or `{"part": …, "pieces": […]}`, or `{"states": [{"at": …, "state": …, "reason": …}, …]}`.
    let data: String

    /// A single event.
    init(_ event: RunEvent, of run: String) throws {
        var json = JSONWriter()
        try json.object { try event.body.put(into: &$0) }
        self.init(run: run, first: event.number, last: event.number, at: event.at, kind: event.body.kind, json)
    }

    init(_ group: EventGroup, of run: String) {
        var json = JSONWriter()
        json.object { json in
            if let part = group.part { json.member("part", part) }
            json.array(group.part == nil ? "states" : "pieces") { list in
                for event in group.events { EventRow.put(event, into: &list) }
            }
        }
        self.init(
            run: run, first: group.first, last: group.first + Int64(group.events.count) - 1, at: group.at,
            kind: group.kind, json)
    }

    private static func put(_ event: RunEvent, into list: inout JSONWriter) {
        switch event.body {
        case .text(let text, _), .reasoning(let text, _): list.value(text)
        case .state(let state, let reason):
            list.object { json in
                json.member("at", Int(event.at))
                json.member("state", state.rawValue)
                json.member("reason", reason)
            }
        default: preconditionFailure("\(event.body.kind) stands in a row alone")
        }
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
            if kind == .state, json["states"].exists {
                return try json["states"].elements.enumerated().map { offset, state in
                    RunEvent(
                        number: first + Int64(offset), at: state["at"].integer.map { Int64($0) } ?? at,
                        body: try RunEventBody(.state, state))
                }
            }
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
