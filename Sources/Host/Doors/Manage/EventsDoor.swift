import Runtime

/// Everything that happens, as one stream: runs, asks, runners, jobs, plans, scripts and the disk.
@Loop
struct EventsDoor: Door {
    let name = "events"
    private let gate: Gate
    private let board: EventBoard

    init(_ gate: Gate, _ board: EventBoard) {
        self.gate = gate
        self.board = board
    }

    var endpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/mgmt/events",
                summary:
                    "What happens from now on, or behind ?after= or Last-Event-ID; 0 begins with the oldest that is "
                    + "kept. `missing` names numbers that are not there any more.",
                answers: [200: "the events, each with its number as id"], mediaType: "text/event-stream",
                parameters: [
                    .query("after", .integer(0...EventsDoor.largest), "A number, as an event's id told it."),
                    .lastEvent,
                    .query("user", .text, "Only what concerns this user."),
                    .query(
                        "kinds", .words(EventsDoor.kinds), "Only these kinds, several with commas."),
                ], action: .task(follow))
        ]
    }

    /// No number is larger in JavaScript, and a larger one would be no number of ours.
    nonisolated static let largest: Int64 = 9_007_199_254_740_991
    nonisolated static let kinds = ["run", "ask", "answer", "runner", "job", "plan", "scripts", "disk", "user"]

    private func follow(_ request: Request) async throws -> Response {
        try gate.require(.manage, request)
        let after = try EventsDoor.place(request)
        let kinds = try EventsDoor.chosen(request.query["kinds"])
        let user = request.query["user"]
        return EventStream.response { [board] stream in
            EventFeed(board, stream, after: after, user: user, kinds: kinds).start()
        }
    }

    /// A client that reconnects by itself sends its first address again: what it has seen since then counts.
    static func place(_ request: Request) throws -> Int64? {
        guard let text = EventStream.lastEventID(of: request) ?? request.query["after"] else { return nil }
        guard let number = Int64(text), 0...largest ~= number else {
            throw Fault(.invalidInput, "\"\(text.prefix(40))\" is no number of an event", hint: "an event's id is one")
        }
        return number
    }

    private static func chosen(_ text: String?) throws -> Set<String> {
        let words = text?.split(separator: ",").map(String.init) ?? []
        for word in words where !kinds.contains(word) {
            throw Fault(
                .invalidInput, "there is no kind \"\(word.prefix(40))\" of events",
                hint: "known are \(kinds.joined(separator: ", "))")
        }
        return Set(words)
    }
}
