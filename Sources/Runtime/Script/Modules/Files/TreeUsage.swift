import CLinux
import Glibc

/// How much a file, or a directory with all that is in it, holds. Counted in slices, so that a large tree holds a thread
/// of the pool for a moment at a time.
struct TreeUsage: Sendable {
    /// Entries that are looked at in one slice; a directory is not divided.
    static let slice = 4096

    /// Of the files' contents.
    private(set) var bytes = 0
    /// All entries that are no directories.
    private(set) var files = 0
    private(set) var directories = 0

    private let root: FileRoot
    private var pending: [FilePlace]
    /// Files with several names count once.
    private var linked: Set<UInt64> = []

    /// Waits for all of it.
    @Loop
    static func of(_ place: FilePlace) async throws -> TreeUsage {
        var usage = try await BlockingPool.shared.run("counting \(place.text)") { try TreeUsage(place) }
        while !usage.pending.isEmpty {
            usage = try await BlockingPool.shared.run("counting \(place.text)") { [usage] in try usage.continued() }
        }
        return usage
    }

    init(_ place: FilePlace) throws {
        root = place.root
        pending = []
        let status: stat
        if place.parts.isEmpty {
            status = try FileWork.status(of: FileWork.open(root), place)
        } else {
            let directory = try FileWork(place.directory).open(O_RDONLY | O_DIRECTORY)
            status = try FileWork.status(of: place.parts.last!, in: directory, place)
        }
        add(status, place)
    }

    var isDone: Bool { pending.isEmpty }

    func continued() throws -> TreeUsage {
        var next = self
        var seen = 0
        while seen < TreeUsage.slice, let place = next.pending.popLast() { seen += try next.count(place) }
        return next
    }

    /// What vanishes or is locked while it is counted is left out. Another file system is another matter.
    private mutating func count(_ place: FilePlace) throws -> Int {
        let names: [String]
        let directory: Descriptor
        do {
            directory = try FileWork(place).open(O_RDONLY | O_DIRECTORY)
            names = try FileWork.names(in: directory, place)
        } catch let fault as Fault where fault.kind == .notFound || fault.kind == .denied {
            return 1
        }
        for name in names where !place.parts.isEmpty || name != FilePlace.trash {
            var status = stat()
            guard fstatat(directory.value, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            add(status, place.with(name))
        }
        return names.count + 1
    }

    private mutating func add(_ status: stat, _ place: FilePlace) {
        guard status.st_mode & S_IFMT != S_IFDIR else {
            directories += 1
            pending.append(place)
            return
        }
        if status.st_nlink > 1, !linked.insert(UInt64(status.st_ino)).inserted { return }
        files += 1
        if status.st_mode & S_IFMT == S_IFREG { bytes += Int(status.st_size) }
    }
}
