import Glibc
import Runtime

/// A directory that a user's agent writes in, reached by descriptors: no link in it leads out of it, whatever the agent
/// changes meanwhile. Blocks, so it belongs on the pool.
struct GuardedFolder: ~Copyable {
    let path: String
    let descriptor: Int32

    private init(_ descriptor: Int32, _ path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    /// The root itself is the owner's word: links on the way to it are followed.
    static func root(_ path: String) throws -> GuardedFolder {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Fault.system("open", path, errno: errno) }
        return GuardedFolder(descriptor, path)
    }

    /// A directory right in this one; nil where there is none and none is to be made.
    func folder(_ name: String, creating: Bool = false) throws -> GuardedFolder? {
        let path = try path(of: name)
        if creating {
            if mkdirat(descriptor, name, 0o700) == 0 {
                try adopt(name)
            } else if errno != EEXIST {
                throw Fault.system("create", path, errno: errno)
            }
        }
        let found = openat(descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        if found < 0, errno == ENOENT { return nil }
        guard found >= 0 else { throw refusal(path, errno) }
        return GuardedFolder(found, path)
    }

    /// The bytes of a file right in this directory; nil where there is none. Links, pipes and devices are refused.
    func read(_ name: String, limit: Int) throws -> [UInt8]? {
        let path = try path(of: name)
        let file = openat(descriptor, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        if file < 0, errno == ENOENT { return nil }
        guard file >= 0 else { throw refusal(path, errno) }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw Fault.system("read", path, errno: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Fault(.denied, "\(path) is no regular file") }
        guard status.st_size <= limit else {
            throw Fault(.tooLarge, "\(path) is larger than \(Units.describe(bytes: limit))")
        }
        // One byte more than it has shows that it has just grown.
        var bytes = [UInt8](repeating: 0, count: min(Int(status.st_size), limit) + 1)
        var filled = 0
        while true {
            if filled == bytes.count {
                guard filled <= limit else { break }
                bytes.append(contentsOf: repeatElement(0, count: min(filled, limit + 1 - filled)))
            }
            let count = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress! + filled, $0.count - filled) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Fault.system("read", path, errno: errno) }
            if count == 0 { break }
            filled += count
        }
        guard filled <= limit else {
            throw Fault(.tooLarge, "\(path) is larger than \(Units.describe(bytes: limit))")
        }
        return Array(bytes[..<filled])
    }

    /// Readers, and a crash, find the old file or the new one. A link of that name is replaced, not followed.
    func write(_ bytes: [UInt8], to name: String, mode: UInt32 = 0o644) throws {
        let path = try path(of: name)
        let part = ".\(name).\(Hex.encode(Random.bytes(4))).part"
        let file = openat(descriptor, part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard file >= 0 else { throw Fault.system("create", path, errno: errno) }
        do {
            defer { close(file) }
            var done = 0
            while done < bytes.count {
                let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress! + done, $0.count - done) }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw Fault.system("write", path, errno: errno) }
                done += count
            }
            guard fsync(file) == 0 else { throw Fault.system("write", path, errno: errno) }
            guard renameat(descriptor, part, descriptor, name) == 0 else {
                throw Fault.system("rename to", path, errno: errno)
            }
        } catch {
            unlinkat(descriptor, part, 0)
            throw error
        }
    }

    func remove(_ name: String) throws {
        let path = try path(of: name)
        guard unlinkat(descriptor, name, 0) == 0 || errno == ENOENT else {
            throw Fault.system("remove", path, errno: errno)
        }
    }

    /// The same directory for a program that is started now: it leads to what is open, whatever its name is by then.
    var held: String { "/proc/\(getpid())/fd/\(descriptor)" }

    /// Moves a file or directory of our own here, under a name that nothing has.
    func take(_ source: String, as name: String) throws {
        let path = try path(of: name)
        guard try !has(name) else { throw Fault(.conflict, "\(path) is there already") }
        guard renameat(AT_FDCWD, source, descriptor, name) == 0 else {
            throw Fault.system("rename to", path, errno: errno)
        }
        fsync(descriptor)
    }

    /// Whether something of that name is there, a link included.
    func has(_ name: String) throws -> Bool {
        _ = try path(of: name)
        var status = stat()
        return fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0
    }

    /// Names of what is in it, dot files left out unless they are wanted; at most that many.
    func names(atMost limit: Int, hidden: Bool = false) throws -> [String] {
        let copy = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let directory = fdopendir(copy) else { throw Fault.system("list", path, errno: errno) }
        defer { closedir(directory) }
        var names: [String] = []
        while names.count < limit, let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if hidden ? name != "." && name != ".." : !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    func path(of name: String) throws -> String {
        guard !name.isEmpty, name != ".", name != "..", name.utf8.allSatisfy({ $0 != 47 && $0 != 0 }) else {
            throw Fault(.denied, "\"\(name)\" is no name of something right in \(path)")
        }
        return "\(path)/\(name)"
    }

    private func refusal(_ path: String, _ code: Int32) -> Fault {
        guard code == ELOOP || code == ENOTDIR else { return Fault.system("open", path, errno: code) }
        return Fault(
            .denied, "\(path) is a link, or not what it should be; it is not followed",
            hint: "put a real file or directory in its place")
    }
}
