import CLinux
import Glibc

/// Deletes a tree for good, a slice at a time. It follows no link, and has no depth that it cannot reach.
struct TreeRemoval {
    /// Entries that are deleted in one slice.
    static let slice = 4096
    /// Deeper directories are moved up first: each level holds a descriptor.
    private static let depthLimit = 64

    private let top: Descriptor
    private let place: FilePlace
    private var allowance = TreeRemoval.slice
    private var moved = 0

    /// `top` is where deep directories move to; what is deleted is in it.
    init(in top: Descriptor, _ place: FilePlace) {
        self.top = top
        self.place = place
    }

    /// Goes on with everything in `top` whose name begins so; true when nothing of it is left.
    mutating func remove(prefix: String) throws -> Bool {
        while true {
            let start = prefix.utf8.map { CChar(bitPattern: $0) }
            let names = try FileWork.rawNames(in: top, place).filter { $0.starts(with: start) }
            if names.isEmpty { return true }
            for name in names where try !remove(name, in: top, prefix, depth: 0) { return false }
        }
    }

    /// False when the slice is over.
    private mutating func remove(_ name: [CChar], in directory: Descriptor, _ prefix: String, depth: Int) throws -> Bool
    {
        guard allowance > 0 else { return false }
        allowance -= 1
        if unlinkat(directory.value, name, 0) == 0 || errno == ENOENT { return true }
        guard errno == EISDIR || errno == EPERM else { throw place.fault("delete", errno: errno) }
        if depth >= TreeRemoval.depthLimit {
            moved += 1
            let higher = "\(prefix)-\(Random.token(bytes: 6))-\(moved)"
            guard renameat(directory.value, name, top.value, higher) == 0 else {
                throw place.fault("delete", errno: errno)
            }
            return true
        }
        let inner = try open(name, in: directory)
        for child in try FileWork.rawNames(in: inner, place) {
            guard try remove(child, in: inner, prefix, depth: depth + 1) else { return false }
        }
        guard unlinkat(directory.value, name, AT_REMOVEDIR) == 0 || errno == ENOENT else {
            throw place.fault("delete", errno: errno)
        }
        return true
    }

    /// Caches of some tools are read-only directories; only their owner's wish to delete them counts.
    private func open(_ name: [CChar], in directory: Descriptor) throws -> Descriptor {
        var status = stat()
        if fstatat(directory.value, name, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode & 0o700 != 0o700 {
            _ = fchmodat(directory.value, name, status.st_mode & 0o7777 | 0o700, AT_SYMLINK_NOFOLLOW)
        }
        let number = clinux_open_within(directory.value, name, O_RDONLY | O_DIRECTORY, 0)
        guard number >= 0 else { throw place.fault("delete", errno: errno) }
        return Descriptor(number)
    }
}
