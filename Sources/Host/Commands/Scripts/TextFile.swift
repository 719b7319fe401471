import Glibc
import Runtime

/// Whole text files of a command: read at once, written with the directories above them.
enum TextFile {
    static func read(_ path: String) throws -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Fault.system("read", path, errno: errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &part, part.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Fault.system("read", path, errno: errno) }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += part[..<count]
        }
    }

    static func write(_ text: String, to path: String) throws {
        try makeDirectories(above: path)
        try AtomicFile.write(Array(text.utf8), to: path)
    }

    private static func makeDirectories(above path: String) throws {
        for index in path.indices where path[index] == "/" && index != path.startIndex {
            let directory = String(path[..<index])
            guard mkdir(directory, 0o755) == 0 || errno == EEXIST || errno == EISDIR else {
                throw Fault.system("create", directory, errno: errno)
            }
        }
    }
}
