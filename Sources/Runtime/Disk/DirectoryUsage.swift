import Glibc

/// What a directory, or a file, takes of its volume. Walked in slices on the pool.
public struct DirectoryUsage: Sendable, Equatable {
    /// As the volume counts it: blocks, not contents.
    public var bytes: Int64
    public var files: Int64
    /// When something in it changed last, in milliseconds since the epoch.
    public var changedAt: Int64

    public init(bytes: Int64 = 0, files: Int64 = 0, changedAt: Int64 = 0) {
        self.bytes = bytes
        self.files = files
        self.changedAt = changedAt
    }

    /// Links are counted, not followed. What vanishes meanwhile is left out; what is not there is not found.
    @Loop
    public init(counting path: String) async throws {
        let (root, parts) = DirectoryUsage.split(path)
        let usage = try await TreeUsage.of(FilePlace(root, parts))
        self.init(
            bytes: Int64(usage.allocated), files: Int64(usage.files), changedAt: Int64(usage.changed) * 1000)
    }

    /// A file is counted from the directory that it is in.
    private static func split(_ path: String) -> (FileRoot, [String]) {
        var status = stat()
        if lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFDIR, let slash = path.lastIndex(of: "/") {
            let directory = slash == path.startIndex ? "/" : String(path[..<slash])
            return (FileRoot("disk", directory, isWritable: false), [String(path[path.index(after: slash)...])])
        }
        return (FileRoot("disk", path, isWritable: false), [])
    }
}

/// A mounted volume as it stands now.
public struct DiskVolume: Sendable, Equatable {
    /// A path on it.
    public var path: String
    /// The kernel's number of it: two paths with the same are on one volume.
    public var device: UInt64
    public var total: Int64
    /// What this user may still write.
    public var free: Int64
    public var used: Int64
    /// 0 where the file system has no such bound.
    public var inodes: Int64
    public var inodesFree: Int64

    public init(
        path: String, device: UInt64 = 0, total: Int64, free: Int64, used: Int64, inodes: Int64 = 0,
        inodesFree: Int64 = 0
    ) {
        self.path = path
        self.device = device
        self.total = total
        self.free = free
        self.used = used
        self.inodes = inodes
        self.inodesFree = inodesFree
    }

    /// Of bytes or inodes, whichever is nearer to its end; what only root may use counts as used.
    public var share: Double {
        let bytes = used + free > 0 ? Double(used) / Double(used + free) : 0
        let nodes = inodes > 0 ? Double(inodes - inodesFree) / Double(inodes) : 0
        return max(bytes, nodes)
    }

    /// Blocks: a volume of another machine may take its time.
    public static func at(_ path: String) throws -> DiskVolume {
        var volume = statvfs()
        var status = stat()
        guard statvfs(path, &volume) == 0, stat(path, &status) == 0 else {
            throw Fault.system("look at the volume of", path, errno: errno)
        }
        let block = Int64(volume.f_frsize)
        return DiskVolume(
            path: path, device: UInt64(status.st_dev), total: Int64(volume.f_blocks) * block,
            free: Int64(volume.f_bavail) * block, used: Int64(volume.f_blocks - volume.f_bfree) * block,
            inodes: Int64(volume.f_files), inodesFree: Int64(volume.f_ffree))
    }
}
