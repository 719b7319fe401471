import Glibc

/// Writes a file so that readers, and a crash, find the old one or the new one and nothing between.
public enum AtomicFile {
    /// Blocks, so it belongs on the pool.
    public static func write(_ bytes: [UInt8], to path: String, mode: UInt32 = 0o644) throws {
        let part = "\(path).\(getpid()).part"
        let descriptor = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode)
        guard descriptor >= 0 else { throw Fault.system("create", part, errno: errno) }
        do {
            defer { close(descriptor) }
            try write(bytes, to: descriptor, named: part)
            guard fsync(descriptor) == 0 else { throw Fault.system("write", part, errno: errno) }
        } catch {
            unlink(part)
            throw error
        }
        guard rename(part, path) == 0 else {
            let code = errno
            unlink(part)
            throw Fault.system("rename to", path, errno: code)
        }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32, named path: String) throws {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + done, $0.count - done) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Fault.system("write", path, errno: errno) }
            done += count
        }
    }
}
