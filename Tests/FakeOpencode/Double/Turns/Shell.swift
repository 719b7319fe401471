import Glibc
import Runtime

/// A command in a shell of its own session, as the original starts them: a kill of the server leaves it running.
@Loop
final class Shell {
    private let command: String
    private let directory: String
    private var child: Subprocess?
    /// More output than this is dropped.
    private static let most = 30_000

    init(_ command: String, in directory: String) {
        self.command = command
        self.directory = directory
    }

    /// Runs it to its end; `tell` gets all output so far each time some comes.
    func run(_ tell: (String) -> Void) async throws -> (output: String, exit: Int?, isTruncated: Bool) {
        let options = Subprocess.Options(
            environment: .inherit(Shell.variables), directory: directory, output: .stream, ownSession: true,
            grace: .milliseconds(200))
        let child = try await Subprocess.start(["/bin/sh", "-c", "exec 2>&1\n\(command)"], options)
        self.child = child
        var bytes: [UInt8] = []
        var isTruncated = false
        while let piece = try await child.output?.next() {
            isTruncated = isTruncated || bytes.count + piece.count > Shell.most
            bytes += piece.prefix(Shell.most - bytes.count)
            tell(String(decoding: bytes, as: UTF8.self))
        }
        let end = try await child.value()
        return (String(decoding: bytes, as: UTF8.self), Shell.code(end), isTruncated)
    }

    /// The names of all variables: a tool has the environment of its server, as with the original.
    private static var variables: [String] {
        var names: [String] = []
        var entry: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> = environ
        while let text = entry.pointee {
            names.append(String(String(cString: text).prefix { $0 != "=" }))
            entry += 1
        }
        return names.filter { !$0.isEmpty }
    }

    /// Ends it with everything that it started.
    func stop() async { await child?.stop() }

    private static func code(_ end: ChildEnd) -> Int? {
        if case .exited(let code) = end { Int(code) } else { nil }
    }
}
