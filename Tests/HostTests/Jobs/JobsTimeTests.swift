import Runtime
import Testing

@testable import Host

/// What the wall clock may do to schedules.
@Suite("jobs and clocks")
@Loop
struct JobsTimeTests {
    /// Berlin moves at 2026-03-29 01:00Z and 2026-10-25 01:00Z, New York at 2026-03-08 07:00Z and 2026-11-01 06:00Z, Lord
    /// Howe (by half an hour) at 2026-10-03 15:30Z and 2026-04-04 15:00Z. Each is lived through minute by minute.
    @Test(
        "over both clock changes of three zones each named time runs exactly once",
        arguments: [
            ("Europe/Berlin", "30 2 * * *", at(2026, 3, 28, 22), [at(2026, 3, 29, 1)]),
            ("Europe/Berlin", "30 2 * * *", at(2026, 10, 24, 22), [at(2026, 10, 25, 0, 30)]),
            ("America/New_York", "15 2 * * *", at(2026, 3, 8, 4), [at(2026, 3, 8, 7)]),
            ("America/New_York", "30 1 * * *", at(2026, 11, 1, 3), [at(2026, 11, 1, 5, 30)]),
            ("Australia/Lord_Howe", "15 2 * * *", at(2026, 10, 3, 12), [at(2026, 10, 3, 15, 30)]),
            ("Australia/Lord_Howe", "45 1 * * *", at(2026, 4, 4, 12), [at(2026, 4, 4, 14, 45)]),
        ])
    func clockChanges(zone: String, line: String, start: Int64, runs: [Int64]) async throws {
        let house = JobsHarness(now: start)
        try await house.open()
        house.jobs.adopt(
            [try house.job("tidy", line, zone: zone), try house.job("often", "every 30m", zone: zone)], generation: 1)
        for minute: Int64 in 1...360 { try await house.go(to: start + minute * 60) }
        #expect(try await house.starts() == runs)
        #expect(try await house.starts("often") == (1...12).map { start + $0 * 1800 }, "periods know no clock change")
        await house.close()
    }

    @Test("hourly work follows real time over the repeated hour")
    func repeatedHour() async throws {
        let start = at(2026, 10, 24, 23)
        let house = JobsHarness(now: start)
        try await house.open()
        house.jobs.adopt([try house.job("tidy", "15 * * * *", zone: "Europe/Berlin")], generation: 1)
        for minute: Int64 in 1...240 { try await house.go(to: start + minute * 60) }
        #expect(try await house.starts() == (0..<4).map { start + 900 + $0 * 3600 })
        await house.close()
    }

    @Test("a job of the leap day waits for it, over restarts")
    func leapDay() async throws {
        let house = JobsHarness(now: at(2026, 3, 1))
        for moment in [at(2026, 3, 1), at(2027, 2, 28, 23, 59), at(2028, 2, 28, 23, 59)] {
            house.clock.milliseconds = moment * 1000
            try await house.open()
            house.jobs.adopt([try house.job("tidy", "0 12 29 2 *")], generation: 1)
            try await house.settle()
            await house.close()
        }
        try await house.open()
        house.jobs.adopt([try house.job("tidy", "0 12 29 2 *")], generation: 1)
        #expect(house.jobs.list()[0].next.prefix(2) == [at(2028, 2, 29, 12), at(2032, 2, 29, 12)])
        try await house.go(to: at(2028, 2, 29, 12))
        try await house.go(to: at(2028, 3, 1, 12))
        #expect(try await house.starts() == [at(2028, 2, 29, 12)])
        await house.close()
    }

    @Test("a clock set back two hours repeats no fixed hour and stops nothing that follows real time")
    func setBack() async throws {
        let house = JobsHarness(now: at(2026, 11, 21, 3))
        try await house.open()
        house.jobs.adopt(
            [
                try house.job("tidy", "30 3 * * *"), try house.job("every", "every 15m"),
                try house.job("cron", "*/15 * * * *"),
            ], generation: 1)
        for minute in 1...31 { try await house.go(to: at(2026, 11, 21, 3, minute)) }
        // 3:31 becomes 1:31.
        for minute in 32...59 { try await house.go(to: at(2026, 11, 21, 1, minute)) }
        for minute in 0...120 { try await house.go(to: at(2026, 11, 21, 2 + minute / 60, minute % 60)) }
        #expect(try await house.starts() == [at(2026, 11, 21, 3, 30)])
        let cron = try await house.starts("cron")
        #expect(cron.prefix(2) == [at(2026, 11, 21, 3, 15), at(2026, 11, 21, 3, 30)])
        #expect(cron.dropFirst(2).first == at(2026, 11, 21, 1, 45) && cron.count == 2 + 10)
        let every = try await house.starts("every")
        #expect(every.dropFirst(2).first.map { $0 <= at(2026, 11, 21, 1, 47) } == true, "\(every)")
        #expect(every.count >= 2 + 9)
        await house.close()
    }

    @Test("a clock set forward two hours collapses what it jumped over", arguments: JobTimeline.CatchUp.allCases)
    func setForward(catchUp: JobTimeline.CatchUp) async throws {
        let house = JobsHarness(now: at(2026, 11, 21, 2))
        try await house.open()
        house.jobs.adopt([try house.job("tidy", "*/15 * * * *") { $0.catchUp = catchUp }], generation: 1)
        try await house.go(to: at(2026, 11, 21, 2, 1))
        try await house.go(to: at(2026, 11, 21, 4, 7))
        try await house.go(to: at(2026, 11, 21, 4, 15))
        let caughtUp = catchUp == .one ? ["caught_up succeeded"] : ["due skipped"]
        #expect(try await house.story() == caughtUp + ["due succeeded"])
        await house.close()
    }

    @Test(
        "three days asleep are made up for once or not at all", arguments: [true, false], JobTimeline.CatchUp.allCases)
    func asleep(restarts: Bool, catchUp: JobTimeline.CatchUp) async throws {
        let start = at(2026, 11, 21)
        let house = JobsHarness(now: start)
        try await house.open()
        let job = try house.job("tidy", "every 10m") { $0.catchUp = catchUp }
        house.jobs.adopt([job], generation: 1)
        try await house.go(to: start + 600)
        let morning = start + 3 * 86400 + 307
        if restarts {
            await house.close()
            house.clock.milliseconds = morning * 1000
            try await house.open()
            house.jobs.adopt([job], generation: 1)
            try await house.settle()
        } else {
            try await house.go(to: morning)
        }
        for minute: Int64 in 1...12 { try await house.go(to: morning + minute * 60) }
        let missed = catchUp == .one ? ["caught_up succeeded"] : ["due skipped"]
        #expect(try await house.story() == ["due succeeded"] + missed + ["due succeeded"])
        #expect(try await house.starts().last == start + 3 * 86400 + 607, "still on its grid")
        await house.close()
    }
}
