import Testing

@testable import Runtime

@Suite("time zones")
struct ZoneTests {
    @Test("dates and day numbers go over into each other for eight hundred years")
    func civil() {
        var expected = CivilTime(1600, 1, 1)
        let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        let first = expected.daysSinceEpoch
        for number in first..<(first + 146_097 * 2) {
            let date = CivilTime(daysSinceEpoch: number)
            guard date == expected, date.daysSinceEpoch == number else {
                Issue.record("day \(number) is \(date), expected \(expected)")
                return
            }
            expected.day += 1
            let length = lengths[expected.month - 1] + (expected.month == 2 && CivilTime.isLeap(expected.year) ? 1 : 0)
            if expected.day > length { (expected.day, expected.month) = (1, expected.month + 1) }
            if expected.month > 12 { (expected.month, expected.year) = (1, expected.year + 1) }
        }
        #expect(CivilTime(2026, 11, 21).weekday == 6)
        #expect(CivilTime(1970, 1, 1).weekday == 4)
        #expect(CivilTime(secondsSinceEpoch: -1).description == "1969-12-31 23:59:59")
    }

    @Test("the rule at the end of a table goes on as the table itself does")
    func ruleAgreesWithTable() throws {
        let rules = [
            ("Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3"), ("America/New_York", "EST5EDT,M3.2.0,M11.1.0"),
            ("Australia/Lord_Howe", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"), ("Asia/Kolkata", "IST-5:30"),
        ]
        for (name, text) in rules {
            let zone = try Zone(named: name)
            let rule = try #require(ZoneRule(text))
            var moment = CivilTime(2010, 1, 1).secondsSinceEpoch
            while moment < CivilTime(2036, 1, 1).secondsSinceEpoch {
                #expect(
                    zone.offset(at: moment) == rule.offset(at: moment),
                    "\(name) at \(CivilTime(secondsSinceEpoch: moment))")
                moment += 1800 * 7
            }
        }
    }

    @Test("a reading of the clock is once, twice or never")
    func readings() throws {
        let berlin = try Zone(named: "Europe/Berlin")
        let jump = CivilTime(2026, 3, 29, 1).secondsSinceEpoch
        #expect(berlin.moments(of: CivilTime(2026, 3, 29, 2, 30)) == .never(jump: jump))
        #expect(berlin.moments(of: CivilTime(2026, 3, 29, 3)) == .once(jump))
        let first = CivilTime(2026, 10, 25, 0, 30).secondsSinceEpoch
        #expect(berlin.moments(of: CivilTime(2026, 10, 25, 2, 30)) == .twice(first: first, second: first + 3600))
        #expect(berlin.moments(of: CivilTime(2026, 10, 25, 3)) == .once(first + 5400))
        #expect(berlin.civil(at: jump) == CivilTime(2026, 3, 29, 3))
    }

    @Test(
        "rules that are none are not believed",
        arguments: ["", "C", "CET", "CET-1CEST,M3", "CET-1CEST,M13.1.0,M1.1.0", "CET-1CEST,M3.5.0,M10.5.0x"])
    func badRules(text: String) {
        #expect(ZoneRule(text) == nil)
    }

    @Test(
        "names that lead out of the tables, or nowhere, are refused",
        arguments: [
            "", "../../etc/passwd", "/etc/passwd", "Europe/../UTC", "Europe/Nowhere", "europe berlin", "tzdata.zi",
            "Europe", "posixrules\0",
        ])
    func badNames(name: String) {
        let fault = #expect(throws: Fault.self) { try Zone(named: name) }
        #expect(fault != nil)
    }
}
