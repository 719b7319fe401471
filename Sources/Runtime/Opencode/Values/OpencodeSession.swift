/// A session as the server tells it, whichever major it is.
public struct OpencodeSession: Sendable, Equatable {
    public var id: String
    /// Set for the session of a subtask.
    public var parent: String?
    public var title: String
    public var directory: String
    /// Milliseconds since the epoch, on the server's clock.
    public var created: Int64
    public var updated: Int64
    /// Dollars, without those of its subtasks.
    public var cost: Double
    /// Where it can be read by others, once it is shared.
    public var shareURL: String?

    public init(
        id: String, parent: String? = nil, title: String = "", directory: String = "", created: Int64 = 0,
        updated: Int64 = 0, cost: Double = 0, shareURL: String? = nil
    ) {
        self.id = id
        self.parent = parent
        self.title = title
        self.directory = directory
        self.created = created
        self.updated = updated
        self.cost = cost
        self.shareURL = shareURL
    }
}

/// What a session is at this moment. A server lists only those that are not idle.
public enum OpencodeStatus: Sendable, Equatable {
    case idle, busy
    /// The provider failed and is asked again at `next`, in milliseconds since the epoch.
    case retry(attempt: Int, message: String, next: Int64)
}

/// One line of a session's list of things to do.
public struct OpencodeTodo: Sendable, Equatable {
    public var text: String
    public var status: String
    public var priority: String?

    public init(text: String, status: String, priority: String? = nil) {
        self.text = text
        self.status = status
        self.priority = priority
    }
}
