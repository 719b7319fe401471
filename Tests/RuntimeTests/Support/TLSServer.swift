import CLinux
import Glibc
import Runtime
import TestSupport
import Testing

/// `openssl s_server` on a port of the kernel's choice, with a certificate for 127.0.0.1 and localhost that an authority
/// of the test's own has signed.
@Loop
final class TLSServer {
    let directory = TemporaryDirectory()
    private(set) var port = 0
    private var exit: ChildExit!

    var authority: String { "\(directory.path)/ca.pem" }

    nonisolated static let isAvailable: Bool = {
        let isThere = access("/usr/bin/openssl", X_OK) == 0
        if !isThere {
            precondition(getenv("CI") == nil, "the TLS tests need /usr/bin/openssl")
            print("SKIPPED: TLS tests, /usr/bin/openssl is missing")
        }
        return isThere
    }()

    /// `mode` is `-www` (answers HTTP) or `-rev` (sends each line back reversed). `asks` wants a certificate of the
    /// authority's from clients.
    init(_ mode: String, asks: Bool = false) async throws {
        try await TestAuthority.make(in: directory.path)
        var ends: [Int32] = [0, 0]
        precondition(clinux_pipe(&ends) == 0)
        let arguments =
            ["s_server", "-accept", "127.0.0.1:0", "-cert", "cert.pem", "-key", "key.pem", mode]
            + (asks ? ["-Verify", "1", "-verify_return_error", "-CAfile", "ca.pem"] : [])
        exit = try ChildExit(pid: spawn(arguments, output: ends[1]))
        Glibc.close(ends[1])
        port = try await readPort(ends[0])
        Glibc.close(ends[0])
    }

    func close() async {
        exit.signal(SIGKILL)
        // How it ended does not matter.
        _ = try? await exit.value()
    }

    private func readPort(_ descriptor: Int32) async throws -> Int {
        var text = ""
        var room = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(descriptor, &room, room.count)
            if count > 0 { text += String(decoding: room[..<count], as: UTF8.self) }
            if count == 0 { throw Fault(.unavailable, "openssl s_server ended: \(text)") }
            if let line = text.split(separator: "\n").dropLast(text.hasSuffix("\n") ? 0 : 1).first(where: {
                $0.hasPrefix("ACCEPT")
            }),
                let port = Int(line.split(separator: ":").last ?? "")
            {
                return port
            }
            try await Loop.sleep(for: .milliseconds(5))
        }
    }

    private func inDirectory(_ argument: String) -> String {
        argument.hasSuffix(".pem") || argument.hasSuffix(".key") ? "\(directory.path)/\(argument)" : argument
    }

    private func spawn(_ arguments: [String], output: Int32) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var pid: pid_t = 0
        var pointers = (["openssl"] + arguments.map(inDirectory)).map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        let result = posix_spawn(&pid, "/usr/bin/openssl", &actions, nil, &pointers, environ)
        precondition(result == 0, "cannot start openssl")
        return pid
    }
}
