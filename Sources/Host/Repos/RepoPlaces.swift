import Glibc
import Runtime

/// Where repositories are. The cache and the desks are Perigee's own: git runs there, and no agent can write in them.
struct RepoPlaces: Sendable {
    /// `OCWEB_PROJECTS_DIR`, resolved.
    let root: String
    /// The workspaces' root, resolved.
    let workspaces: String

    static let worktrees = "worktrees"
    /// In each workspace: the objects that all its worktrees of a repository have together.
    static let pools = ".perigee"
    private static let parts = ["repos", "desks", "git", worktrees]

    static func open(root: String, workspaces: String) throws -> RepoPlaces {
        try OwnDirectory.make(root, setting: "OCWEB_PROJECTS_DIR")
        guard let resolved = realpath(root, nil) else { throw Fault.system("projects directory", root, errno: errno) }
        defer { free(resolved) }
        let places = RepoPlaces(root: String(cString: resolved), workspaces: workspaces)
        for part in parts.map({ "\(places.root)/\($0)" }) + [places.making] {
            guard mkdir(part, 0o700) == 0 || errno == EEXIST else { throw Fault.system("make", part, errno: errno) }
        }
        return places
    }

    var cache: String { "\(root)/repos" }
    var desks: String { "\(root)/desks" }
    var gitHome: String { "\(root)/git" }
    /// Worktrees are put together here, on the workspaces' own file system, where no agent sees it.
    var making: String { "\(workspaces)/.making" }

    /// What packs are written to before they are handed on begins so: git can rename only within a file system.
    var parcels: String { "\(gitHome)/parcel-" }

    func repo(_ folder: String) -> String { "\(cache)/\(folder)" }
    func desk(_ id: WorktreeID) -> String { "\(desks)/\(id)" }

    /// The directory in which a worktree's `worktrees/` is: the workspace, or the projects' own.
    func base(_ workspace: Workspace?) -> String { workspace?.directory ?? root }
    func base(of worktree: WorktreeRecord) -> String {
        String(worktree.path.dropLast(worktree.folder.utf8.count + RepoPlaces.worktrees.utf8.count + 2))
    }

    func path(_ folder: String, below base: String) -> String { "\(base)/\(RepoPlaces.worktrees)/\(folder)" }
    func pool(_ repo: RepoRecord, below base: String) -> String { "\(base)/\(RepoPlaces.pools)/objects/\(repo.folder)" }

    /// Names below a directory of our own that begin so.
    static func names(_ directory: String, prefix: String = "") throws -> [String] {
        guard let stream = opendir(directory) else { throw Fault.system("list", directory, errno: errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != "..", name.hasPrefix(prefix) { names.append(name) }
        }
        return names.sorted()
    }

    /// Takes away a directory of our own with all that is in it, links themselves and never what they lead to. What is
    /// not there is gone already.
    static func remove(_ path: String) throws {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw Fault.system("remove", path, errno: errno)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            guard unlink(path) == 0 || errno == ENOENT else { throw Fault.system("remove", path, errno: errno) }
            return
        }
        for name in try names(path) { try remove("\(path)/\(name)") }
        guard rmdir(path) == 0 || errno == ENOENT else { throw Fault.system("remove", path, errno: errno) }
    }

    /// Gives a new tree of our own to whom the workspace belongs, so that its agent can write there.
    static func give(_ path: String, like base: String) throws {
        var owner = stat()
        guard geteuid() == 0, stat(base, &owner) == 0, owner.st_uid != geteuid() else { return }
        try give(path, owner.st_uid, owner.st_gid)
    }

    private static func give(_ path: String, _ user: uid_t, _ group: gid_t) throws {
        guard lchown(path, user, group) == 0 else { throw Fault.system("give away", path, errno: errno) }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return }
        for name in try names(path) { try give("\(path)/\(name)", user, group) }
    }

    /// The bytes of all files below.
    static func bytes(below path: String) -> Int {
        var status = stat()
        guard lstat(path, &status) == 0 else { return 0 }
        guard status.st_mode & S_IFMT == S_IFDIR else { return Int(status.st_blocks) * 512 }
        // What cannot be read counts nothing.
        let names = (try? names(path)) ?? []
        return names.reduce(0) { $0 + bytes(below: "\(path)/\($1)") }
    }

    /// A rename that is on the disk when this returns.
    static func move(_ from: String, to path: String) throws {
        guard rename(from, path) == 0 else { throw Fault.system("rename to", path, errno: errno) }
        let directory = Glibc.open(String(path[..<path.lastIndex(of: "/")!]), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return }
        fsync(directory)
        close(directory)
    }
}
