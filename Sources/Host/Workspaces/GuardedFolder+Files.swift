import Glibc
import Runtime

// Whole files in and out: of the agent's directory into our own, and the other way.

extension GuardedFolder {
    private static let slice = 1 << 20

    /// Copies a file right in this directory to a new one of our own; what there is of it is whole, or it is not there.
    /// Gives its size.
    func copy(_ name: String, to target: String, limit: Int) throws -> Int {
        let source = openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard source >= 0 else { throw Fault.system("read", "\(path)/\(name)", errno: errno) }
        defer { close(source) }
        var status = stat()
        guard fstat(source, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw Fault(.denied, "\(path)/\(name) is no regular file")
        }
        let part = "\(target).\(Hex.encode(Random.bytes(4))).part"
        let file = open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Fault.system("create", part, errno: errno) }
        do {
            defer { close(file) }
            let size = try GuardedFolder.pour(source, into: file, "\(path)/\(name)", limit: limit)
            guard fsync(file) == 0, rename(part, target) == 0 else { throw Fault.system("write", target, errno: errno) }
            return size
        } catch {
            unlink(part)
            throw error
        }
    }

    /// Puts a copy of a file of our own here, under a name that nothing has.
    func give(_ source: String, as name: String) throws {
        let file = open(source, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw Fault.system("read", source, errno: errno) }
        defer { close(file) }
        let part = ".\(name).\(Hex.encode(Random.bytes(4))).part"
        let target = openat(descriptor, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o444)
        guard target >= 0 else { throw Fault.system("create", "\(path)/\(name)", errno: errno) }
        do {
            defer { close(target) }
            _ = try GuardedFolder.pour(file, into: target, source, limit: .max)
            try adopt(part)
            guard fsync(target) == 0, renameat(descriptor, part, descriptor, name) == 0 else {
                throw Fault.system("write", "\(path)/\(name)", errno: errno)
            }
        } catch {
            unlinkat(descriptor, part, 0)
            throw error
        }
    }

    /// What root puts in a user's directory is that user's.
    func adopt(_ name: String) throws {
        var owner = stat()
        guard geteuid() == 0, fstat(descriptor, &owner) == 0, owner.st_uid != 0 else { return }
        guard fchownat(descriptor, name, owner.st_uid, owner.st_gid, AT_SYMLINK_NOFOLLOW) == 0 else {
            throw Fault.system("give away", "\(path)/\(name)", errno: errno)
        }
    }

    private static func pour(_ source: Int32, into target: Int32, _ name: String, limit: Int) throws -> Int {
        var size = 0
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: slice, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = Glibc.read(source, buffer.baseAddress, slice)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Fault.system("read", name, errno: errno) }
            if count == 0 { return size }
            size += count
            guard size <= limit else {
                throw Fault(.tooLarge, "\(name) is larger than \(Units.describe(bytes: limit))")
            }
            var done = 0
            while done < count {
                let written = Glibc.write(target, buffer.baseAddress! + done, count - done)
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { throw Fault.system("write", name, errno: errno) }
                done += written
            }
        }
    }

    /// Puts what a file or link of our own is in the place of what has this name; a directory there is in the way.
    func replace(_ name: String, with source: String) throws {
        let path = try path(of: name)
        var status = stat()
        guard lstat(source, &status) == 0 else { throw Fault.system("read", source, errno: errno) }
        let part = ".\(Hex.encode(Random.bytes(8))).part"
        do {
            if status.st_mode & S_IFMT == S_IFLNK {
                try copy(link: source, to: part)
            } else {
                try copy(file: source, to: part, mode: status.st_mode & 0o100 == 0 ? 0o644 : 0o755)
            }
            try adopt(part)
            guard renameat(descriptor, part, descriptor, name) == 0 else {
                throw Fault.system("rename to", path, errno: errno)
            }
        } catch {
            unlinkat(descriptor, part, 0)
            throw error
        }
    }

    private func copy(link source: String, to part: String) throws {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        guard readlink(source, &target, Int(PATH_MAX)) > 0, symlinkat(target, descriptor, part) == 0 else {
            throw Fault.system("link", "\(path)/\(part)", errno: errno)
        }
    }

    private func copy(file source: String, to part: String, mode: mode_t) throws {
        let file = open(source, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw Fault.system("read", source, errno: errno) }
        defer { close(file) }
        let target = openat(descriptor, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard target >= 0 else { throw Fault.system("create", "\(path)/\(part)", errno: errno) }
        defer { close(target) }
        _ = try GuardedFolder.pour(file, into: target, source, limit: .max)
    }

    /// Takes a directory away in which nothing is; everything else stays.
    func removeIfEmpty(_ name: String) { unlinkat(descriptor, name, AT_REMOVEDIR) }
}
