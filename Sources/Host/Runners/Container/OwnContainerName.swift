import Glibc
import Runtime

/// Finds out whether Perigee runs in a container, and in which.
enum OwnContainerName {
    /// Its id or name, as Docker knows it; nil outside of containers. Blocks.
    static func find() -> String? {
        guard access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0 else { return nil }
        if let id = id(mounts: text(of: "/proc/self/mountinfo")) { return id }
        // Docker calls the machine after the container, unless somebody gave it another name.
        let name = text(of: "/proc/sys/kernel/hostname").prefix { !$0.isWhitespace }
        return name.isEmpty ? nil : String(name)
    }

    /// Docker mounts `/etc/hostname` and its like from a directory that bears the id.
    static func id(mounts: String) -> String? {
        for line in mounts.split(separator: "\n") where line.contains("/etc/hostname") {
            for part in line.split(whereSeparator: { $0 == "/" || $0 == " " }) {
                if part.utf8.count == 64, part.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) {
                    return String(part)
                }
            }
        }
        return nil
    }

    private static func text(of path: String) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 256 << 10)
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress! + filled, $0.count - filled) }
            if count <= 0 { break }
            filled += count
        }
        return String(decoding: bytes.prefix(filled), as: UTF8.self)
    }
}
