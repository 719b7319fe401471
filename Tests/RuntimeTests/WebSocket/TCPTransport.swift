import CLinux
import Glibc

@testable import Runtime

/// A client's plain TCP stream, for tests of what stands on a byte transport.
@Loop
final class TCPTransport: ByteTransport, Pollable, TurnEnding {
    var onBytes: ((UnsafeRawBufferPointer) -> Void)?
    var onClose: (() -> Void)?
    var onDrain: (() -> Void)?
    private var descriptor: Int32
    private var unsent: [UInt8] = []
    private var isSettling = false
    private var isEnding = false

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
        let result = SocketAddress.with(IPAddress("127.0.0.1")!, port: port) { [descriptor] in
            connect(descriptor, $0, $1)
        }
        guard result == 0 else { throw Fault.system("connect", "port \(port)", errno: errno) }
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        Loop.watch(descriptor, .readable, self)
    }

    var unsentBytes: Int { unsent.count }
    var isReadingPaused = false {
        didSet { update() }
    }

    func send(_ bytes: UnsafeRawBufferPointer) {
        guard descriptor >= 0, !isEnding else { return }
        unsent.append(contentsOf: bytes)
        settleSoon()
    }

    func close() {
        isEnding = true
        onClose = nil
        settleSoon()
    }

    func ready(_ readiness: Readiness) {
        if readiness.contains(.readable), !isReadingPaused {
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count > 0 {
                buffer.withUnsafeBytes { onBytes?(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            } else if count == 0 || errno != EAGAIN {
                return end()
            }
        } else if !readiness.isDisjoint(with: .failed) {
            return end()
        }
        settleSoon()
    }

    func turnEnds() {
        isSettling = false
        guard descriptor >= 0 else { return }
        let hadMuch = !unsent.isEmpty
        while !unsent.isEmpty {
            let count = Glibc.send(descriptor, unsent, unsent.count, Int32(MSG_NOSIGNAL))
            guard count > 0 else { break }
            unsent.removeFirst(count)
        }
        if isEnding, unsent.isEmpty { return end() }
        update()
        if hadMuch, unsent.isEmpty { onDrain?() }
    }

    private func settleSoon() {
        guard !isSettling else { return }
        isSettling = true
        Loop.atTurnEnd(self)
    }

    private func update() {
        guard descriptor >= 0 else { return }
        var interest: Readiness = isReadingPaused ? [] : .readable
        if !unsent.isEmpty { interest.insert(.writable) }
        Loop.change(descriptor, interest)
    }

    private func end() {
        guard descriptor >= 0 else { return }
        Loop.unwatch(descriptor)
        Glibc.close(descriptor)
        descriptor = -1
        let told = onClose
        (onBytes, onClose, onDrain) = (nil, nil, nil)
        told?()
    }
}
