import CLinux
import Glibc

/// One process by a descriptor that stays with it, for threads that may block.
final class PidHandle {
    let pid: Int32
    private let descriptor: Int32

    private init(_ pid: Int32, _ descriptor: Int32) {
        self.pid = pid
        self.descriptor = descriptor
    }

    /// Nil when that process has ended, also when its number is another's by now.
    static func open(_ identity: ProcessIdentity) -> PidHandle? {
        let descriptor = clinux_pidfd_open(identity.pid)
        guard descriptor >= 0 else { return nil }
        let handle = PidHandle(identity.pid, descriptor)
        // Read after the descriptor was got: now the two mean the same process.
        return ProcessTable.isAlive(identity) ? handle : nil
    }

    deinit { close(descriptor) }

    func signal(_ signal: Int32) { _ = clinux_pidfd_send_signal(descriptor, signal) }

    /// Waits until all have ended; false when some are left after `limit`.
    static func wait(_ handles: [PidHandle], atMost limit: Duration) -> Bool {
        let end = Instant.clock + limit
        var left = handles.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        while !left.isEmpty {
            let rest = (end - Instant.clock).milliseconds
            guard rest > 0 else { return false }
            let count = poll(&left, nfds_t(left.count), Int32(clamping: rest))
            if count < 0 && errno != EINTR { return false }
            left = left.filter { $0.revents == 0 }.map { pollfd(fd: $0.fd, events: Int16(POLLIN), revents: 0) }
        }
        return true
    }
}

extension ProcessTable {
    /// Whether this very process is there and has not ended. One small read of /proc.
    public static func isAlive(_ identity: ProcessIdentity) -> Bool {
        guard identity.bootID == ProcFiles.bootID, let stat = ProcFiles.stat(identity.pid) else { return false }
        return stat.startTime == identity.startTime && stat.state != "Z" && stat.state != "X"
    }

    /// Whether it was stopped by a signal or a debugger, and does nothing until it is let go on.
    public static func isStopped(_ identity: ProcessIdentity) -> Bool {
        let stat = ProcFiles.stat(identity.pid)
        return stat?.startTime == identity.startTime && (stat?.state == "T" || stat?.state == "t")
    }

    /// Who has this number now.
    public static func identity(of pid: Int32) -> ProcessIdentity? {
        ProcFiles.stat(pid).map { ProcessIdentity(pid: pid, startTime: $0.startTime, bootID: ProcFiles.bootID) }
    }

    /// Returns when a process, which need not be our child, has ended.
    @Loop
    public static func end(of identity: ProcessIdentity) async throws {
        guard isAlive(identity), let watch = try PidWatch(identity, 0) else { return }
        defer { watch.close() }
        try await watch.ended.value()
    }
}
