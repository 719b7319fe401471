import CLinux
import Glibc

/// What a descriptor is ready for.
public struct Readiness: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static let readable = Readiness(rawValue: EPOLLIN.rawValue)
    public static let writable = Readiness(rawValue: EPOLLOUT.rawValue)
    /// The peer will send no more.
    public static let peerClosed = Readiness(rawValue: EPOLLRDHUP.rawValue)
    /// Broken or gone in both directions; reported even when nobody asked.
    public static let failed = Readiness(rawValue: EPOLLERR.rawValue | EPOLLHUP.rawValue)
}

/// The owner of a descriptor that the loop watches. The loop keeps it alive until `unwatch`.
@Loop
public protocol Pollable: AnyObject {
    func ready(_ readiness: Readiness)
}

/// One turn of the loop, for those who watch its health.
public struct LoopTurn: Sendable {
    public let began: Instant
    public let length: Duration
    /// How late the most overdue timer was; nil when none was due.
    public let lateness: Duration?
}

@Loop
public protocol TurnWatching: AnyObject {
    func turnEnded(_ turn: LoopTurn)
}

/// The turn of the loop: wait, deal with events, timers, posts and tasks, then flush once.
@Loop
final class Poller {
    static let shared = Poller()

    private struct Slot {
        var owner: (any Pollable)?
        /// Tells an event for a closed descriptor from one for its successor of the same number.
        var generation: UInt32 = 0
    }

    private(set) var now = Instant.clock
    let timers = TimerHeap()

    private let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
    private let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: Poller.batch)
    private var slots: [Slot] = []
    private var endings: [any TurnEnding] = []
    private var nextTurn: [UnsafeContinuation<Void, Never>] = []
    private var isRunning = false
    /// Told how each turn went; costs nothing while there is none.
    var watch: (any TurnWatching)?

    /// Small, because what a turn gathers leaves at its end: in a burst the first must not wait for the last.
    private static let batch = 16
    private static let wakeUpMark = UInt64.max

    private init() {
        var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: Poller.wakeUpMark))
        let result = epoll_ctl(epoll, EPOLL_CTL_ADD, LoopExecutor.shared.wakeUp, &event)
        precondition(epoll >= 0 && result == 0, "the kernel gives no epoll descriptor")
    }

    // MARK: descriptors

    func watch(_ descriptor: Int32, _ interest: Readiness, _ owner: any Pollable) {
        while slots.count <= Int(descriptor) { slots.append(Slot()) }
        slots[Int(descriptor)].owner = owner
        slots[Int(descriptor)].generation &+= 1
        control(EPOLL_CTL_ADD, descriptor, interest)
    }

    func change(_ descriptor: Int32, _ interest: Readiness) {
        control(EPOLL_CTL_MOD, descriptor, interest)
    }

    /// Call it before `close`.
    func unwatch(_ descriptor: Int32) {
        guard Int(descriptor) < slots.count, slots[Int(descriptor)].owner != nil else { return }
        slots[Int(descriptor)].owner = nil
        epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, nil)
    }

    private func control(_ operation: Int32, _ descriptor: Int32, _ interest: Readiness) {
        let mark = UInt64(slots[Int(descriptor)].generation) << 32 | UInt64(descriptor)
        var event = epoll_event(events: interest.rawValue, data: epoll_data_t(u64: mark))
        let result = epoll_ctl(epoll, operation, descriptor, &event)
        precondition(result == 0, "epoll_ctl on descriptor \(descriptor): \(String(cString: strerror(errno)))")
    }

    // MARK: the turn

    func atTurnEnd(_ ending: any TurnEnding) { endings.append(ending) }

    func resumeNextTurn(_ continuation: UnsafeContinuation<Void, Never>) { nextTurn.append(continuation) }

    func stop() { isRunning = false }

    func run() {
        isRunning = true
        while isRunning { turn() }
    }

    private func turn() {
        let count = epoll_wait(epoll, events, Int32(Poller.batch), patience)
        now = .clock
        let due = watch == nil ? nil : timers.earliest
        for index in 0..<Int(max(0, count)) { deliver(events[index]) }
        timers.fire(at: now)
        for call in LoopExecutor.shared.takePosted() { call() }
        resumeYielded()
        LoopExecutor.shared.runReady()
        while !endings.isEmpty { flush() }
        watch?.turnEnded(
            LoopTurn(began: now, length: Instant.clock - now, lateness: due.flatMap { $0 <= now ? now - $0 : nil }))
    }

    /// Milliseconds that the loop may sleep; a timer never fires early.
    private var patience: Int32 {
        if LoopExecutor.shared.hasWork || !nextTurn.isEmpty { return 0 }
        guard let due = timers.earliest else { return -1 }
        let clock = Instant.clock
        guard due > clock else { return 0 }
        return Int32(min((due.nanoseconds - clock.nanoseconds + 999_999) / 1_000_000, 60_000))
    }

    private func deliver(_ event: epoll_event) {
        let mark = event.data.u64
        if mark == Poller.wakeUpMark {
            var count: UInt64 = 0
            // Nothing to read only means that another turn has read it.
            _ = read(LoopExecutor.shared.wakeUp, &count, 8)
            return
        }
        let slot = slots[Int(mark & 0xffff_ffff)]
        guard slot.generation == UInt32(mark >> 32), let owner = slot.owner else { return }
        owner.ready(Readiness(rawValue: event.events))
    }

    private func resumeYielded() {
        guard !nextTurn.isEmpty else { return }
        let yielded = nextTurn
        nextTurn.removeAll(keepingCapacity: true)
        for continuation in yielded { continuation.resume() }
    }

    private var flushing: [any TurnEnding] = []

    private func flush() {
        swap(&endings, &flushing)
        for ending in flushing { ending.turnEnds() }
        flushing.removeAll(keepingCapacity: true)
    }
}

extension Loop {
    /// Watches a descriptor; `owner.ready` is called on the loop for as long as it is readable (or what else is asked).
    @Loop public static func watch(_ descriptor: Int32, _ interest: Readiness, _ owner: any Pollable) {
        Poller.shared.watch(descriptor, interest, owner)
    }

    @Loop public static func change(_ descriptor: Int32, _ interest: Readiness) {
        Poller.shared.change(descriptor, interest)
    }

    /// One watch sees every turn; nil ends it.
    @Loop public static func setWatch(_ watch: (any TurnWatching)?) { Poller.shared.watch = watch }

    /// Must come before the descriptor is closed.
    @Loop public static func unwatch(_ descriptor: Int32) {
        Poller.shared.unwatch(descriptor)
    }
}
