/// When one job runs, without a clock or a task in it: every input returns the one thing to do next.
///
/// Times are seconds since the epoch on the wall clock, because that is what schedules are written in. The clock may be
/// set back or forward, and the machine may sleep for days; then what was missed collapses to one run or none.
public struct JobTimeline: Sendable, Equatable {
    public enum Overlap: String, Sendable, CaseIterable { case skip, queue, replace }
    public enum CatchUp: String, Sendable, CaseIterable { case none, one }

    /// What the owner wrote.
    public struct Rules: Sendable {
        public var recurrence: Recurrence
        public var zone: Zone
        /// Added to each due time: fixed for a job, so that it stays evenly spaced.
        public var jitter: Int64
        public var overlap: Overlap
        public var catchUp: CatchUp
        /// Runs again this often after a failure, at first after `backOff` seconds, then after twice as long each time.
        public var retries: Int
        public var backOff: Int64

        public init(
            recurrence: Recurrence, zone: Zone = .utc, jitter: Int64 = 0, overlap: Overlap = .skip,
            catchUp: CatchUp = .none, retries: Int = 0, backOff: Int64 = 60
        ) {
            self.recurrence = recurrence
            self.zone = zone
            self.jitter = jitter
            self.overlap = overlap
            self.catchUp = catchUp
            self.retries = retries
            self.backOff = backOff
        }
    }

    public enum Reason: String, Sendable { case due, caughtUp = "caught_up", retry, asked, queued }

    public enum Action: Sendable, Equatable {
        case start(Reason)
        /// Cancel the run that is under way; its end starts the next.
        case cancelRunning
        /// A due time went by without a run, and why.
        case skip(String)
        case nothing
    }

    /// A run that begins within this of its due time is on time.
    static let tolerance: Int64 = 90

    public private(set) var due: Int64
    public private(set) var isRunning = false
    public private(set) var isPaused = false
    private var isQueued = false
    private var failures = 0
    private var retryAt: Int64?

    /// `last` is the last moment that has been dealt with: the end of the past for this job.
    public init(_ rules: Rules, last: Int64) {
        due = JobTimeline.first(rules, from: last)
    }

    /// 1, or more for a run that follows failures.
    public var attempt: Int { failures + 1 }

    /// When to look again; nil while only an input can change anything.
    public var wakeAt: Int64? { isPaused ? nil : retryAt.map { min($0, due) } ?? due }

    /// Time has passed.
    public mutating func tick(_ now: Int64, _ rules: Rules) -> Action {
        guard !isPaused else { return .nothing }
        if isClockSetBack(now, rules) { due = JobTimeline.first(rules, from: now) }
        if now >= due { return dueNow(now, rules) }
        if let retryAt, now >= retryAt, !isRunning {
            self.retryAt = nil
            return begin(.retry)
        }
        return .nothing
    }

    /// The run that `start` asked for has ended.
    public mutating func ended(failed: Bool, at now: Int64, _ rules: Rules) -> Action {
        isRunning = false
        if isQueued {
            isQueued = false
            failures = 0
            return begin(.queued)
        }
        guard failed, failures < rules.retries, !isPaused else {
            failures = 0
            return .nothing
        }
        failures += 1
        retryAt = now + rules.backOff << Int64(min(failures - 1, 10))
        return .nothing
    }

    /// A person asks for a run at once. It does not move the schedule.
    public mutating func runNow() -> Action {
        isRunning ? .skip("it is running already") : begin(.asked)
    }

    public mutating func pause() {
        isPaused = true
        isQueued = false
        retryAt = nil
    }

    /// What fell into the pause is not made up for.
    public mutating func resume(at now: Int64, _ rules: Rules) {
        guard isPaused else { return }
        isPaused = false
        due = JobTimeline.first(rules, from: now)
    }

    private mutating func dueNow(_ now: Int64, _ rules: Rules) -> Action {
        let missed = now - due > JobTimeline.tolerance
        // Everything up to now is one occasion.
        due = JobTimeline.next(rules, after: now, anchor: due)
        if missed && rules.catchUp == .none { return .skip("the machine was off or asleep when it was due") }
        guard isRunning else { return begin(missed ? .caughtUp : .due) }
        switch rules.overlap {
        case .skip: return .skip("the run before it has not ended")
        case .queue:
            isQueued = true
            return .nothing
        case .replace:
            isQueued = true
            return .cancelRunning
        }
    }

    private mutating func begin(_ reason: Reason) -> Action {
        isRunning = true
        retryAt = nil
        if reason != .retry { failures = 0 }
        return .start(reason)
    }

    /// Fixed hours wait for their time to come again, so that nothing runs twice; what follows real time goes on at once.
    private func isClockSetBack(_ now: Int64, _ rules: Rules) -> Bool {
        switch rules.recurrence {
        case .every(let period): due - rules.jitter - now > max(1, period.nanoseconds / 1_000_000_000)
        case .cron(let cron):
            cron.followsRealTime && due > JobTimeline.first(rules, from: now) + rules.jitter
        }
    }

    private static func first(_ rules: Rules, from moment: Int64) -> Int64 {
        rules.recurrence.next(after: moment, anchor: moment, in: rules.zone) + rules.jitter
    }

    /// `anchor` is a due time of before.
    private static func next(_ rules: Rules, after moment: Int64, anchor: Int64) -> Int64 {
        rules.recurrence.next(after: moment - rules.jitter, anchor: anchor - rules.jitter, in: rules.zone)
            + rules.jitter
    }
}

extension JobTimeline {
    /// The next times that it will be due, for people to see.
    public func upcoming(_ count: Int, _ rules: Rules) -> [Int64] {
        guard !isPaused else { return [] }
        var times = [due]
        while times.count < count { times.append(JobTimeline.next(rules, after: times.last!, anchor: due)) }
        return times
    }
}

extension JobTimeline {
    /// What `init` needs as `last` to be due when this one is: the part of it that survives a restart.
    public func settled(_ rules: Rules) -> Int64 {
        switch rules.recurrence {
        case .every(let period): due - rules.jitter - max(1, period.nanoseconds / 1_000_000_000)
        case .cron: due - rules.jitter - 1
        }
    }

    /// The owner has changed the schedule: what was due by the old one is off, what runs goes on.
    public mutating func reschedule(at now: Int64, _ rules: Rules) {
        due = JobTimeline.first(rules, from: now)
        retryAt = nil
    }

    /// The process ended in the middle of the last run, which therefore counts as missed.
    public mutating func interrupted(_ rules: Rules) -> Action {
        guard !isRunning, !isPaused, rules.catchUp == .one else { return .nothing }
        return begin(.caughtUp)
    }
}
