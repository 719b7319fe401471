import Runtime
import TestSupport
import Testing

@testable import Host

@Suite("jobs")
@Loop
struct JobsTests {
    @Test("a job runs when it is due, once, and its history says so")
    func due() async throws {
        let house = JobsHarness(now: 0)
        try await house.open()
        house.jobs.adopt([try house.job()], generation: 3)
        try await house.go(to: 599)
        #expect(house.work.runs.isEmpty)
        #expect(house.clock.wakesIn == 1, "it wakes when the job is due")
        try await house.go(to: 600)
        try await house.go(to: 601)
        #expect(house.clock.wakesIn == 60, "and at least once a minute, because clocks can be set")
        try await house.go(to: 1200)
        let history = try await house.jobs.history("tidy", limit: 10)
        #expect(history.map(\.startedAt) == [1_200_000, 600_000])
        #expect(history.allSatisfy { $0.outcome == .succeeded && $0.message == "done" && $0.generation == 3 })
        #expect(history.allSatisfy { $0.endedAt != nil && $0.tookMilliseconds != nil && $0.reason == .due })
        #expect(house.jobs.list()[0].next == [1800, 2400, 3000, 3600, 4200])
        #expect(house.jobs.list()[0].last == history[0])
        await house.close()
    }

    @Test("what falls due during a run is skipped, and said once")
    func skips() async throws {
        let house = JobsHarness(now: 0)
        try await house.open()
        house.jobs.adopt([try house.job()], generation: 1)
        house.work.holds = true
        for moment: Int64 in [600, 1200, 1800, 2400] { try await house.go(to: moment) }
        #expect(house.work.runs.count == 1, "no overlap")
        #expect(house.jobs.list()[0].running?.id == 1)
        house.work.release()
        try await house.settle()
        #expect(try await house.story() == ["due succeeded", "due skipped"])
        #expect(try await house.jobs.history("tidy", limit: 1)[0].message == "the run before it has not ended")
        #expect(house.jobs.list()[0].last?.outcome == .succeeded)
        try await house.go(to: 3000)
        #expect(house.work.runs.count == 2)
        await house.close()
    }

    @Test("a queued due time runs once, after the run before it")
    func queues() async throws {
        let house = JobsHarness(now: 0)
        try await house.open()
        house.jobs.adopt([try house.job { $0.overlap = .queue }], generation: 1)
        house.work.holds = true
        for moment: Int64 in [600, 1200, 1800] { try await house.go(to: moment) }
        #expect(house.work.runs.count == 1)
        house.work.release()
        try await house.settle()
        #expect(try await house.story() == ["due succeeded", "queued succeeded"])
        await house.close()
    }

    @Test("a replacing due time ends the run before it, and never runs beside it")
    func replaces() async throws {
        let house = JobsHarness(now: 0)
        try await house.open()
        house.jobs.adopt([try house.job { $0.overlap = .replace }], generation: 1)
        house.work.holds = true
        try await house.go(to: 600)
        house.clock.set(1200)
        try await house.until("the second run") { house.work.runs.count == 2 }
        #expect(house.jobs.runningCount == 1)
        house.work.release()
        try await house.settle()
        #expect(try await house.story() == ["due replaced", "queued succeeded"])
        await house.close()
    }

    @Test("a failure is retried with growing pauses, and told with its reason")
    func retries() async throws {
        let house = JobsHarness(now: 0)
        try await house.open()
        house.jobs.adopt([try house.job("tidy", "every 1h") { ($0.retries, $0.backOff) = (2, 60) }], generation: 1)
        house.work.failures = 3
        for moment: Int64 in [3600, 3659, 3660, 3779, 3780, 3999, 7199] { try await house.go(to: moment) }
        #expect(try await house.starts() == [3600, 3660, 3780])
        #expect(try await house.story() == ["due failed", "retry failed", "retry failed"])
        #expect(house.work.runs.map(\.attempt) == [1, 2, 3] && house.work.runs.allSatisfy { $0.due == 3600 })
        #expect(try await house.jobs.history("tidy", limit: 1)[0].message == "no luck")
        try await house.go(to: 7200)
        #expect(try await house.story().last == "due succeeded")
        await house.close()
    }

    @Test("a run over its timeout is ended and says so")
    func timeouts() async throws {
        let house = JobsHarness(now: 0)
        try await house.open()
        house.jobs.adopt([try house.job(timeout: .milliseconds(20))], generation: 1)
        house.work.holds = true
        house.clock.set(600)
        try await house.until("its end") { house.jobs.list()[0].last != nil }
        #expect(house.jobs.list()[0].last?.outcome == .timedOut)
        #expect(house.jobs.list()[0].last?.message == "it took longer than 20ms, its timeout")
        await house.close()
    }

    @Test("one that is asked for runs at once; a second one is refused while it runs")
    func runNow() async throws {
        let house = JobsHarness(now: 0)
        try await house.open()
        house.jobs.adopt([try house.job()], generation: 1)
        house.work.holds = true
        let id = try await house.jobs.run("tidy", plansOnly: false)
        #expect(id == 1 && house.work.runs.map(\.id) == [1] && house.work.runs[0].reason == .asked)
        let busy = await #expect(throws: Fault.self) { try await house.jobs.run("tidy", plansOnly: false) }
        #expect(busy?.kind == .conflict && busy?.message.contains("since 1970-01-01T00:00:00Z") == true)
        house.work.release()
        try await house.settle()
        #expect(try await house.jobs.run("tidy", plansOnly: false) == 2)
        let unknown = await #expect(throws: Fault.self) { try await house.jobs.run("tdiy", plansOnly: false) }
        #expect(unknown?.kind == .notFound && unknown?.hint == "did you mean \"tidy\"?")
        let plan = await #expect(throws: Fault.self) { try await house.jobs.run("tidy", plansOnly: true) }
        #expect(plan?.kind == .invalidInput)
        await house.close()
    }

    @Test("one that is switched off is shown, and never due")
    func disabled() async throws {
        let house = JobsHarness(now: 0)
        try await house.open()
        house.jobs.adopt([try house.job(isEnabled: false)], generation: 1)
        try await house.go(to: 100_000)
        #expect(house.work.runs.isEmpty)
        #expect(house.jobs.list()[0].isEnabled == false && house.jobs.list()[0].next == [])
        _ = try await house.jobs.run("tidy", plansOnly: false)
        try await house.settle()
        #expect(try await house.story() == ["asked succeeded"], "a person may run it all the same")
        house.jobs.adopt([try house.job()], generation: 2)
        try await house.go(to: 100_600)
        #expect(try await house.starts() == [100_000, 100_600], "what it would have run meanwhile is not made up for")
        await house.close()
    }

    @Test("the last fifty outcomes are kept")
    func fifty() async throws {
        let house = JobsHarness(now: 0)
        try await house.open()
        house.jobs.adopt([try house.job(), try house.job("other", "every 1h")], generation: 1)
        for step: Int64 in 1...60 { try await house.go(to: step * 600) }
        let starts = try await house.starts()
        #expect(starts.count == 50 && starts.first == 11 * 600 && starts.last == 60 * 600)
        #expect(try await house.jobs.history("other", limit: 100).count == 10)
        await house.close()
    }

    @Test("orderly shutdown writes down what it interrupts")
    func shutdown() async throws {
        let house = JobsHarness(now: 0)
        try await house.open()
        house.jobs.adopt([try house.job { ($0.overlap, $0.retries) = (.queue, 3) }], generation: 1)
        house.work.holds = true
        try await house.go(to: 600)
        try await house.go(to: 1200)
        await house.close()
        #expect(house.failures.isEmpty)
        try await house.open()
        #expect(try await house.story() == ["due interrupted"])
        #expect(try await house.jobs.history("tidy", limit: 1)[0].message == "Perigee was stopped in the middle of it")
        await house.close()
    }
}
