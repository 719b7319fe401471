import Runtime
import Testing

@testable import Host

/// What survives kills, restarts and new generations.
@Suite("jobs over lives")
@Loop
struct JobsLifeTests {
    @Test(
        "a process killed in the middle of a job leaves an interrupted run, and catch_up decides",
        arguments: JobTimeline.CatchUp.allCases, [Int64(5), 3600])
    func killed(catchUp: JobTimeline.CatchUp, later: Int64) async throws {
        let house = JobsHarness(now: 0)
        let job = try house.job("tidy", "every 1d") { $0.catchUp = catchUp }
        try await house.open()
        house.jobs.adopt([job], generation: 1)
        house.work.holds = true
        try await house.go(to: 86400)
        #expect(house.work.runs.count == 1)
        await house.kill()

        house.clock.milliseconds = (86400 + later) * 1000
        try await house.open()
        #expect(try await house.story() == ["due interrupted"], "not even before the scripts are there does it run")
        house.jobs.adopt([job], generation: 1)
        try await house.settle()
        let story = try await house.story()
        #expect(story == ["due interrupted"] + (catchUp == .one ? ["caught_up succeeded"] : []))
        #expect(house.jobs.list()[0].running == nil)
        #expect(house.jobs.list()[0].next.first == Int64(2 * 86400))
        try await house.go(to: 2 * 86400)
        #expect(try await house.story().last == "due succeeded")
        await house.close()
    }

    @Test("a job that takes the process with it is made up for once, not for ever")
    func crashLoop() async throws {
        let house = JobsHarness(now: 0)
        let job = try house.job("tidy", "every 1d") { $0.catchUp = .one }
        try await house.open()
        house.jobs.adopt([job], generation: 1)
        house.work.holds = true
        try await house.go(to: 86400)
        for _ in 1...3 {
            await house.kill()
            try await house.open()
            house.work.holds = true
            house.jobs.adopt([job], generation: 1)
            try await house.settle()
        }
        let story = try await house.story()
        #expect(story == ["due interrupted", "caught_up interrupted"])
        await house.close()
    }

    @Test("a restart neither repeats nor delays what was not due")
    func restarts() async throws {
        let house = JobsHarness(now: 0)
        let job = try house.job("tidy", "every 1h") { $0.jitter = 7 }
        for minute: Int64 in stride(from: 0, to: 180, by: 20) {
            house.clock.milliseconds = minute * 60_000
            try await house.open()
            house.jobs.adopt([job], generation: 1)
            try await house.settle()
            #expect(house.jobs.list()[0].next.first == (minute / 60 + 1) * 3600 + 7)
            try await house.go(to: minute * 60 + 1190)
            if minute % 60 == 40 { try await house.go(to: minute * 60 + 1207) }
            await house.close()
        }
        try await house.open()
        #expect(try await house.starts() == [3607, 7207, 10807])
        await house.close()
    }

    @Test("a pause lasts over restarts, and what fell into it is not made up for")
    func pauses() async throws {
        let house = JobsHarness(now: 0)
        let job = try house.job { $0.catchUp = .one }
        try await house.open()
        house.jobs.adopt([job], generation: 1)
        try await house.jobs.pause("tidy")
        await house.kill()
        house.clock.milliseconds = 5_000_000
        try await house.open()
        house.jobs.adopt([job], generation: 1)
        try await house.go(to: 6000)
        #expect(house.jobs.list()[0].isPaused && house.jobs.list()[0].next.isEmpty && house.work.runs.isEmpty)
        _ = try await house.jobs.run("tidy", plansOnly: false)
        try await house.settle()
        try await house.jobs.resume("tidy")
        try await house.go(to: 6600)
        #expect(try await house.story() == ["asked succeeded", "due succeeded"])
        await house.kill()
        try await house.open()
        house.jobs.adopt([job], generation: 1)
        #expect(house.jobs.list()[0].isPaused == false)
        await house.close()
    }

    @Test("a new generation keeps the times of jobs whose schedule is as it was")
    func sameSchedule() async throws {
        let house = JobsHarness(now: 0)
        try await house.open()
        house.jobs.adopt([try house.job("a", "every 10m"), try house.job("b", "every 10m")], generation: 1)
        try await house.go(to: 300)
        house.jobs.adopt(
            [try house.job("a", "every 10m", script: "jobs/moved.lua"), try house.job("b", "every 20m")], generation: 2)
        let states = house.jobs.list()
        #expect(states.map(\.next[0]) == [600, 1500])
        #expect(states.map(\.generation) == [2, 2] && states[0].script == "jobs/moved.lua")
        try await house.go(to: 600)
        #expect(house.work.runs.map(\.generation) == [2])
        await house.close()
    }

    @Test("a changed schedule does not start a second run beside the one under way")
    func changedWhileRunning() async throws {
        let house = JobsHarness(now: 0)
        try await house.open()
        house.jobs.adopt([try house.job()], generation: 1)
        house.work.holds = true
        try await house.go(to: 600)
        house.jobs.adopt([try house.job("tidy", "every 1m")], generation: 2)
        for moment: Int64 in [660, 720] { try await house.go(to: moment) }
        #expect(house.work.runs.count == 1)
        house.work.release()
        try await house.settle()
        try await house.go(to: 780)
        #expect(house.work.runs.map(\.generation) == [1, 2])
        await house.close()
    }

    @Test("a job that vanishes ends its run on its own generation, and is not due again")
    func vanishes() async throws {
        let house = JobsHarness(now: 0)
        try await house.open()
        house.jobs.adopt([try house.job()], generation: 1)
        house.work.holds = true
        try await house.go(to: 600)
        house.jobs.adopt([], generation: 2)
        #expect(house.jobs.list().isEmpty)
        #expect(throws: Fault.self) { try house.jobs.get("tidy") }
        try await house.go(to: 1200)
        house.work.release()
        try await house.settle()
        try await house.go(to: 1800)
        #expect(try await house.story() == ["due succeeded"])
        house.jobs.adopt([try house.job()], generation: 3)
        #expect(house.jobs.list()[0].last?.outcome == .succeeded, "it comes back with its history")
        await house.close()
    }

    @Test("one that vanishes and comes back during a run does not run twice at once")
    func comesBack() async throws {
        let house = JobsHarness(now: 0)
        try await house.open()
        house.jobs.adopt([try house.job()], generation: 1)
        house.work.holds = true
        try await house.go(to: 600)
        house.jobs.adopt([], generation: 2)
        house.jobs.adopt([try house.job()], generation: 3)
        try await house.go(to: 1200)
        await #expect(throws: Fault.self) { try await house.jobs.run("tidy", plansOnly: false) }
        #expect(house.work.runs.count == 1)
        house.work.release()
        try await house.settle()
        try await house.go(to: 1800)
        #expect(house.work.runs.map(\.generation) == [1, 3])
        await house.close()
    }

    @Test("a script's SQL sees the history through its view")
    func view() async throws {
        let house = JobsHarness(now: 0)
        try await house.open()
        house.jobs.adopt([try house.job()], generation: 1)
        house.work.holds = true
        try await house.go(to: 600)
        let result = try await house.store.readOnly(
            "SELECT job, outcome FROM job_history WHERE started_at = ?", [.integer(600_000)],
            limits: ReadOnlyLimits(views: ["job_history", "plan_history"]))
        #expect(result.rows == [[.text("tidy"), .text("running")]])
        await house.close()
    }
}
