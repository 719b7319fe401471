/// What holds how much, as scripts see it. Sizes are as old as their last measuring.
@Loop
public protocol WorldDisk: AnyObject {
    /// The volumes that this Perigee keeps things on, the fullest first.
    func volumes() async throws -> [DiskVolume]
    /// What was measured, the largest first; of one kind if it is named.
    func list(kind: String?, limit: Int) -> [DiskItem]
    /// The snapshot directories of agents and what their upkeep left behind, as items for gc plans.
    func snapshots() async throws -> [SnapshotItem]
    /// Tells people how full it is; nil takes it back.
    func warn(_ level: DiskLevel?, reason: String)
}

/// How near a volume is to its end.
public enum DiskLevel: String, Sendable, CaseIterable { case soft, hard }

/// Something that was measured. Times are milliseconds since the epoch.
public struct DiskItem: Sendable, Equatable {
    public var kind: String
    public var id: String
    public var path: String
    /// Whose it is; nil where it is nobody's own.
    public var owner: String?
    public var usage: DirectoryUsage
    public var measuredAt: Int64

    public init(
        kind: String, id: String, path: String, owner: String? = nil, usage: DirectoryUsage, measuredAt: Int64
    ) {
        self.kind = kind
        self.id = id
        self.path = path
        self.owner = owner
        self.usage = usage
        self.measuredAt = measuredAt
    }
}

/// What an agent keeps to undo its changes, or a leftover beside it.
public struct SnapshotItem: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        case snapshot
        /// A pack that was never finished, or a directory whose deletion was not.
        case rest = "snapshot_rest"
    }

    public var kind: Kind
    /// Its place below the directory of runners' own things.
    public var id: String
    public var workspace: String
    public var bytes: Int64
    /// Milliseconds since the epoch.
    public var lastUsed: Int64
    /// A run is at work in the workspace, or somebody is on its runner.
    public var isBusy: Bool

    public init(kind: Kind, id: String, workspace: String, bytes: Int64, lastUsed: Int64, isBusy: Bool) {
        self.kind = kind
        self.id = id
        self.workspace = workspace
        self.bytes = bytes
        self.lastUsed = lastUsed
        self.isBusy = isBusy
    }
}
