import Glibc
import Runtime

/// `perigee serve` as a child process with a port from the kernel and a state directory of its own.
@Loop
final class RunningProgram {
    let process: Subprocess
    let port: Int
    private(set) var lines: [String] = []

    /// Starts it, given a launcher as the last words of that, and returns when it says where it listens.
    static func start(
        state: String, settings: [String] = [], environment: [String: String] = [:], launcher: [String] = []
    ) async throws -> RunningProgram {
        let words = ["serve", "PORT=0", "STATE_DIR=\(state)", "LOG_FORMAT=json"] + settings
        let process = try await Subprocess.start(
            launcher + [Program.path] + words,
            .init(
                environment: .only(Program.base.merging(environment) { $1 }), directory: "/", output: .discard,
                errors: .stream))
        var lines: [String] = []
        var rest = ""
        while let piece = try await process.errors?.next() {
            rest += String(decoding: piece, as: UTF8.self)
            while let end = rest.firstIndex(of: "\n") {
                lines.append(String(rest[..<end]))
                rest = String(rest[rest.index(after: end)...])
            }
            if let port = lines.lazy.compactMap({ listeningPort($0) }).first {
                return RunningProgram(process, port, lines)
            }
        }
        throw Fault(.unavailable, "perigee did not start: \(lines.joined(separator: "\n")) \(rest)")
    }

    private init(_ process: Subprocess, _ port: Int, _ lines: [String]) {
        self.process = process
        self.port = port
        self.lines = lines
    }

    /// Sends a signal and reads what it logs until its end.
    @discardableResult
    func end(_ signal: Int32 = SIGTERM) async throws -> (end: ChildEnd, log: String) {
        process.signal(signal)
        var log = ""
        while let piece = try await process.errors?.next() { log += String(decoding: piece, as: UTF8.self) }
        return (try await process.value(), log)
    }

    private static func listeningPort(_ line: String) -> Int? {
        // Other lines may name other servers before that.
        guard line.contains("listens"), let start = line.firstRange(of: "http://127.0.0.1:") else { return nil }
        return Int(line[start.upperBound...].prefix { $0.isNumber })
    }
}

/// One exchange over a plain socket, on a thread of its own, so that the program under test is all that is tested.
struct Exchange: Sendable {
    let status: Int
    let head: String
    let body: String

    static func get(_ path: String, port: Int, headers: [String] = []) async throws -> Exchange {
        let lines = ["GET \(path) HTTP/1.1", "Host: 127.0.0.1", "Connection: close"] + headers
        return try await send(lines.joined(separator: "\r\n") + "\r\n\r\n", port: port)
    }

    static func send(_ request: String, port: Int) async throws -> Exchange {
        let answer = try await BlockingPool.shared.run("an exchange") { try talk(request, port) }
        let end = answer.firstRange(of: "\r\n\r\n")
        let head = String(end.map { answer[..<$0.lowerBound] } ?? answer[...])
        return Exchange(
            status: Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0, head: head,
            body: String(end.map { answer[$0.upperBound...] } ?? ""))
    }

    private static func talk(_ request: String, _ port: Int) throws -> String {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Fault.system("connect", "port \(port)", errno: errno) }
        var request = request
        request.withUTF8 { _ = write(descriptor, $0.baseAddress, $0.count) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(descriptor, &part, part.count)
            guard count > 0 else { break }
            bytes += part[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
