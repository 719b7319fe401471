/// Sessions that were told to be idle, and not to be busy since. It knows no more than it has heard: what is not in it
/// may be idle all the same.
struct RestingSessions {
    /// More are forgotten, and asked for instead.
    private static let most = 4096

    private var ids: Set<String> = []
    /// What the server told of sessions since they were last given a prompt, with the moment of their newest answer.
    private var told: [String: OpencodeSession] = [:]
    /// Were given a prompt and have not been told to be busy yet: an idle word is of the turn before, and comes late.
    private var woken: Set<String> = []

    func contains(_ session: String) -> Bool { ids.contains(session) }

    /// One that rests, as it is now; nil when the server has not told it.
    subscript(_ session: String) -> OpencodeSession? { ids.contains(session) ? told[session] : nil }

    mutating func wake(_ session: String) {
        if woken.count >= RestingSessions.most { self = RestingSessions() }
        ids.remove(session)
        told[session] = nil
        woken.insert(session)
    }

    mutating func take(_ event: OpencodeEvent.Body, _ session: String) {
        switch event {
        case .status(_, .idle):
            guard !woken.contains(session) else { return }
            if ids.count >= RestingSessions.most { ids = [] }
            ids.insert(session)
        // What is told behind the idle word, such as a summary, is no new turn: that begins with being busy.
        case .status:
            ids.remove(session)
            woken.remove(session)
        case .sessionRemoved:
            ids.remove(session)
            woken.remove(session)
            told[session] = nil
        case .session(let found):
            if told.count >= RestingSessions.most { told = [:] }
            told[session] = found
        case .message(let message) where !message.isUser:
            // What is asked next is younger than every answer before it, also where the session's own moment stays behind.
            guard let known = told[session] else { return }
            told[session]?.updated = max(known.updated, message.completed ?? message.created)
        default: break
        }
    }
}
