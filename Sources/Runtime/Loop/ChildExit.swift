import CLinux
import Glibc

/// How a child ended.
public enum ChildEnd: Sendable, Equatable {
    case exited(Int32)
    case signalled(Int32)
}

/// Watches one child through a pidfd, so that its number cannot be taken for another's, and reaps it.
@Loop
public final class ChildExit: Pollable {
    public let pid: Int32
    public private(set) var end: ChildEnd?
    /// Called once, before those who wait; set it in the turn in which the watch began.
    public var onEnd: ((ChildEnd) -> Void)?
    private let descriptor: Int32
    private var waiting: [Waiter<ChildEnd>] = []

    public init(pid: Int32) throws {
        self.pid = pid
        descriptor = clinux_pidfd_open(pid)
        guard descriptor >= 0 else { throw Fault.system("pidfd_open", "process \(pid)", errno: errno) }
        OwnChildren.add(pid)
        Loop.watch(descriptor, .readable, self)
    }

    /// Waits for the end of the child; several tasks may.
    public func value() async throws -> ChildEnd {
        if let end { return end }
        let waiter = Waiter<ChildEnd>("the end of process \(pid)")
        waiting.append(waiter)
        defer { waiting.removeAll { $0 === waiter } }
        return try await waiter.value()
    }

    /// Sends a signal to exactly this child; false when it has ended.
    @discardableResult
    public func signal(_ signal: Int32) -> Bool {
        end == nil && clinux_pidfd_send_signal(descriptor, signal) == 0
    }

    public func ready(_ readiness: Readiness) {
        var exitCode: Int32 = 0
        var signal: Int32 = 0
        guard end == nil, clinux_pidfd_reap(descriptor, &exitCode, &signal) != 0 else { return }
        OwnChildren.remove(pid)
        let end = signal == 0 ? ChildEnd.exited(exitCode) : .signalled(signal)
        self.end = end
        Loop.unwatch(descriptor)
        close(descriptor)
        onEnd?(end)
        onEnd = nil
        let waiting = waiting
        self.waiting = []
        for waiter in waiting { waiter.finish(.success(end)) }
    }
}
