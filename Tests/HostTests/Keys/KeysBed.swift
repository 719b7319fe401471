import Glibc
import Runtime
import TestSupport

@testable import Host

/// Keys over a real store, with a clock that stands still until it is moved.
@Loop
final class KeysBed {
    let directory: TemporaryDirectory
    let store: Store
    let keys: Keys
    private let time: ManualMoment

    var moment: Int64 {
        get { time.milliseconds }
        set { time.milliseconds = newValue }
    }

    static func open(in directory: TemporaryDirectory = TemporaryDirectory()) async throws -> KeysBed {
        let time = ManualMoment()
        let store = try await Store.open("\(directory.path)/perigee.db", migrations: Schema.migrations) { _ in }
        return KeysBed(directory, store, try await Keys.open(store) { time.milliseconds }, time)
    }

    private init(_ directory: TemporaryDirectory, _ store: Store, _ keys: Keys, _ time: ManualMoment) {
        self.directory = directory
        self.store = store
        self.keys = keys
        self.time = time
    }

    func token(_ scopes: [String] = ["chat"], user: String? = nil, expires: String? = nil) async throws -> String {
        try await keys.issue(KeyOrder(user: user, scopes: scopes, expires: expires)).token.reveal()
    }

    func close() async { await store.close() }
}

@Loop
final class ManualMoment {
    /// 2026-11-21 12:00:00 UTC.
    var milliseconds: Int64 = 1_795_262_400_000
}

/// Every file below a directory that has these bytes in it.
func files(below path: String, holding text: String) throws -> [String] {
    var found: [String] = []
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        guard name != ".", name != ".." else { continue }
        let child = "\(path)/\(name)"
        var status = stat()
        guard lstat(child, &status) == 0 else { continue }
        if status.st_mode & S_IFMT == S_IFDIR {
            found += try files(below: child, holding: text)
        } else if status.st_mode & S_IFMT == S_IFREG, try bytes(of: child).contains(text.utf8) {
            found.append(child)
        }
    }
    return found
}

func bytes(of path: String) throws -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Fault.system("read", path, errno: errno) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = read(descriptor, &part, part.count)
        guard count > 0 else { return bytes }
        bytes += part[..<count]
    }
}
