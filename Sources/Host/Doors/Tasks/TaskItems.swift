import Runtime

/// A run's items one after the other, behind one that is told first. It ends when the service stops, or its reader goes: a
/// client that comes back goes on behind what it has.
@Loop
struct TaskItems {
    private let follower: RunFollower
    private var first: RunFollower.Item?

    init(_ follower: RunFollower, first: RunFollower.Item? = nil) {
        self.follower = follower
        self.first = first
    }

    mutating func next() async throws -> RunFollower.Item? {
        if let item = first {
            first = nil
            return item
        }
        do {
            return try await follower.next()
        } catch let fault as Fault where fault.kind == .unavailable || fault.kind == .cancelled {
            return nil
        }
    }
}

extension RunFollower.Item {
    /// Of the event, or of the last one that is missing.
    var number: Int64 {
        switch self {
        case .event(let event): event.number
        case .missing(_, let to): to
        }
    }
}
