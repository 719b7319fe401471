import Glibc

/// The order of ending a process group: ask, wait, force. No clock and no signal in here.
struct StopSequence: Equatable {
    enum Step: Equatable { case terminate, kill, wait, done }
    private enum Phase { case idle, asked, forced, done }

    private var phase = Phase.idle

    var isDone: Bool { phase == .done }

    /// What to do now, given what is seen. A group that was killed may still show for a moment, and is killed again
    /// because it may have forked meanwhile; `patienceIsOver` ends that.
    mutating func next(groupIsEmpty: Bool, graceIsOver: Bool, patienceIsOver: Bool) -> Step {
        if phase == .done { return .done }
        if groupIsEmpty || (phase == .forced && patienceIsOver) {
            phase = .done
            return .done
        }
        switch phase {
        case .idle:
            phase = .asked
            return .terminate
        case .asked where !graceIsOver: return .wait
        default:
            phase = .forced
            return .kill
        }
    }
}

/// Ends a child's whole group, whether or not anybody waits for it.
@Loop
final class GroupStop {
    private let child: ChildExit
    private var sequence = StopSequence()
    private var graceEnds: Instant
    private var waiting: [Waiter<Void>] = []
    private var timer: Timer?
    private var isLooking = false
    private var onlyZombies = false

    /// How often a group is looked at that has lost its leader: nothing tells when its last member ends.
    private static let pause = Duration.milliseconds(20)
    private static let patience = Duration.seconds(1)

    init(_ child: ChildExit, grace: Duration) {
        self.child = child
        graceEnds = Instant.clock + grace
        look()
    }

    func hurry(grace: Duration) {
        graceEnds = min(graceEnds, Instant.clock + grace)
        look()
    }

    /// Returns when the group is gone; not even cancellation ends this wait, and it is never longer than grace and a second.
    func settled() async {
        guard !sequence.isDone else { return }
        let waiter = Waiter<Void>("the end of the group")
        waiting.append(waiter)
        // It only ever succeeds.
        try? await waiter.settled()
    }

    func look() {
        let now = Instant.clock
        let step = sequence.next(
            groupIsEmpty: isEmpty, graceIsOver: now >= graceEnds,
            patienceIsOver: now >= graceEnds + GroupStop.patience)
        switch step {
        case .terminate: signal(SIGTERM)
        case .kill: signal(SIGKILL)
        case .wait: break
        case .done:
            timer?.cancel()
            timer = nil
            for waiter in waiting { waiter.finish(.success(())) }
            waiting = []
            return
        }
        // It holds us until the group is gone, whoever else has let go.
        let timer = self.timer ?? Timer { [self] in look() }
        self.timer = timer
        timer.schedule(at: now + GroupStop.pause)
    }

    private var isEmpty: Bool {
        guard child.end != nil else { return false }
        if isTaken || onlyZombies || (kill(-child.pid, 0) != 0 && errno == ESRCH) { return true }
        lookForZombies()
        return false
    }

    /// The kernel counts zombies as members, and where process 1 does not reap they stay: then /proc has to tell.
    private func lookForZombies() {
        guard !isLooking else { return }
        isLooking = BlockingPool.shared.submit { [group = child.pid] in
            let isOver = !ProcFiles.hasLiving(group: group)
            Loop.post {
                self.isLooking = false
                guard isOver else { return }
                self.onlyZombies = true
                self.look()
            }
        }
    }

    /// While members of the group live, the kernel gives its number to no new process. So when a process has the
    /// number of our reaped child, the group is gone and the number is another's.
    private var isTaken: Bool { child.end != nil && (kill(child.pid, 0) == 0 || errno == EPERM) }

    private func signal(_ signal: Int32) {
        if !isTaken { kill(-child.pid, signal) }
    }
}
