import LuaBridge

extension HostModule {
    /// Clocks, dates and durations. Times are seconds since the epoch, durations are seconds.
    public static func time(_ world: World) -> HostModule {
        let zones = ZoneShelf()
        return HostModule(
            "time",
            "Clocks, dates and durations. A time is in seconds since the epoch, a duration in seconds.",
            clocks(world.clock) + texts(world.clock, zones) + units)
    }

    private static let moment = Shape.number(TimeText.range)
    private static let zone = "IANA name such as \"Europe/Berlin\"; UTC unless given."

    // MARK: clocks

    private static func clocks(_ clock: any WorldClock) -> [HostFunction] {
        [
            HostFunction(
                "now", "What the wall clock shows.",
                results: [.required("time", .number(), "Seconds since the epoch, with a fraction.")]
            ) { _ in .number(clock.now) },
            HostFunction(
                "monotonic", "A clock that never goes back, for measuring how long something takes.",
                results: [.required("seconds", .number(), "Seconds since some moment of the past.")],
                example: "local began = time.monotonic()"
            ) { _ in .number(clock.elapsed.inSeconds) },
            HostFunction(
                "since", "How long ago a time was; negative when it lies ahead.",
                [.required("time", moment, "A time of the past.")],
                results: [.required("seconds", .number(), "The duration since then.")],
                example: "if time.since(tree.last_used) > time.days(14) then"
            ) { call in .number(clock.now - call.number("time")) },
        ]
    }

    // MARK: texts

    private static let styles = ["datetime", "date", "time", "words", "iso", "http"]

    private static let formatOptions = Record(
        "host.time.FormatOptions", "Where and how a time is shown.",
        [
            .optional("tz", .text(max: 64), zone),
            .optional(
                "style", .choice(styles),
                "\"2026-11-21 09:05:00\" (datetime, the default), its date or time, words for people, iso, or http."),
        ])

    private static func texts(_ clock: any WorldClock, _ zones: ZoneShelf) -> [HostFunction] {
        [iso(clock), parse, format(zones), parts(zones), human, duration]
    }

    private static func iso(_ clock: any WorldClock) -> HostFunction {
        HostFunction(
            "iso", "A time as ISO 8601 has it, in UTC.",
            [.optional("time", moment, "The time; now unless given.")],
            results: [.required("text", .text(), "Such as \"2026-11-21T09:05:00Z\".")]
        ) { call in .string(TimeText.iso(call["time"].number ?? clock.now, in: .utc)) }
    }

    private static var parse: HostFunction {
        HostFunction(
            "parse", "Reads a time as RFC 3339 writes it.",
            [.required("text", .text(), "Such as \"2026-11-21T09:05:00+01:00\".")],
            results: [.required("time", .number(), "Seconds since the epoch.")], canFail: true,
            example: "local when, err = time.parse(answer.json.created_at)"
        ) { call in
            let text = call.text("text")
            guard let time = TimeText.parse(text) else {
                throw Fault(
                    .invalidInput, "\"\(text.prefix(60))\" is no time", hint: "write it as 2026-11-21T09:05:00Z")
            }
            return .number(time)
        }
    }

    private static func format(_ zones: ZoneShelf) -> HostFunction {
        HostFunction(
            "format", "Shows a time to people, in their zone.",
            [
                .required("time", moment, "The time."),
                .optional("options", .record(formatOptions), "Zone and style."),
            ], results: [.required("text", .text(), "Such as \"2026-11-21 09:05:00\".")], canFail: true,
            example: "time.format(run.started_at, { tz = \"Europe/Berlin\", style = \"words\" })"
        ) { call in
            let options = call.options("options")
            let time = call.number("time")
            let zone = try zones.zone(options.text("tz"))
            let civil = zone.civil(at: TimeText.parts(time).moment)
            return switch options.text("style") {
            case "date": .string(TimeText.date(civil))
            case "time": .string(TimeText.clock(civil))
            case "words": .string(TimeText.words(civil))
            case "iso": .string(TimeText.iso(time, in: zone))
            case "http": .string(TimeText.http(time))
            default: .string("\(TimeText.date(civil)) \(TimeText.clock(civil))")
            }
        }
    }

    private static let partsRecord = Record(
        "host.time.Parts", "What a calendar and a wall clock show.",
        [
            .required("year", .integer(), "Such as 2026."),
            .required("month", .integer(1...12), "1 is January."),
            .required("day", .integer(1...31), "Of the month."),
            .required("hour", .integer(0...23), "Of the day."),
            .required("minute", .integer(0...59), "Of the hour."),
            .required("second", .integer(0...59), "Of the minute."),
            .required("weekday", .integer(0...6), "0 is Sunday, as in cron."),
        ])

    private static func parts(_ zones: ZoneShelf) -> HostFunction {
        HostFunction(
            "parts", "Takes a time apart, as clocks of a zone show it.",
            [
                .required("time", moment, "The time."),
                .optional("tz", .text(max: 64), zone),
            ], results: [.required("parts", .record(partsRecord), "Year to second, and the weekday.")], canFail: true,
            example: "local hour = time.parts(time.now(), \"Europe/Berlin\").hour"
        ) { call in
            let moment = TimeText.parts(call.number("time")).moment
            let civil = try zones.zone(call["tz"].string).civil(at: moment)
            return [
                "year": .integer(Int64(civil.year)), "month": .integer(Int64(civil.month)),
                "day": .integer(Int64(civil.day)), "hour": .integer(Int64(civil.hour)),
                "minute": .integer(Int64(civil.minute)), "second": .integer(Int64(civil.second)),
                "weekday": .integer(Int64(civil.weekday)),
            ]
        }
    }

    private static var human: HostFunction {
        HostFunction(
            "human", "A duration in words, rounded down to its largest unit.",
            [.required("seconds", .number(-1e15...1e15), "The duration; a negative one reads the same.")],
            results: [.required("words", .text(), "Such as \"3 days\".")],
            example: "\"unused for \" .. time.human(time.since(item.used_at))"
        ) { call in .string(TimeText.human(call.number("seconds"))) }
    }

    private static var duration: HostFunction {
        HostFunction(
            "duration", "Reads a duration as settings have it.",
            [.required("text", .duration, "Such as \"1h30m\"; a number stays what it is.")],
            results: [.required("seconds", .number(), "The duration.")], example: "time.duration(\"1h30m\") --> 5400"
        ) { call in .lua(seconds: call.duration("text")) }
    }

    // MARK: units

    private static var units: [HostFunction] {
        let sizes: [(name: String, seconds: Int64)] = [
            ("days", 86400), ("hours", 3600), ("minutes", 60), ("seconds", 1),
        ]
        return sizes.map { name, seconds in
            HostFunction(
                name, "A duration of some \(name).", [.required("count", .number(-1e9...1e9), "How many \(name).")],
                results: [.required("seconds", .number(), "The duration.")], example: "time.\(name)(3)"
            ) { call in
                if case .integer(let count) = call["count"] { return .integer(count * seconds) }
                return .number(call.number("count") * Double(seconds))
            }
        }
    }
}

/// Zones that scripts asked for, because each is a file.
@Loop
private final class ZoneShelf {
    private static var limit: Int { 64 }
    private var zones: [String: Zone] = [:]

    func zone(_ name: String?) throws -> Zone {
        guard let name, name != "UTC" else { return .utc }
        if let known = zones[name] { return known }
        let zone = try Zone(named: name)
        if zones.count >= ZoneShelf.limit { zones.removeAll() }
        zones[name] = zone
        return zone
    }
}

extension LuaValue {
    /// A whole number of seconds stays an integer.
    static func lua(seconds duration: Duration) -> LuaValue {
        let seconds = duration.inSeconds
        return Int64(exactly: seconds).map { .integer($0) } ?? .number(seconds)
    }
}
