import CLinux
import Glibc

/// A listening socket. When descriptors run out it refuses what comes with its spare one and rests for a moment.
@Loop
final class Listener: Pollable {
    private(set) var port = 0
    private var descriptor: Int32
    private let path: String?
    private var identity: (device: UInt64, inode: UInt64)?
    private var spare = open("/dev/null", O_RDONLY | O_CLOEXEC)
    private let accept: (Int32, Peer) -> Void
    private var rest: Timer?
    private var isPaused = false

    /// Called with a descriptor of the listener's own to give away.
    init(host: String, port: Int, accept: @escaping (Int32, Peer) -> Void) throws {
        let where_ = "\(host):\(port)"
        guard let address = IPAddress(host), 0...65535 ~= port else {
            throw Fault(
                .invalidInput, "listen on \(where_): no address", hint: "use an IPv4 or IPv6 address and a port")
        }
        path = nil
        self.accept = accept
        descriptor = try Listener.socket(address.isIPv4 ? AF_INET : AF_INET6, where_)
        var one: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, 4)
        if !address.isIPv4, address.high == 0, address.low == 0 {
            var zero: Int32 = 0
            setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &zero, 4)
        }
        let result = SocketAddress.with(address, port: port) { [descriptor] in bind(descriptor, $0, $1) }
        guard result == 0 else { throw Listener.failed("bind", where_, descriptor) }
        self.port = SocketAddress.port(of: descriptor)
        try begin(where_)
    }

    /// A socket file that nobody listens on any more is replaced; a live one is left alone.
    init(path: String, mode: UInt32, accept: @escaping (Int32, Peer) -> Void) throws {
        self.path = path
        self.accept = accept
        descriptor = try Listener.socket(AF_UNIX, path)
        var result = try SocketAddress.with(path: path) { bind(descriptor, $0, $1) }
        if result != 0, errno == EADDRINUSE, try Listener.isStale(path) {
            unlink(path)
            result = try SocketAddress.with(path: path) { bind(descriptor, $0, $1) }
        }
        guard result == 0 else { throw Listener.failed("bind", path, descriptor) }
        // Before `listen`, so that nobody gets in under a wider mode.
        guard chmod(path, mode) == 0 else { throw Listener.failed("chmod", path, descriptor) }
        identity = Listener.identity(of: path)
        try begin(path)
    }

    private func begin(_ subject: String) throws {
        guard listen(descriptor, 4096) == 0 else { throw Listener.failed("listen on", subject, descriptor) }
        Loop.watch(descriptor, .readable, self)
    }

    private static func socket(_ family: Int32, _ subject: String) throws -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = Glibc.socket(family, kind, 0)
        guard descriptor >= 0 else { throw Fault.system("socket for", subject, errno: errno) }
        return descriptor
    }

    private static func failed(_ call: String, _ subject: String, _ descriptor: Int32) -> Fault {
        let code = errno
        Glibc.close(descriptor)
        let hint = code == EADDRINUSE ? "another process listens there: stop it or choose another place" : nil
        return Fault.system(call, subject, errno: code, hint: hint)
    }

    private static func isStale(_ path: String) throws -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return false }
        let probe = try socket(AF_UNIX, path)
        defer { Glibc.close(probe) }
        let result = try SocketAddress.with(path: path) { connect(probe, $0, $1) }
        let isStale = result != 0 && errno == ECONNREFUSED
        if !isStale { errno = EADDRINUSE }
        return isStale
    }

    private static func identity(of path: String) -> (device: UInt64, inode: UInt64)? {
        var status = stat()
        return lstat(path, &status) == 0 ? (UInt64(status.st_dev), UInt64(status.st_ino)) : nil
    }

    // MARK: accepting

    func ready(_ readiness: Readiness) {
        var address = sockaddr_storage()
        for _ in 0..<64 where descriptor >= 0 && !isPaused {
            let accepted = clinux_accept(descriptor, &address)
            if accepted >= 0 {
                accept(accepted, SocketAddress.peer(address))
            } else if errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM {
                return refuseOne()
            } else if errno == EAGAIN {
                return
            }
        }
    }

    private func refuseOne() {
        Glibc.close(spare)
        let accepted = clinux_accept(descriptor, nil)
        if accepted >= 0 { Glibc.close(accepted) }
        spare = open("/dev/null", O_RDONLY | O_CLOEXEC)
        pause()
        let timer = rest ?? Timer { [weak self] in self?.resume() }
        rest = timer
        timer.schedule(after: .milliseconds(100))
    }

    func pause() {
        guard !isPaused, descriptor >= 0 else { return }
        isPaused = true
        Loop.change(descriptor, [])
    }

    func resume() {
        guard isPaused, descriptor >= 0 else { return }
        isPaused = false
        Loop.change(descriptor, .readable)
    }

    func close() {
        guard descriptor >= 0 else { return }
        rest?.cancel()
        Loop.unwatch(descriptor)
        Glibc.close(descriptor)
        Glibc.close(spare)
        descriptor = -1
        if let path, let identity, let now = Listener.identity(of: path), now == identity { unlink(path) }
    }
}

/// The kernel's forms of addresses.
enum SocketAddress {
    static func with<Value>(
        _ address: IPAddress, port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Value
    ) rethrows -> Value {
        if address.isIPv4 {
            var form = sockaddr_in()
            form.sin_family = sa_family_t(AF_INET)
            form.sin_port = UInt16(port).bigEndian
            form.sin_addr.s_addr = UInt32(truncatingIfNeeded: address.low).bigEndian
            return try with(&form, body)
        }
        var form = sockaddr_in6()
        form.sin6_family = sa_family_t(AF_INET6)
        form.sin6_port = UInt16(port).bigEndian
        withUnsafeMutableBytes(of: &form.sin6_addr) {
            $0.storeBytes(of: address.high.bigEndian, as: UInt64.self)
            $0.storeBytes(of: address.low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        return try with(&form, body)
    }

    static func with<Value>(path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Value) throws -> Value {
        var form = sockaddr_un()
        form.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard 1...SocketPath.longest ~= bytes.count, !bytes.contains(0) else {
            throw Fault(
                .invalidInput, "listen on \(path): a socket's path has 1 to \(SocketPath.longest) bytes",
                hint: "use a shorter path")
        }
        withUnsafeMutableBytes(of: &form.sun_path) { $0.copyBytes(from: bytes) }
        return with(&form, body)
    }

    static func peer(_ storage: sockaddr_storage) -> Peer {
        withUnsafeBytes(of: storage) { bytes in
            switch Int32(storage.ss_family) {
            case AF_INET:
                let form = bytes.loadUnaligned(as: sockaddr_in.self)
                return .address(
                    IPAddress(v4: UInt32(bigEndian: form.sin_addr.s_addr)), port: Int(UInt16(bigEndian: form.sin_port)))
            case AF_INET6:
                let form = bytes.loadUnaligned(as: sockaddr_in6.self)
                return .address(IPAddress(form.sin6_addr), port: Int(UInt16(bigEndian: form.sin6_port)))
            default: return .unix
            }
        }
    }

    static func port(of descriptor: Int32) -> Int {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        guard result == 0, case .address(_, let port) = peer(storage) else { return 0 }
        return port
    }

    private static func with<Form, Value>(
        _ form: inout Form, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Value
    ) rethrows -> Value {
        try withUnsafePointer(to: &form) {
            try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                try body($0, socklen_t(MemoryLayout<Form>.size))
            }
        }
    }
}
