import CLinux
import Glibc

extension ProcessTable {
    /// How much ends with a process.
    public enum Extent: Sendable {
        case process
        /// Its process group.
        case group
        /// Everything below it, also in other groups and sessions.
        case tree
    }

    /// Ends a process that need not be our child: SIGTERM, `grace`, SIGKILL. Each signal goes through a pidfd whose
    /// start time was read again, so that it cannot reach another process that has got the number since.
    ///
    /// Returns those that were there. A caller that is cancelled meanwhile leaves it at what was sent.
    @Loop
    @discardableResult
    public static func terminate(
        _ identity: ProcessIdentity, _ extent: Extent = .process, grace: Duration = .seconds(5)
    ) async throws -> [ProcessIdentity] {
        let members = try await BlockingPool.shared.run("the process table") {
            try ProcessEnding.members(of: identity, extent, in: now())
        }
        var known = members
        let ending = try ProcessEnding(known, SIGTERM)
        try await ending.wait(atMost: grace)
        for _ in 0..<5 {
            let left = try await BlockingPool.shared.run("the process table") { [known] in
                try ProcessEnding.remaining(of: known, extent, in: now())
            }
            if left.isEmpty { return members }
            known = Array(Set(known).union(left))
            let forced = try ProcessEnding(left, SIGKILL)
            try await forced.wait(atMost: .seconds(1))
        }
        throw Fault(
            .unavailable, "process \(identity.pid) does not end",
            hint: "it waits in the kernel, or its kind forks faster")
    }
}

/// Signals a set of processes and watches for their end.
@Loop
struct ProcessEnding {
    private let watches: [PidWatch]

    init(_ identities: [ProcessIdentity], _ signal: Int32) throws {
        watches = try identities.compactMap { try PidWatch($0, signal) }
    }

    /// Running out of time is no failure here: the next, harder signal follows.
    func wait(atMost limit: Duration) async throws {
        defer { for watch in watches { watch.close() } }
        let moment = Instant.clock + limit
        for watch in watches {
            do {
                try await Deadline.by(moment) { try await watch.ended.value() }
            } catch let fault as Fault where fault.kind == .timeout {
                // The caller's own deadline still counts.
                if let callers = Deadline.current, callers <= Instant.clock { throw fault }
                return
            }
        }
    }

    nonisolated static func members(
        of identity: ProcessIdentity, _ extent: ProcessTable.Extent, in table: ProcessTable
    ) throws -> [ProcessIdentity] {
        guard let entry = table[identity], !entry.hasEnded else {
            throw Fault(.notFound, "process \(identity.pid) has ended, or its number is another's by now")
        }
        let entries =
            switch extent {
            case .process: [entry]
            case .group: table.group(entry.group)
            case .tree: table.tree(of: entry.pid)
            }
        guard !entries.contains(where: { $0.pid == getpid() || $0.pid == 1 }) else {
            throw Fault(.denied, "ending process \(identity.pid) would end Perigee itself")
        }
        return entries.filter { !$0.hasEnded }.map(\.identity)
    }

    /// Who of `known` still lives, and who has joined them by being forked.
    nonisolated static func remaining(
        of known: [ProcessIdentity], _ extent: ProcessTable.Extent, in table: ProcessTable
    ) -> [ProcessIdentity] {
        let alive = known.filter { table[$0].map { !$0.hasEnded } ?? false }
        let joined =
            switch extent {
            case .process: [ProcessEntry]()
            case .group: Set(alive.compactMap { table[$0]?.group }).flatMap { table.group($0) }
            case .tree: alive.flatMap { table.descendants(of: $0.pid) }
            }
        let others = joined.filter { !$0.hasEnded && $0.pid != getpid() }
        return Array(Set(alive).union(others.map(\.identity)))
    }
}

/// A process that is not our child, by a descriptor that stays with it.
@Loop
final class PidWatch: Pollable {
    let ended: Waiter<Void>
    private let descriptor: Int32
    private var isClosed = false

    /// Nil when it has ended meanwhile.
    init?(_ identity: ProcessIdentity, _ signal: Int32) throws {
        ended = Waiter("the end of process \(identity.pid)")
        descriptor = clinux_pidfd_open(identity.pid)
        guard descriptor >= 0 else {
            if errno == ESRCH || errno == EINVAL { return nil }
            throw Fault.system("pidfd_open", "process \(identity.pid)", errno: errno)
        }
        // Read after the descriptor was got: now the two mean the same process.
        guard identity.bootID == ProcFiles.bootID, ProcFiles.stat(identity.pid)?.startTime == identity.startTime else {
            Glibc.close(descriptor)
            return nil
        }
        guard clinux_pidfd_send_signal(descriptor, signal) == 0 || errno == ESRCH else {
            let code = errno
            Glibc.close(descriptor)
            throw Fault.system("signal", "process \(identity.pid)", errno: code)
        }
        Loop.watch(descriptor, .readable, self)
    }

    func ready(_ readiness: Readiness) {
        close()
        ended.finish(.success(()))
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        Loop.unwatch(descriptor)
        Glibc.close(descriptor)
    }
}
