import CLinux
import Glibc

/// What a connection becomes after an upgrade: bytes both ways, nothing else.
@Loop
final class SocketTransport: ByteTransport, Pollable, TurnEnding {
    var onBytes: ((UnsafeRawBufferPointer) -> Void)?
    var onClose: (() -> Void)?
    var onDrain: (() -> Void)?

    private let server: Server
    private var descriptor: Int32
    private var output = OutputBuffer()
    private var early: [UInt8]
    private var interest: Readiness = [.readable, .peerClosed]
    private var isBlocked = false
    private var isSettling = false
    private var owesDrain = false
    private var isEnding = false
    private var isLingering = false
    private var stall: Timer?

    init(taking connection: Connection) {
        server = connection.server
        descriptor = connection.descriptor
        early = connection.pending
        output.append(connection.output.unsent)
        server.replace(connection, with: self)
        Loop.unwatch(descriptor)
        Loop.watch(descriptor, interest, self)
        connection.release()
    }

    var unsentBytes: Int { output.count }

    var isReadingPaused = false {
        didSet { settleSoon() }
    }

    func begin() { settleSoon() }

    func send(_ bytes: UnsafeRawBufferPointer) {
        guard descriptor >= 0, !isEnding else { return }
        output.append(bytes)
        if output.count >= ResponseWriter.lowWater { owesDrain = true }
        settleSoon()
    }

    func close() {
        guard descriptor >= 0, !isEnding else { return }
        isEnding = true
        onClose = nil
        settleSoon()
    }

    /// Ends it from below: the server stops, or the peer is gone.
    func abort() {
        guard descriptor >= 0 else { return }
        Loop.unwatch(descriptor)
        Glibc.close(descriptor)
        descriptor = -1
        stall?.cancel()
        output.removeAll()
        server.forget(self)
        let told = onClose
        (onClose, onBytes, onDrain) = (nil, nil, nil)
        told?()
    }

    func ready(_ readiness: Readiness) {
        if !readiness.isDisjoint(with: .failed) { return abort() }
        if readiness.contains(.writable) { isBlocked = false }
        if readiness.contains(.readable) {
            let count = recv(descriptor, server.scratch, Server.scratchSize, 0)
            if count > 0 {
                if !isEnding { onBytes?(UnsafeRawBufferPointer(start: server.scratch, count: count)) }
            } else if count == 0 || errno != EAGAIN && errno != EINTR {
                return abort()
            }
        } else if readiness.contains(.peerClosed), isReadingPaused {
            // Bytes may wait before the FIN; they are read when reading goes on.
            interest.remove(.peerClosed)
            Loop.change(descriptor, interest)
        }
        settleSoon()
    }

    func turnEnds() {
        isSettling = false
        guard descriptor >= 0 else { return }
        if !early.isEmpty, !isReadingPaused, !isEnding {
            let bytes = early
            early = []
            bytes.withUnsafeBytes { onBytes?($0) }
        }
        flush()
        guard descriptor >= 0 else { return }
        var wanted: Readiness = interest.intersection(.peerClosed)
        if !isReadingPaused { wanted.formUnion([.readable, .peerClosed]) }
        if isBlocked { wanted.insert(.writable) }
        if wanted != interest {
            interest = wanted
            Loop.change(descriptor, wanted)
        }
    }

    private func settleSoon() {
        guard !isSettling, descriptor >= 0 else { return }
        isSettling = true
        Loop.atTurnEnd(self)
    }

    private func flush() {
        while !isBlocked, !output.isEmpty {
            let unsent = output.unsent
            let count = Glibc.send(descriptor, unsent.baseAddress, unsent.count, Int32(MSG_NOSIGNAL))
            if count > 0 {
                output.consume(count)
                stall?.cancel()
                if count < unsent.count { isBlocked = true }
            } else if errno == EAGAIN {
                isBlocked = true
            } else if errno != EINTR {
                return abort()
            }
        }
        if isBlocked { watchStall() }
        if output.isEmpty {
            output.release()
            if isEnding { linger() }
        }
        if owesDrain, output.count < ResponseWriter.lowWater {
            owesDrain = false
            onDrain?()
        }
    }

    /// Closing over unread bytes makes the kernel send a reset, and that can throw away what the peer has not read yet:
    /// of a WebSocket, the frame that says why. So the peer gets a FIN and a moment to end its side.
    private func linger() {
        guard !isLingering else { return }
        isLingering = true
        shutdown(descriptor, Int32(SHUT_WR))
        if isReadingPaused { isReadingPaused = false }
        stall?.cancel()
        let timer = Timer { [weak self] in self?.abort() }
        stall = timer
        timer.schedule(after: server.settings.linger)
    }

    private func watchStall() {
        let timer = stall ?? Timer { [weak self] in self?.abort() }
        stall = timer
        if !timer.isScheduled { timer.schedule(after: server.settings.writeStall) }
    }
}
