import LuaBridge
import Testing

@testable import Runtime

@Suite("host.time")
@Loop
struct TimeModuleTests {
    private let clock = ManualClock(1_795_251_600.25)

    private func harness() throws -> ModuleHarness {
        var world = bareWorld()
        world.clock = clock
        return try ModuleHarness(.time(world))
    }

    private func run(_ text: String) async throws -> LuaResults {
        try await harness().run("local time = require 'host.time' return " + text)
    }

    @Test("now, monotonic and since read the world's clock")
    func clocks() async throws {
        clock.advance(by: .seconds(2))
        let seen = try await run("time.now(), time.monotonic(), time.since(1795251600), time.since(time.now() + 60)")
        #expect(seen == [1_795_251_602.25, 2.0, 2.25, -60.0])
    }

    @Test(
        "a time as text is RFC 3339 in UTC, with milliseconds when there are some",
        arguments: [
            ("0", "1970-01-01T00:00:00Z"), ("1795251600", "2026-11-21T09:00:00Z"),
            ("1795251600.5", "2026-11-21T09:00:00.500Z"), ("-1", "1969-12-31T23:59:59Z"),
            ("-62135596800", "0001-01-01T00:00:00Z"), ("253402300799", "9999-12-31T23:59:59Z"),
            ("1795251599.9999", "2026-11-21T09:00:00Z"), ("", "2026-11-21T09:00:00.250Z"),
        ])
    func iso(_ time: String, _ text: String) async throws {
        #expect(try await run("time.iso(\(time))").first == .string(text))
    }

    @Test(
        "texts of RFC 3339 are read to the second and its fraction",
        arguments: [
            ("1970-01-01T00:00:00Z", 0.0), ("2026-11-21T09:00:00Z", 1_795_251_600),
            ("2026-11-21t10:00:00.25+01:00", 1_795_251_600.25), ("2026-11-21 04:30:00-04:30", 1_795_251_600),
            ("2024-02-29T00:00:00Z", 1_709_164_800), ("2016-12-31T23:59:60Z", 1_483_228_799),
            ("0001-01-01T00:00:00Z", -62_135_596_800),
        ])
    func parse(_ text: String, _ time: Double) async throws {
        #expect(try await run("time.parse('\(text)')").first.number == time)
    }

    @Test(
        "what is no time is an error, not a guess",
        arguments: [
            "", "yesterday", "2026-11-21", "2026-11-21T09:00:00", "2026-11-21T9:00:00Z", "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z", "2026-00-10T00:00:00Z", "2026-04-31T00:00:00Z", "2026-11-21T24:00:00Z",
            "2026-11-21T09:60:00Z", "2026-11-21T09:00:61Z", "2026-11-21T09:00:00.Z", "2026-11-21T09:00:00Z ",
            "2026-11-21T09:00:00+24:00", "2026-11-21T09:00:00+0100", "０026-11-21T09:00:00Z", "0000-01-01T00:00:00Z",
        ])
    func malformed(_ text: String) async throws {
        let seen = try await run("time.parse('\(text)')")
        #expect(seen.kind == "invalid_input")
        #expect(seen.message == "\"\(text)\" is no time")
    }

    @Test("every time that is written is read back")
    func roundTrip() throws {
        var random = SeededGenerator(seed: 7)
        let zones = [Zone.utc, try Zone(named: "Asia/Kolkata"), try Zone(named: "America/New_York")]
        for number in 0..<3000 {
            let time = (Double.random(in: TimeText.range, using: &random) * 1000).rounded() / 1000
            // Zones had offsets with seconds long ago, which RFC 3339 cannot write.
            guard time > 0 || number % 3 == 0 else { continue }
            let text = TimeText.iso(time, in: zones[number % 3])
            let back = try #require(TimeText.parse(text), "\(text)")
            #expect(abs(back - time) < 0.0006, "\(text)")
        }
    }

    @Test(
        "times are shown in a zone, in several styles",
        arguments: [
            ("{}", "2026-11-21 09:00:00"), ("{ tz = 'Europe/Berlin' }", "2026-11-21 10:00:00"),
            ("{ style = 'date', tz = 'Pacific/Auckland' }", "2026-11-21"), ("{ style = 'time' }", "09:00:00"),
            ("{ style = 'words', tz = 'America/New_York' }", "Saturday, 21 Nov 2026, 04:00"),
            ("{ style = 'iso', tz = 'Asia/Kolkata' }", "2026-11-21T14:30:00+05:30"),
            ("{ style = 'http', tz = 'Asia/Kolkata' }", "Sat, 21 Nov 2026 09:00:00 GMT"),
        ])
    func format(_ options: String, _ text: String) async throws {
        #expect(try await run("time.format(1795251600, \(options))").first == .string(text))
    }

    @Test("what HTTP shows is what HTTP reads")
    func http() {
        #expect(HTTPDate.seconds(TimeText.http(1_795_251_600)) == 1_795_251_600)
    }

    @Test("a time comes apart as a zone's clocks show it, on both sides of a change")
    func parts() async throws {
        let seen = try await run("time.parts(1795251601, 'Europe/Berlin')")
        #expect(
            seen.first == [
                "year": 2026, "month": 11, "day": 21, "hour": 10, "minute": 0, "second": 1, "weekday": 6,
            ])
        let hours = try await run(
            "time.parts(1792889999, 'Europe/Berlin').hour, time.parts(1792890000, 'Europe/Berlin').hour")
        #expect(hours == [2, 2], "the hour between two and three comes twice on 25 October 2026")
    }

    @Test("a zone that does not exist is an error with advice")
    func unknownZone() async throws {
        for function in ["time.parts(0, 'Europe/Berlni')", "time.format(0, { tz = '../../etc/passwd' })"] {
            let seen = try await run(function)
            #expect(seen.kind == "invalid_input")
            #expect(seen.error["hint"]?.string?.contains("Europe/Berlin") == true)
        }
    }

    @Test(
        "durations in words are rounded down to the largest unit",
        arguments: [
            (0.0, "0 seconds"), (0.4, "less than a second"), (1, "1 second"), (59.9, "59 seconds"), (60, "1 minute"),
            (3599, "59 minutes"), (3600, "1 hour"), (86399, "23 hours"), (259_200, "3 days"), (-7300, "2 hours"),
            (3e7, "347 days"),
        ])
    func human(_ seconds: Double, _ words: String) async throws {
        #expect(try await run("time.human(\(seconds))").first == .string(words))
    }

    @Test("units count in seconds, and whole numbers stay whole")
    func units() async throws {
        #expect(
            try await run("time.days(14), time.hours(2), time.minutes(1.5), time.seconds(3)") == [
                1_209_600, 7200, 90.0, 3,
            ])
        #expect(try await run("math.type(time.days(1)), math.type(time.days(0.5))") == ["integer", "float"])
        #expect(try await run("time.duration('1h30m'), time.duration('250ms'), time.duration(7)") == [5400, 0.25, 7])
    }

    @Test("mistakes name the argument and what it should be")
    func mistakes() async throws {
        let cases = [
            ("time.human('x')", "bad argument #1 'seconds' to 'host.time.human' (a number expected, got \"x\")"),
            ("time.since()", "bad argument #1 'time' to 'host.time.since' (a number expected, got nothing)"),
            (
                "time.duration('soon')",
                "bad argument #1 'text' to 'host.time.duration' (a duration such as \"15m\", or a number of seconds "
                    + "expected, got \"soon\")"
            ),
            (
                "time.format(0, { stile = 'date' })",
                "bad argument #2 'options' to 'host.time.format': field 'stile' is unknown; did you mean 'style'?"
            ),
        ]
        for (text, message) in cases {
            #expect(try await harness().mistake("require('host.time')." + text.dropFirst(5)) == message)
        }
        let far = try await harness().mistake("require('host.time').iso(1e300)")
        #expect(far.hasPrefix("bad argument #1 'time' to 'host.time.iso'"))
    }
}
