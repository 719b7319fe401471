import Runtime

/// Where a run stands. A run that has ended never changes again.
enum RunState: String, Sendable, CaseIterable, Storable {
    case queued, starting, running
    /// A person has to answer.
    case blocked
    case succeeded, failed, cancelled
    /// Perigee, or the agent, ended in the middle of it, and nobody can tell how far it got.
    case interrupted

    var isEnded: Bool {
        switch self {
        case .succeeded, .failed, .cancelled, .interrupted: true
        case .queued, .starting, .running, .blocked: false
        }
    }

    /// A retry goes back to `starting`, a wait for a provider to `queued`. One that waited at a restart may be asked about.
    func canBecome(_ next: RunState) -> Bool {
        switch self {
        case .queued:
            next == .starting || next == .blocked || next == .cancelled || next == .interrupted || next == .failed
        case .starting, .running, .blocked: next != self
        case .succeeded, .failed, .cancelled, .interrupted: false
        }
    }
}
