import CLinux
import Glibc

/// A file below the root, open for reading. All of its calls may block: they belong in the pool.
final class OpenFile: Sendable {
    /// What tells one content of a file from another.
    struct Identity: Sendable, Equatable {
        let device: UInt64
        let inode: UInt64
        let size: Int
        let modified: Int64
        let changed: Int64

        fileprivate init(_ status: stat) {
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
            size = Int(status.st_size)
            modified = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
            changed = Int64(status.st_ctim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_ctim.tv_nsec)
        }

        var modifiedSeconds: Int { Int(modified / 1_000_000_000) }

        /// A strong tag, the same after a restart, that does not show inode numbers (FNV-1a over all of it).
        func tag(_ coding: String?) -> String {
            var hash: UInt64 = 0xcbf2_9ce4_8422_2325
            for part in [device, inode, UInt64(size), UInt64(bitPattern: modified), UInt64(bitPattern: changed)] {
                for shift in stride(from: UInt64(0), to: 64, by: 8) {
                    hash = (hash ^ (part >> shift & 255)) &* 0x100_0000_01b3
                }
            }
            return "\"\(String(hash, radix: 36))\(coding.map { "-" + $0 } ?? "")\""
        }
    }

    enum Missing: Error { case notFound, isDirectory }

    let identity: Identity
    private let descriptor: Int32

    init(root: Int32, path: String) throws {
        let descriptor = clinux_open_beneath(root, path)
        guard descriptor >= 0 else {
            switch errno {
            case ENOENT, ENOTDIR, ELOOP, EXDEV, EINVAL, ENAMETOOLONG, ENXIO, EACCES: throw Missing.notFound
            default: throw Fault.system("open", path, errno: errno)
            }
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            let isDirectory = status.st_mode & S_IFMT == S_IFDIR
            Glibc.close(descriptor)
            throw isDirectory ? Missing.isDirectory : Missing.notFound
        }
        self.descriptor = descriptor
        identity = Identity(status)
    }

    deinit { Glibc.close(descriptor) }

    /// Exactly these bytes. A file that was changed or cut since it was opened is an error: half of one content and half of
    /// another would be worse than none.
    func read(_ range: Range<Int>) throws -> [UInt8] {
        var filled = 0
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            while filled < range.count {
                let result = pread(
                    descriptor, buffer.baseAddress! + filled, range.count - filled, off_t(range.lowerBound + filled))
                if result < 0 && errno == EINTR { continue }
                if result < 0 { failure = errno }
                if result <= 0 { break }
                filled += result
            }
            count = filled
        }
        if failure != 0 { throw Fault.system("read", "a file that is being sent", errno: failure) }
        var status = stat()
        guard filled == range.count, fstat(descriptor, &status) == 0, Identity(status).isSameContent(as: identity)
        else {
            throw Fault(.unavailable, "a file was changed while it was being sent", hint: "ask for it again")
        }
        return bytes
    }
}

extension OpenFile.Identity {
    /// A link or mode that changes touches the change time only, and no byte.
    func isSameContent(as other: Self) -> Bool {
        (device, inode, size, modified) == (other.device, other.inode, other.size, other.modified)
    }
}
