import Runtime

/// Who shares a runner: all chats of a user, the turns of one chat, or nobody beside one run.
struct RunnerShare: Sendable, Hashable {
    enum Kind: String, Sendable, CaseIterable { case user, chat, run }

    let kind: Kind
    /// What stands behind the usual name of the runner, and of its private directory.
    let suffix: String

    static let user = RunnerShare(kind: .user, suffix: "")

    static func chat(_ id: String) -> RunnerShare { RunnerShare(.chat, id) }
    static func run(_ id: String) -> RunnerShare { RunnerShare(.run, id) }

    private init(kind: Kind, suffix: String) {
        self.kind = kind
        self.suffix = suffix
    }

    /// Short enough that the whole name is one that networks take: 63 bytes.
    private init(_ kind: Kind, _ id: String) {
        let hash = Hex.encode(SHA256.hash(Array(id.utf8)).prefix(RunnerShare.hashBytes))
        self.init(kind: kind, suffix: "-\(kind.rawValue)-\(hash)")
    }

    private static let hashBytes = 6

    /// Of a name that was made of the usual one; nil for any other.
    init?(of name: String, usual: String) {
        guard name.hasPrefix(usual) else { return nil }
        let suffix = String(name.dropFirst(usual.count))
        let parts = suffix.split(separator: "-", omittingEmptySubsequences: false)
        if suffix.isEmpty {
            self = .user
        } else if parts.count == 3, parts[0].isEmpty, let kind = Kind(rawValue: String(parts[1])), kind != .user,
            parts[2].utf8.count == RunnerShare.hashBytes * 2
        {
            self = RunnerShare(kind: kind, suffix: suffix)
        } else {
            return nil
        }
    }
}

extension RunRecord {
    /// As the hook `place` decided. What is in no chat shares with nobody where a chat would share with itself.
    var share: RunnerShare {
        switch order.input.isolation.flatMap(RunnerShare.Kind.init) {
        case .chat: order.chat.map { RunnerShare.chat($0) } ?? .run(id)
        case .run: .run(id)
        case .user, nil: .user
        }
    }
}
