import Glibc

/// A directory of the test's own, removed with everything in it.
public final class TemporaryDirectory: Sendable {
    public let path: String

    public init() {
        var template = Array("/tmp/perigee-test-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil, "no temporary directory")
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { TemporaryDirectory.remove(path) }

    /// Directories on the way are made.
    public func write(_ text: String, to name: String) {
        var path = self.path
        for part in name.split(separator: "/").dropLast() {
            path += "/\(part)"
            mkdir(path, 0o755)
        }
        write(Array(text.utf8), at: name)
    }

    private func write(_ bytes: [UInt8], at name: String) {
        let descriptor = open("\(path)/\(name)", O_CREAT | O_WRONLY | O_TRUNC, 0o644)
        precondition(descriptor >= 0, "cannot write \(name)")
        let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        precondition(count == bytes.count, "cannot write all of \(name)")
        close(descriptor)
    }

    private static func remove(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            unlink(path)
            return
        }
        if let directory = opendir(path) {
            while let entry = readdir(directory) {
                let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name != "." && name != ".." { remove("\(path)/\(name)") }
            }
            closedir(directory)
        }
        rmdir(path)
    }
}
