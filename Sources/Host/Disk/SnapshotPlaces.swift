import Glibc
import Runtime

/// What agents keep to undo their changes, on the disk: git directories below each runner's own data, and in them what a
/// `git gc` that was killed has left, which opencode never takes away. Every call blocks.
///
/// A place is named by its path below `root`: `WORKSPACE/KEYS/data/opencode/snapshot/PROJECT[/TREE]`.
struct SnapshotPlaces: Sendable {
    struct Found: Sendable, Equatable {
        let kind: SnapshotItem.Kind
        let id: String
        let workspace: String
        let bytes: Int64
        let changedAt: Int64
    }

    /// Where runners have what is their own.
    let root: String
    private static let inner = ["data", "opencode", "snapshot"]
    /// A pack that is being written is younger.
    static let restAge: Int64 = 3_600_000
    private static let most = 20_000

    /// Without sizes of snapshots, which are measured aside.
    func list(now: Int64) -> [Found] {
        var found: [Found] = []
        for workspace in Names.directories(root) {
            for keys in Names.directories("\(root)/\(workspace)") {
                let base = [workspace, keys] + SnapshotPlaces.inner
                for project in Names.directories("\(root)/\(base.joined(separator: "/"))", hidden: true) {
                    look(base + [project], workspace, now, into: &found, depth: 0)
                    if found.count >= SnapshotPlaces.most { return found }
                }
            }
        }
        return found
    }

    private func look(_ parts: [String], _ workspace: String, _ now: Int64, into found: inout [Found], depth: Int) {
        let id = parts.joined(separator: "/")
        let path = "\(root)/\(id)"
        if parts.last!.hasPrefix(TreeDeletion.prefix) {
            found.append(
                Found(kind: .rest, id: id, workspace: workspace, bytes: 0, changedAt: Names.changed(path) ?? 0))
        } else if access("\(path)/objects", F_OK) == 0 {
            found.append(
                Found(kind: .snapshot, id: id, workspace: workspace, bytes: 0, changedAt: lastUse(of: path)))
            rests(id, workspace, now, into: &found)
        } else if depth == 0 {
            for name in Names.directories(path, hidden: true) {
                look(parts + [name], workspace, now, into: &found, depth: 1)
            }
        }
    }

    /// A snapshot is used when its index or its objects change.
    private func lastUse(of path: String) -> Int64 {
        ["", "/index", "/objects", "/objects/pack", "/refs"].compactMap { Names.changed(path + $0) }.max() ?? 0
    }

    private func rests(_ id: String, _ workspace: String, _ now: Int64, into found: inout [Found]) {
        let pack = "\(id)/objects/pack"
        for name in Names.all("\(root)/\(pack)") where name.hasPrefix("tmp_pack_") || name.hasPrefix("tmp_idx_") {
            guard let status = Names.status("\(root)/\(pack)/\(name)"), status.st_mode & S_IFMT == S_IFREG else {
                continue
            }
            let changed = Int64(status.st_mtim.tv_sec) * 1000
            guard now - changed >= SnapshotPlaces.restAge else { continue }
            found.append(
                Found(
                    kind: .rest, id: "\(pack)/\(name)", workspace: workspace, bytes: Int64(status.st_blocks) * 512,
                    changedAt: changed))
        }
    }

    /// One of them as it is now; nil when it is not there, or the id is none of ours.
    func find(_ id: String, now: Int64) -> Found? {
        let parts = SnapshotPlaces.parts(id)
        guard parts.count >= 6, Array(parts[2..<5]) == SnapshotPlaces.inner,
            !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." })
        else { return nil }
        var found: [Found] = []
        look(Array(parts.prefix(6)), parts[0], now, into: &found, depth: 0)
        return found.first { $0.id == id }
    }

    /// For the removal: from the root on.
    static func parts(_ id: String) -> [String] {
        id.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    }

    func path(_ id: String) -> String { "\(root)/\(id)" }
}

/// Names in directories, without following links. What cannot be read has none.
enum Names {
    static func all(_ path: String) -> [String] {
        let number = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard number >= 0, let directory = fdopendir(number) else {
            if number >= 0 { close(number) }
            return []
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    static func directories(_ path: String, hidden: Bool = false) -> [String] {
        all(path).filter { name in
            (hidden || !name.hasPrefix("."))
                && status("\(path)/\(name)").map { $0.st_mode & S_IFMT == S_IFDIR } ?? false
        }
    }

    static func status(_ path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }

    /// In milliseconds since the epoch.
    static func changed(_ path: String) -> Int64? {
        status(path).map { Int64($0.st_mtim.tv_sec) * 1000 + Int64($0.st_mtim.tv_nsec) / 1_000_000 }
    }
}
