/// Consecutive events that are not in a row yet and will share one: pieces of one part, or changes of state.
struct EventGroup: Sendable, Equatable {
    /// More would make replay from the middle costly.
    static let mostBytes = 16 << 10
    static let mostEvents = 4096

    let kind: RunEventKind
    /// Of a text.
    let part: String?
    private(set) var events: [RunEvent]
    private(set) var bytes: Int

    /// Nil for what stands in a row alone.
    init?(_ event: RunEvent) {
        guard event.body.kind.isGrouped else { return nil }
        part =
            switch event.body {
            case .text(_, let part), .reasoning(_, let part): part
            default: nil
            }
        kind = event.body.kind
        events = [event]
        bytes = event.body.size
    }

    var first: Int64 { events[0].number }
    var at: Int64 { events[0].at }

    /// Pieces all have the moment of the first of them.
    var sharesMoment: Bool { part != nil }

    /// Whether the next event can be one more of them.
    func takes(_ body: RunEventBody) -> Bool {
        guard bytes < EventGroup.mostBytes, events.count < EventGroup.mostEvents else { return false }
        switch body {
        case .text(_, let part): return kind == .text && part == self.part
        case .reasoning(_, let part): return kind == .reasoning && part == self.part
        case .state: return kind == .state
        default: return false
        }
    }

    mutating func add(_ event: RunEvent) {
        events.append(event)
        bytes += event.body.size
    }
}

extension RunEventKind {
    /// Comes in numbers, and shares rows.
    var isGrouped: Bool {
        switch self {
        case .text, .reasoning, .state: true
        default: false
        }
    }
}
