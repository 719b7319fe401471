/// Those who were here, as scripts see them. Times are milliseconds since the epoch.
@Loop
public protocol WorldUsers: AnyObject {
    /// By id, behind `after`; only those whose removal waits for its end, if that is asked for.
    func list(removed: Bool, after: String, limit: Int) async throws -> [UserState]
}

public struct UserState: Sendable, Equatable {
    public var id: String
    public var user: String
    public var name: String?
    public var email: String?
    /// Where the identity was read.
    public var source: String
    public var firstSeen: Int64
    public var lastSeen: Int64
    /// When the owner removed them; what they left is kept aside since then.
    public var removedAt: Int64?
    /// What is kept aside, as far as it was measured.
    public var bytes: Int64?

    public init(
        id: String, user: String, name: String? = nil, email: String? = nil, source: String, firstSeen: Int64,
        lastSeen: Int64, removedAt: Int64? = nil, bytes: Int64? = nil
    ) {
        self.id = id
        self.user = user
        self.name = name
        self.email = email
        self.source = source
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
        self.removedAt = removedAt
        self.bytes = bytes
    }
}
