import CLinux
import Glibc

/// How much a file, or a directory with all that is in it, holds. Counted in slices, so that a large tree holds a
/// thread of the pool for a moment at a time.
struct TreeUsage: Sendable {
    /// Entries that are looked at in one slice; a directory is not divided.
    static let slice = 4096

    /// Of the files' contents.
    private(set) var bytes = 0
    /// What they take of the volume, directories included.
    private(set) var allocated = 0
    /// When something in it changed last, in seconds since the epoch.
    private(set) var changed = 0
    /// All entries that are no directories.
    private(set) var files = 0
    private(set) var directories = 0

    private let root: FileRoot
    /// Directories that are still to be looked at, as the kernel takes their paths: a name need not be UTF-8.
    private var pending: [[CChar]] = []
    /// Files with several names count once.
    private var linked: Set<UInt64> = []

    /// Waits for all of it.
    @Loop
    static func of(_ place: FilePlace) async throws -> TreeUsage {
        var usage = try await BlockingPool.shared.run("counting \(place.text)") { try TreeUsage(place) }
        while !usage.isDone {
            usage = try await BlockingPool.shared.run("counting \(place.text)") { [usage] in try usage.continued() }
        }
        return usage
    }

    init(_ place: FilePlace) throws {
        root = place.root
        let status: stat
        if place.parts.isEmpty {
            status = try FileWork.status(of: FileWork.open(root), place)
        } else {
            let directory = try FileWork(place.directory).open(O_RDONLY | O_DIRECTORY)
            status = try FileWork.status(of: place.parts.last!, in: directory, place)
        }
        add(status, Array(place.relative.utf8CString))
    }

    var isDone: Bool { pending.isEmpty }

    func continued() throws -> TreeUsage {
        var next = self
        var seen = 0
        let top = try FileWork.open(root)
        while seen < TreeUsage.slice, let path = next.pending.popLast() { seen += try next.count(path, below: top) }
        return next
    }

    /// What vanishes or is locked while it is counted, or lies deeper than a path can say, is left out.
    private mutating func count(_ path: [CChar], below top: Descriptor) throws -> Int {
        let number = clinux_open_within(top.value, path, O_RDONLY | O_DIRECTORY, 0)
        guard number >= 0 else { return 1 }
        let directory = Descriptor(number)
        let isRoot = path == Array(".".utf8CString)
        let trash = Array(FilePlace.trash.utf8CString)
        let names = try FileWork.rawNames(in: directory, FilePlace(root, []))
        for name in names where !isRoot || name != trash {
            var status = stat()
            guard fstatat(directory.value, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            add(status, isRoot ? name : path.dropLast() + [CChar(bitPattern: UInt8(ascii: "/"))] + name)
        }
        return names.count + 1
    }

    private mutating func add(_ status: stat, _ path: [CChar]) {
        changed = max(changed, Int(status.st_mtim.tv_sec))
        guard status.st_mode & S_IFMT != S_IFDIR else {
            allocated += Int(status.st_blocks) * 512
            directories += 1
            pending.append(path)
            return
        }
        if status.st_nlink > 1, !linked.insert(UInt64(status.st_ino)).inserted { return }
        files += 1
        allocated += Int(status.st_blocks) * 512
        if status.st_mode & S_IFMT == S_IFREG { bytes += Int(status.st_size) }
    }
}
