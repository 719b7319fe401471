import Glibc
import Runtime

/// Where the console's lines are kept from one day to the next: a JSON string a line, readable by their owner alone.
struct HistoryFile: Sendable {
    let path: String

    /// Empty when there is none yet. Lines that are no strings are passed over.
    func read() -> [String] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while bytes.count < 16 << 20 {
            let count = Glibc.read(descriptor, &part, part.count)
            guard count > 0 else { break }
            bytes += part[..<count]
        }
        let entries = bytes.split(separator: 10).compactMap { line -> String? in
            // Half a line is what a full disk leaves.
            let text = try? JSON.parse(Array(line))
            return text?.string
        }
        return entries.suffix(LineHistory.limit)
    }

    /// All of them anew, in a file of its own first, so that a crash loses nothing.
    func write(_ entries: [String]) throws {
        var bytes: [UInt8] = []
        for entry in entries.suffix(LineHistory.limit) {
            var writer = JSONWriter()
            writer.value(entry)
            bytes += writer.finish() + [10]
        }
        let draft = "\(path).\(getpid())"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Fault.system("write", draft, errno: errno) }
        defer { close(descriptor) }
        let isWritten = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) == $0.count }
        guard isWritten, rename(draft, path) == 0 else {
            let code = errno
            unlink(draft)
            throw Fault.system("write", path, errno: code)
        }
    }
}
