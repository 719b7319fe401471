/// Where one run stands and where it may go: what it is told changes its state, or not. It knows neither clock nor
/// store.
struct RunLife: Sendable, Equatable {
    private(set) var state: RunState
    /// Asks that nobody has answered, the oldest first.
    private(set) var asks: [String] = []
    /// What it goes back to when the last of them is answered.
    private var unblocked: RunState

    init(_ state: RunState = .queued) {
        self.state = state
        unblocked = state == .blocked ? .running : state
    }

    /// An attempt is made; one that follows what is under way already is at work at once. True when the state changed.
    mutating func attempt(isUnderWay: Bool) -> Bool {
        guard !state.isEnded else { return false }
        asks = []
        return become(isUnderWay ? .running : .starting)
    }

    /// Nothing can be done for it yet. Only what has not begun waits so.
    mutating func wait() -> Bool { state == .starting && become(.queued) }

    /// The prompt is handed over.
    mutating func begin() -> Bool {
        switch state {
        case .starting: return become(.running)
        case .blocked:
            unblocked = .running
            return false
        default: return false
        }
    }

    mutating func ask(_ id: String) -> Bool {
        guard !state.isEnded, !asks.contains(id) else { return false }
        asks.append(id)
        guard state != .blocked else { return false }
        unblocked = state
        state = .blocked
        return true
    }

    /// True when the run is no longer blocked by it.
    mutating func answer(_ id: String) -> Bool {
        guard let place = asks.firstIndex(of: id) else { return false }
        asks.remove(at: place)
        guard asks.isEmpty, state == .blocked else { return false }
        state = unblocked
        return true
    }

    /// Into a state that never changes again. False when it is in one already.
    mutating func end(_ outcome: RunState) -> Bool {
        precondition(outcome.isEnded, "\(outcome) is no end")
        guard !state.isEnded else { return false }
        asks = []
        state = outcome
        return true
    }

    private mutating func become(_ next: RunState) -> Bool {
        unblocked = next
        guard state != next else { return false }
        state = next
        return true
    }
}
