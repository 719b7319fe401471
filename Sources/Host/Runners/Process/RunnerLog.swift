import Glibc
import Runtime

/// What a runner prints: a file that the process itself writes to, so that it goes on without us. It lies where runners
/// do not see it. All of this blocks for a moment, and belongs on the pool.
struct RunnerLog: Sendable {
    /// A file that has grown beyond this is cut down to its newest half.
    static let most = 1 << 20

    let path: String

    init(_ directory: String, _ name: String) { path = "\(directory)/\(name).log" }

    var size: Int {
        var status = stat()
        return lstat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// From a place on; what was cut meanwhile is lost.
    func text(from place: Int = 0, atMost limit: Int = 256 << 10) -> String {
        String(decoding: bytes(from: place, limit), as: UTF8.self)
    }

    /// The newest lines.
    func lines(_ count: Int) -> String {
        let tail = bytes(from: max(0, size - RunnerLog.most), RunnerLog.most)
        let lines = tail.split(separator: 0x0a, omittingEmptySubsequences: false)
        let whole = lines.last?.isEmpty == true ? lines.dropLast() : lines[...]
        return whole.suffix(max(0, count)).map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n")
    }

    /// Cuts it when it is too long. The writer appends, so it goes on at the new end; a line that it writes in this very
    /// moment may be lost.
    func trim() {
        guard size > RunnerLog.most else { return }
        let rest = bytes(from: size - RunnerLog.most / 2, RunnerLog.most)
        let kept = rest.drop { $0 != 0x0a }.dropFirst()
        let descriptor = open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        guard ftruncate(descriptor, 0) == 0 else { return }
        _ = Array(kept).withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    }

    private func bytes(from place: Int, _ limit: Int) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        let start = place <= size ? place : 0
        return [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            while count < limit {
                let got = pread(descriptor, buffer.baseAddress! + count, limit - count, off_t(start + count))
                guard got > 0 else { break }
                count += got
            }
        }
    }
}
