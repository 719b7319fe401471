/// The life of one runner: what happens to it, and what is to be done about that. It has no clock, socket or wait in it.
///
/// Each start has a number of its own; what is told of an earlier one changes nothing.
struct RunnerLife: Equatable {
    enum State: String, Sendable {
        case absent, starting, ready
        /// It still serves those who are on it, and is stopped when they have left.
        case draining
        case stopping, failed
    }

    enum Event: Equatable {
        /// One that another process of ours started is there; whether it is of use, a look will tell.
        case found
        case wanted
        /// It answers.
        case answered(Int)
        case startFailed(Int)
        /// What was found is of no use, and is gone.
        case lost(Int)
        case leaseOut
        case leaseIn(Int)
        /// It is gone by itself.
        case ended(Int)
        /// It would be started otherwise now, or has become old or large.
        case changed
        /// Whoever waits for a drained one has waited long enough.
        case impatient
        case idle
        /// Another one needs its place.
        case capReached
        case stopAsked
        case restartAsked
        case stopped(Int)
        case stopFailed(Int)
    }

    enum Action: Equatable {
        case start(Int)
        /// Look whether what was found is of use.
        case adopt(Int)
        /// End a start that nobody wants any more; `startFailed` comes of it.
        case abandon(Int)
        case stop(Int)
        /// Whoever waits gets a lease.
        case welcome
        /// Whoever waits is told why there is none.
        case refuse
        /// Nothing of it is left.
        case forget
        case armIdle, disarmIdle
        case armPatience
    }

    private(set) var state = State.absent
    /// The start that it is in, or was in last.
    private(set) var number = 0
    private(set) var leases = 0
    /// Somebody waits for a start that has not begun.
    private(set) var isWanted = false
    private(set) var isStale = false
    /// A drained one takes newcomers again: those who are on it stay for too long.
    private(set) var isOpen = false
    /// Stopping it did not work, so that it may be there still.
    private(set) var mayBeUp = false

    mutating func take(_ event: Event) -> [Action] {
        switch state {
        case .absent, .failed: away(event)
        case .starting: starting(event)
        case .ready, .draining: up(event)
        case .stopping: stopping(event)
        }
    }

    private mutating func away(_ event: Event) -> [Action] {
        switch event {
        case .wanted, .restartAsked: return begin()
        case .found where state == .absent:
            _ = begin()
            return [.adopt(number)]
        case .stopAsked where state == .failed, .capReached where state == .failed:
            if mayBeUp { return stop(wanted: false) }
            state = .absent
            return [.forget]
        default: return []
        }
    }

    private mutating func starting(_ event: Event) -> [Action] {
        switch event {
        case .wanted: isWanted = true
        case .changed: isStale = true
        case .answered(number):
            // Whoever waited so long for it takes it as it is.
            state = .ready
            isWanted = false
            return [.armIdle, .welcome]
        case .startFailed(number):
            state = .failed
            isWanted = false
            return [.refuse]
        case .lost(number):
            if isWanted { return begin() }
            state = .absent
            return [.forget]
        case .stopAsked:
            state = .stopping
            isWanted = false
            return [.abandon(number), .refuse]
        case .restartAsked:
            isWanted = true
            isStale = false
        default: break
        }
        return []
    }

    private mutating func up(_ event: Event) -> [Action] {
        switch event {
        case .wanted: return newcomer()
        case .leaseOut:
            leases += 1
            return [.disarmIdle]
        case .leaseIn(number):
            leases -= 1
            if leases > 0 { return [] }
            return isStale ? stop(wanted: isWanted) : [.armIdle]
        case .ended(number): return ended()
        case .changed:
            guard !isStale else { return [] }
            isStale = true
            if leases == 0 { return stop(wanted: false) }
            state = .draining
            isOpen = false
            return [.armPatience]
        case .impatient where state == .draining:
            isOpen = true
            isWanted = false
            return [.welcome]
        case .idle where leases == 0, .capReached where leases == 0: return stop(wanted: false)
        case .stopAsked: return stop(wanted: false) + [.refuse]
        case .restartAsked: return stop(wanted: true)
        default: return []
        }
    }

    private mutating func newcomer() -> [Action] {
        guard isStale else { return [.welcome] }
        if leases == 0 { return stop(wanted: true) }
        if state == .ready || isOpen { return [.welcome] }
        isWanted = true
        return []
    }

    private mutating func ended() -> [Action] {
        let isWanted = isWanted
        state = .absent
        return [.disarmIdle] + (isWanted ? begin() : [.forget])
    }

    private mutating func stopping(_ event: Event) -> [Action] {
        switch event {
        case .wanted, .restartAsked:
            isWanted = true
            return []
        case .stopAsked:
            isWanted = false
            return [.refuse]
        case .stopped(number), .startFailed(number), .lost(number):
            if isWanted { return begin() }
            state = .absent
            return [.forget]
        case .stopFailed(number):
            state = .failed
            isWanted = false
            mayBeUp = true
            return [.refuse]
        default: return []
        }
    }

    private mutating func begin() -> [Action] {
        number += 1
        state = .starting
        (leases, isWanted, isStale, isOpen, mayBeUp) = (0, false, false, false, false)
        return [.start(number)]
    }

    private mutating func stop(wanted: Bool) -> [Action] {
        state = .stopping
        isWanted = wanted
        return [.disarmIdle, .stop(number)]
    }
}
