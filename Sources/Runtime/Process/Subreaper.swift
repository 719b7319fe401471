import CLinux
import Glibc

/// Takes over processes below us that lose their parent, so that they stay in our tree, and reaps them when they end.
/// Where Perigee is process 1 of a container they come to us anyway, and somebody has to reap them.
///
/// A process has one of these at work, however many ask for it.
@Loop
public final class Subreaper {
    private static var current: Subreaper?
    private static var users = 0

    private let signals: Signals
    private var again: Timer?

    /// Each `begin` has its `end`.
    public static func begin() throws {
        if current == nil {
            let reaper = try Subreaper()
            guard clinux_set_subreaper(1) == 0 else {
                let code = errno
                reaper.signals.close()
                throw Fault.system("prctl", "for adopting orphans", errno: code)
            }
            current = reaper
            reaper.reap()
        }
        users += 1
    }

    public static func end() {
        users -= 1
        guard users == 0, let reaper = current else { return }
        clinux_set_subreaper(0)
        reaper.signals.close()
        reaper.again?.cancel()
        current = nil
    }

    private init() throws {
        signals = try Signals([SIGCHLD]) { _ in Subreaper.current?.reap() }
    }

    /// The kernel shows one ended child at a time. One of our own stands in the way until its own watch has reaped it,
    /// which is a matter of this turn, or of a start that is not through yet.
    private func reap() {
        while true {
            let pid = clinux_ended_child()
            guard pid > 0 else { return }
            guard OwnChildren.isAdopted(pid) else { break }
            waitpid(pid, nil, WNOHANG)
        }
        let timer = again ?? Timer { [weak self] in self?.reap() }
        again = timer
        timer.schedule(after: .milliseconds(5))
    }
}
