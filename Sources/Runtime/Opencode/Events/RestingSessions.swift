/// Sessions that were told to be idle, and not to be busy since. It knows no more than it has heard: what is not in it
/// may be idle all the same.
struct RestingSessions {
    /// More are forgotten, and asked for instead.
    private static let most = 4096

    private var ids: Set<String> = []
    /// Were given a prompt and have not been told to be busy yet: an idle word is of the turn before, and comes late.
    private var woken: Set<String> = []

    func contains(_ session: String) -> Bool { ids.contains(session) }

    mutating func wake(_ session: String) {
        if woken.count >= RestingSessions.most { self = RestingSessions() }
        ids.remove(session)
        woken.insert(session)
    }

    mutating func take(_ event: OpencodeEvent.Body, _ session: String) {
        switch event {
        case .status(_, .idle):
            guard !woken.contains(session) else { return }
            if ids.count >= RestingSessions.most { ids = [] }
            ids.insert(session)
        // What is told behind the idle word, such as a summary, is no new turn: that begins with being busy.
        case .status, .sessionRemoved:
            ids.remove(session)
            woken.remove(session)
        default: break
        }
    }
}
