/// Sessions that were told to be idle, and not to be busy since. It knows no more than it has heard: what is not in it
/// may be idle all the same.
struct RestingSessions {
    /// More are forgotten, and asked for instead.
    private static let most = 4096

    private var ids: Set<String> = []

    func contains(_ session: String) -> Bool { ids.contains(session) }

    mutating func remove(_ session: String) { ids.remove(session) }

    mutating func take(_ event: OpencodeEvent.Body, _ session: String) {
        switch event {
        case .status(_, .idle):
            if ids.count >= RestingSessions.most { ids = [] }
            ids.insert(session)
        // What is told behind the idle word, such as a summary, is no new turn: that begins with being busy.
        case .status, .sessionRemoved: ids.remove(session)
        default: break
        }
    }
}
