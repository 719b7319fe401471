import Glibc
import Runtime
import TestSupport

@testable import Host

/// The service over a real store, with a clock that stands still until it is moved.
@Loop
final class JobsHarness {
    let directory = TemporaryDirectory()
    let clock: ManualJobClock
    let work = Work()
    let shelf = Shelf()
    private(set) var jobs: Jobs!
    private(set) var store: Store!
    private(set) var scope = Scope("test") { _, _ in }
    private(set) var failures: [Fault] = []
    private(set) var targets = GCTargets()

    init(now: Int64) { clock = ManualJobClock(now) }

    /// Opens the state as it is on the disk, as a start of the program does.
    func open() async throws {
        scope = Scope("test") { [weak self] _, error in self?.failures.append(Fault(error)) }
        store = try await Store.open("\(directory.path)/perigee.db", migrations: Schema.migrations) { _ in }
        targets = GCTargets([shelf, JobRunTarget(store), PlanTarget(store)])
        jobs = try await Jobs.open(store, clock: clock, targets: targets, log: Self.silence, scope: scope)
    }

    /// The process is gone from one moment to the next: nothing more gets to the disk.
    func kill() async {
        await store.close()
        await jobs.close()
        await scope.close()
        work.forget()
    }

    func close() async {
        await jobs.close()
        await scope.close()
        await store.close()
        work.forget()
    }

    /// Moves the clock and lets everything happen that follows from it.
    func go(to seconds: Int64) async throws {
        clock.set(seconds)
        try await settle()
    }

    /// Until nothing goes on but bodies that are held.
    func settle() async throws {
        try await until("all to settle") { scope.taskCount == work.held + shelf.held }
        try await store.flush()
    }

    func until(_ what: String, _ holds: () async throws -> Bool) async throws {
        let end = Instant.clock + .seconds(240)
        while try await !holds() {
            guard Instant.clock < end else { throw Fault(.timeout, "waited in vain for \(what)") }
            await Loop.yield()
        }
    }

    /// A job of the harness's work.
    func job(
        _ name: String = "tidy", _ schedule: String = "every 10m", zone: String = "UTC",
        script: String = "jobs/tidy.lua",
        timeout: Duration = .seconds(3600), isEnabled: Bool = true,
        _ change: (inout JobTimeline.Rules) -> Void = { _ in }
    ) throws -> JobDefinition {
        var rules = JobTimeline.Rules(recurrence: try Recurrence(schedule), zone: try Zone(named: zone))
        change(&rules)
        return JobDefinition(
            name: name, kind: .job, script: script, schedule: schedule, rules: rules, timeout: timeout,
            isEnabled: isEnabled, run: { [work] in try await work.run($0) })
    }

    /// A gc job that lists what the closure says.
    func gc(
        _ name: String = "shelf", _ schedule: String = "every 10m", _ fill: @escaping @Loop (PlanList) throws -> Void
    ) throws -> JobDefinition {
        JobDefinition(
            name: name, kind: .gc, script: "gc/shelf.lua", schedule: schedule,
            rules: JobTimeline.Rules(recurrence: try Recurrence(schedule)),
            run: { [unowned self] run in try await jobs.plans.run(run) { try fill($0) } })
    }

    /// Reasons and outcomes, the oldest first.
    func story(_ name: String = "tidy") async throws -> [String] {
        try await jobs.history(name, limit: 100).reversed().map {
            "\($0.reason.rawValue) \($0.outcome?.rawValue ?? "running")"
        }
    }

    /// When runs began, in seconds, the oldest first.
    func starts(_ name: String = "tidy") async throws -> [Int64] {
        try await jobs.history(name, limit: 100).filter { $0.outcome != .skipped }.reversed().map {
            $0.startedAt / 1000
        }
    }

    private static let silence = Log(to: Glibc.open("/dev/null", O_WRONLY | O_CLOEXEC))
}

@Loop
final class ManualJobClock: JobClock {
    var milliseconds: Int64
    var onWake: (() -> Void)?
    /// How long the service wants to sleep; nil when it does not want to be woken.
    private(set) var wakesIn: Int64?

    init(_ seconds: Int64) { milliseconds = seconds * 1000 }

    func wake(after seconds: Int64) { wakesIn = seconds }
    func rest() { wakesIn = nil }

    func set(_ seconds: Int64) {
        milliseconds = seconds * 1000
        onWake?()
    }
}

/// What the jobs of a test do: they say that they ran, and wait or fail when they are told to.
@Loop
final class Work {
    private(set) var runs: [JobRun] = []
    var holds = false
    /// How many of the next runs fail.
    var failures = 0
    private var waiting: [Waiter<Void>] = []

    var held: Int { waiting.count { !$0.isFinished } }

    func run(_ run: JobRun) async throws -> JobResult {
        runs.append(run)
        if holds {
            let waiter = Waiter<Void>("the release")
            waiting.append(waiter)
            try await waiter.value()
        }
        if failures > 0 {
            failures -= 1
            throw Fault(.unavailable, "no luck")
        }
        return JobResult(message: "done")
    }

    func release() {
        holds = false
        for waiter in waiting { waiter.finish(.success(())) }
        waiting = []
    }

    /// What a process did is not what the next one does.
    func forget() {
        holds = false
        waiting = []
    }
}

/// Things that can be removed, in memory.
@Loop
final class Shelf: GCTarget {
    let kind = "book"
    var books: [String: Int64] = [:]
    /// Why some must stay.
    var reasons: [String: String] = [:]
    /// Those that cannot be removed.
    var glued: Set<String> = []
    private(set) var removals: [String] = []
    /// Waits before the removal of this one.
    var stopsAt: String?
    private var stop: Waiter<Void>?

    var held: Int { stop.map { $0.isFinished ? 0 : 1 } ?? 0 }

    func check(_ item: PlanEntry) async throws -> GCVerdict {
        guard books[item.id] != nil else { return .gone }
        return reasons[item.id].map { .stays($0) } ?? .removable
    }

    func remove(_ item: PlanEntry) async throws -> Int64 {
        if stopsAt == item.id {
            let waiter = Waiter<Void>("the librarian")
            stop = waiter
            try await waiter.value()
        }
        if glued.contains(item.id) { throw Fault(.denied, "\(item.id) is glued to the shelf") }
        removals.append(item.id)
        return books.removeValue(forKey: item.id) ?? 0
    }

    func goOn() {
        stopsAt = nil
        stop?.finish(.success(()))
    }
}

func at(_ year: Int, _ month: Int, _ day: Int, _ hour: Int = 0, _ minute: Int = 0, _ second: Int = 0) -> Int64 {
    CivilTime(year, month, day, hour, minute, second).secondsSinceEpoch
}
