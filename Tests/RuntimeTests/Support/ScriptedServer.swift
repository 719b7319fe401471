import CLinux
import Glibc
import Runtime

/// A TCP or Unix server that plays a script on every connection, so that every misbehaviour of a peer can be played.
@Loop
final class ScriptedServer: Pollable {
    typealias Script = @Loop (ScriptedPeer) async throws -> Void

    private(set) var port = 0
    private(set) var accepted = 0
    /// Connections whose script has not ended.
    private(set) var open = 0
    /// What scripts threw, for tests that want to know.
    private(set) var failures: [String] = []
    private let listener: Int32
    private let script: Script
    private var scope: Scope!

    /// With `refuses`, its port is taken but nobody listens there: connections are refused, whatever other tests do.
    init(unixPath: String? = nil, refuses: Bool = false, _ script: @escaping Script) {
        self.script = script
        listener = socket(unixPath == nil ? AF_INET : AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let result = unixPath.map { ScriptedServer.bind(listener, $0) } ?? ScriptedServer.bind(listener)
        precondition(result == 0 && (refuses || listen(listener, 1024) == 0), "no listening socket")
        _ = fcntl(listener, F_SETFL, O_NONBLOCK)
        _ = fcntl(listener, F_SETFD, FD_CLOEXEC)
        if unixPath == nil { port = ScriptedServer.port(of: listener) }
        scope = Scope("scripted server") { [weak self] _, error in self?.failures.append("\(error)") }
        Loop.watch(listener, refuses ? [] : .readable, self)
    }

    /// What clients in this process have open to the server.
    var clientDescriptors: Int { descriptorsConnected(toPort: port) }

    func address(_ path: String = "/", scheme: String = "http") -> WebAddress {
        try! WebAddress("\(scheme)://127.0.0.1:\(port)\(path)")
    }

    func close() async {
        Loop.unwatch(listener)
        Glibc.close(listener)
        await scope.close()
    }

    func ready(_ readiness: Readiness) {
        while true {
            let descriptor = clinux_accept(listener, nil)
            guard descriptor >= 0 else { return }
            accepted += 1
            open += 1
            let peer = ScriptedPeer(descriptor, number: accepted)
            scope.spawn("connection \(accepted)") { [self] in
                defer {
                    peer.close()
                    open -= 1
                }
                try await script(peer)
                try await peer.flushed()
            }
        }
    }

    private static func bind(_ descriptor: Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private static func bind(_ descriptor: Int32, _ path: String) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private static func port(of descriptor: Int32) -> Int {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

struct ScriptedRequest: Sendable {
    let line: String
    let fields: [String]
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    func field(_ name: String) -> String? {
        let start = name.lowercased() + ":"
        guard let line = fields.first(where: { $0.lowercased().hasPrefix(start) }) else { return nil }
        return String(line.dropFirst(start.utf8.count).drop { $0 == " " })
    }
}

/// One connection of a `ScriptedServer`. It reads only while its script waits for bytes, so a script that does not is a
/// reader that has stopped.
@Loop
final class ScriptedPeer: Pollable {
    struct Gone: Error {}

    let number: Int
    private let descriptor: Int32
    private var input: [UInt8] = []
    private var output: [UInt8] = []
    private var waiter: Waiter<Void>?
    private var isClosed = false

    init(_ descriptor: Int32, number: Int) {
        self.descriptor = descriptor
        self.number = number
        Loop.watch(descriptor, [], self)
    }

    // MARK: reading

    /// A whole request, with a body of known length or in chunks. Throws `Gone` when the client has left.
    func request() async throws -> ScriptedRequest {
        let head = try await head()
        let plain = ScriptedRequest(line: head[0], fields: Array(head.dropFirst()), body: [])
        var body: [UInt8] = []
        if let length = plain.field("content-length") {
            body = try await bytes(Int(length)!)
        } else if plain.field("transfer-encoding") == "chunked" {
            while true {
                let size = Int(try await line(), radix: 16)!
                body += try await bytes(size)
                _ = try await line()
                if size == 0 { break }
            }
        }
        return ScriptedRequest(line: plain.line, fields: plain.fields, body: body)
    }

    func head() async throws -> [String] {
        var lines: [String] = []
        while true {
            let next = try await line()
            if next.isEmpty && !lines.isEmpty { return lines }
            if !next.isEmpty { lines.append(next) }
        }
    }

    func line() async throws -> String {
        while true {
            if let end = input.firstIndex(of: 10) {
                let line = String(decoding: input[..<end].filter { $0 != 13 }, as: UTF8.self)
                input.removeFirst(end + 1)
                return line
            }
            try await fill()
        }
    }

    func bytes(_ count: Int) async throws -> [UInt8] {
        while input.count < count { try await fill() }
        defer { input.removeFirst(count) }
        return Array(input[..<count])
    }

    /// Returns when the client has closed or reset the connection.
    func gone() async {
        do { while true { try await fill() } } catch {}
    }

    private func fill() async throws {
        var room = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(descriptor, &room, room.count, Int32(MSG_DONTWAIT))
            if count > 0 {
                input += room[..<count]
                return
            }
            if count == 0 || errno != EAGAIN { throw Gone() }
            try await wait(.readable)
        }
    }

    // MARK: writing

    func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) async throws {
        output += bytes
        try await flushed()
    }

    /// Head, length and body.
    func answer(_ status: String = "200 OK", _ fields: [String] = [], _ body: String = "") async throws {
        let lines = ["HTTP/1.1 \(status)"] + fields + ["Content-Length: \(body.utf8.count)", "", body]
        try await send(lines.joined(separator: "\r\n"))
    }

    func chunk(_ text: String) async throws {
        try await send("\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n")
    }

    func flushed() async throws {
        while !output.isEmpty {
            let count = Glibc.send(descriptor, output, output.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            if count >= 0 {
                output.removeFirst(count)
            } else if errno == EAGAIN {
                try await wait(.writable)
            } else {
                throw Gone()
            }
        }
    }

    // MARK: ending

    func close() {
        guard !isClosed else { return }
        isClosed = true
        Loop.unwatch(descriptor)
        Glibc.close(descriptor)
    }

    /// Ends with RST.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    func ready(_ readiness: Readiness) {
        Loop.change(descriptor, [])
        waiter?.finish(.success(()))
        // Nobody waits and the client is gone: the loop would report it for ever.
        if waiter == nil, !readiness.isDisjoint(with: .failed) { Loop.unwatch(descriptor) }
    }

    private func wait(_ interest: Readiness) async throws {
        let waiter = Waiter<Void>("a scripted peer")
        self.waiter = waiter
        defer { self.waiter = nil }
        Loop.change(descriptor, interest)
        try await waiter.value()
    }
}

/// How many descriptors of this process are connected to a port of this machine.
func descriptorsConnected(toPort port: Int) -> Int {
    (0..<4096).filter { descriptor in
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(Int32(descriptor), $0, &length) }
        }
        return result == 0 && Int32(address.sin_family) == AF_INET && Int(UInt16(bigEndian: address.sin_port)) == port
    }.count
}
