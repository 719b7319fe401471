import Testing

@testable import Runtime

@Suite("cron")
struct CronTests {
    /// Line, zone, moment (UTC), then the runs that follow (UTC).
    @Test(
        "the next runs are those that a person would write down",
        arguments: [
            ("*/15 * * * *", "UTC", at(2026, 11, 21, 9, 7), [at(2026, 11, 21, 9, 15), at(2026, 11, 21, 9, 30)]),
            ("30 3 * * *", "UTC", at(2026, 11, 21, 3, 30), [at(2026, 11, 22, 3, 30)]),
            ("0 9 * * mon-fri", "UTC", at(2026, 11, 20, 9), [at(2026, 11, 23, 9), at(2026, 11, 24, 9)]),
            ("0 0 29 2 *", "UTC", at(2026, 1, 1), [at(2028, 2, 29), at(2032, 2, 29)]),
            ("0 0 29 2 *", "UTC", at(2096, 3, 1), [at(2104, 2, 29)]),
            ("0 0 31 * *", "UTC", at(2026, 1, 31), [at(2026, 3, 31), at(2026, 5, 31)]),
            ("0 12 13 * fri", "UTC", at(2026, 11, 12), [at(2026, 11, 13, 12), at(2026, 11, 20, 12)]),
            ("0 0 * * 7", "UTC", at(2026, 11, 21), [at(2026, 11, 22), at(2026, 11, 29)]),
            ("5/20 0 1 1 *", "UTC", at(2026, 1, 1), [at(2026, 1, 1, 0, 5), at(2026, 1, 1, 0, 25)]),
            ("@yearly", "UTC", at(2026, 1, 1), [at(2027, 1, 1)]),
            ("0,30 9-17/4 * dec *", "UTC", at(2026, 12, 1, 9, 30), [at(2026, 12, 1, 13), at(2026, 12, 1, 13, 30)]),
        ])
    func plain(line: String, zone: String, moment: Int64, runs: [Int64]) throws {
        try expect(line, zone, moment, runs)
    }

    /// Berlin springs forward on 2026-03-29 01:00Z (2:00 to 3:00) and back on 2026-10-25 01:00Z (3:00 to 2:00). New York:
    /// 2026-03-08 07:00Z and 2026-11-01 06:00Z. Lord Howe moves by half an hour: 2026-10-03 15:30Z and 2026-04-04 15:00Z.
    @Test(
        "clock changes neither skip nor repeat what has a fixed hour, and hourly work follows real time",
        arguments: [
            ("30 2 * * *", "Europe/Berlin", at(2026, 3, 28, 12), [at(2026, 3, 29, 1), at(2026, 3, 30, 0, 30)]),
            ("30 2 * * *", "Europe/Berlin", at(2026, 10, 24, 12), [at(2026, 10, 25, 0, 30), at(2026, 10, 26, 1, 30)]),
            ("30 * * * *", "Europe/Berlin", at(2026, 3, 29, 0, 30), [at(2026, 3, 29, 1, 30), at(2026, 3, 29, 2, 30)]),
            (
                "30 * * * *", "Europe/Berlin", at(2026, 10, 25, 0),
                [at(2026, 10, 25, 0, 30), at(2026, 10, 25, 1, 30), at(2026, 10, 25, 2, 30)]
            ),
            ("15 2 * * *", "America/New_York", at(2026, 3, 8), [at(2026, 3, 8, 7), at(2026, 3, 9, 6, 15)]),
            ("30 1 * * *", "America/New_York", at(2026, 11, 1), [at(2026, 11, 1, 5, 30), at(2026, 11, 2, 6, 30)]),
            (
                "*/30 * * * *", "America/New_York", at(2026, 11, 1, 5, 20),
                [at(2026, 11, 1, 5, 30), at(2026, 11, 1, 6), at(2026, 11, 1, 6, 30)]
            ),
            ("15 2 * * *", "Australia/Lord_Howe", at(2026, 10, 3), [at(2026, 10, 3, 15, 30), at(2026, 10, 4, 15, 15)]),
            ("45 1 * * *", "Australia/Lord_Howe", at(2026, 4, 4), [at(2026, 4, 4, 14, 45), at(2026, 4, 5, 15, 15)]),
            ("30 2 * * *", "Europe/Berlin", at(2050, 3, 26, 12), [at(2050, 3, 27, 1), at(2050, 3, 28, 0, 30)]),
            ("30 2 * * *", "Asia/Kolkata", at(2026, 3, 28, 12), [at(2026, 3, 28, 21), at(2026, 3, 29, 21)]),
        ])
    func clockChanges(line: String, zone: String, moment: Int64, runs: [Int64]) throws {
        try expect(line, zone, moment, runs)
    }

    @Test(
        "what is not a cron line is refused with the field that is wrong",
        arguments: [
            ("60 * * * *", "minute"), ("* 24 * * *", "hour"), ("* * 0 * *", "day of month"), ("* * * 13 *", "month"),
            ("* * * * 8", "day of week"), ("* * * foo *", "month"), ("5-1 * * * *", "minute"),
            ("*/0 * * * *", "minute"),
            ("1,,2 * * * *", "minute"), ("1-2-3 * * * *", "minute"), ("*/5/5 * * * *", "minute"),
            ("-5 * * * *", "minute"),
            ("+5 * * * *", "minute"), ("* * * *", "4 fields"), ("* * * * * *", "6 fields"), ("", "0 fields"),
            ("0 0 30 2 *", "no month has"), ("0 0 31 4,6 *", "no month has"), ("every 0s", "at least a second"),
            ("every", "at least a second"), ("every15m", "at least a second"), ("every 5 minutes", "at least a second"),
        ])
    func refused(line: String, reason: String) {
        let fault = #expect(throws: Fault.self) { try Recurrence(line) }
        #expect(fault?.kind == .invalidInput)
        #expect(fault?.description.contains(reason) == true, "\(fault?.description ?? "")")
    }

    @Test("a period stays on its grid after a pause of days")
    func every() throws {
        let quarter = try Recurrence("every 15m")
        #expect(quarter.next(after: 1000, anchor: 1000, in: .utc) == 1900)
        #expect(quarter.next(after: 1899, anchor: 1000, in: .utc) == 1900)
        #expect(quarter.next(after: 1900, anchor: 1000, in: .utc) == 2800)
        #expect(quarter.next(after: 1000 + 3 * 86400 + 1, anchor: 1000, in: .utc) == 1000 + 3 * 86400 + 900)
        #expect(quarter.next(after: 0, anchor: 1000, in: .utc) == 1000, "the clock went back: wait for the anchor")
    }

    private func expect(_ line: String, _ zone: String, _ moment: Int64, _ runs: [Int64]) throws {
        let cron = try Cron(line)
        let zone = try Zone(named: zone)
        var moment = moment
        for run in runs {
            moment = cron.next(after: moment, in: zone)
            #expect(
                moment == run, "\(CivilTime(secondsSinceEpoch: moment)) instead of \(CivilTime(secondsSinceEpoch: run))"
            )
        }
    }
}

private func at(_ year: Int, _ month: Int, _ day: Int, _ hour: Int = 0, _ minute: Int = 0) -> Int64 {
    CivilTime(year, month, day, hour, minute).secondsSinceEpoch
}
