import Glibc

/// Keeps a second Perigee away from a store: a file beside it, locked for as long as this process lives.
///
/// The lock is the kernel's, so that a kill leaves nothing behind; the number inside is for the message only. The file
/// stays when it is released, because removing it would let two processes lock two files of one name.
final class StoreLease: Sendable {
    private let descriptor: Locked<Int32>

    init(beside path: String) throws {
        let name = "\(path).lease"
        let descriptor = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Fault.system("open", name, errno: errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            defer { close(descriptor) }
            guard code == EWOULDBLOCK else { throw Fault.system("lock", name, errno: code) }
            throw Fault(
                .conflict, "\(path) is in use by another Perigee (process \(StoreLease.owner(descriptor)))",
                hint: "stop that one first, or choose another STATE_DIR")
        }
        self.descriptor = Locked(descriptor)
        var text = "\(getpid())\n"
        ftruncate(descriptor, 0)
        // The lock holds without the number, which a full disk may refuse.
        _ = text.withUTF8 { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }

    deinit { release() }

    func release() {
        descriptor.withLock { descriptor in
            guard descriptor >= 0 else { return }
            ftruncate(descriptor, 0)
            close(descriptor)
            descriptor = -1
        }
    }

    private static func owner(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        let text = String(decoding: bytes.prefix(max(0, count)).prefix { $0 != 10 }, as: UTF8.self)
        return text.isEmpty ? "unknown" : text
    }
}
