/// Moments, in seconds since the epoch, as the texts that programs and people use.
enum TimeText {
    /// The years 1 to 9999, which is what four digits can say.
    static let range = -62_135_596_800.0...253_402_300_799.0

    // MARK: writing

    /// `2026-11-21T09:05:00Z`, with milliseconds when there are some, and the zone's offset unless that is UTC.
    static func iso(_ time: Double, in zone: Zone) -> String {
        let (moment, milliseconds) = parts(time)
        let offset = zone.offset(at: moment)
        let civil = zone.civil(at: moment)
        let fraction = milliseconds == 0 ? "" : ".\(padded(milliseconds, 3))"
        return "\(date(civil))T\(clock(civil))\(fraction)\(zone.name == "UTC" ? "Z" : self.offset(offset))"
    }

    static func date(_ civil: CivilTime) -> String {
        "\(padded(civil.year, 4))-\(padded(civil.month, 2))-\(padded(civil.day, 2))"
    }

    static func clock(_ civil: CivilTime) -> String {
        "\(padded(civil.hour, 2)):\(padded(civil.minute, 2)):\(padded(civil.second, 2))"
    }

    /// As HTTP headers have it: `Sat, 21 Nov 2026 09:05:00 GMT`.
    static func http(_ time: Double) -> String {
        let civil = CivilTime(secondsSinceEpoch: parts(time).moment)
        let day = weekdays[civil.weekday].prefix(3)
        return "\(day), \(padded(civil.day, 2)) \(months[civil.month - 1]) \(padded(civil.year, 4)) \(clock(civil)) GMT"
    }

    /// "Saturday, 21 Nov 2026, 09:05"
    static func words(_ civil: CivilTime) -> String {
        "\(weekdays[civil.weekday]), \(civil.day) \(months[civil.month - 1]) \(civil.year), \(clock(civil).prefix(5))"
    }

    /// "3 days": the largest unit of which there is at least one, rounded down.
    static func human(_ seconds: Double) -> String {
        let whole = Int64(seconds.magnitude)
        for (name, size) in [("day", Int64(86400)), ("hour", 3600), ("minute", 60)] where whole >= size {
            return counted(whole / size, name)
        }
        return seconds != 0 && whole == 0 ? "less than a second" : counted(whole, "second")
    }

    /// Whole seconds, and the milliseconds that are left.
    static func parts(_ time: Double) -> (moment: Int64, milliseconds: Int) {
        let milliseconds = Int64((time * 1000).rounded())
        let moment = milliseconds.floorDivided(by: 1000)
        return (moment, Int(milliseconds - moment * 1000))
    }

    // MARK: reading

    /// RFC 3339: `2026-11-21T09:05:00.25+01:00`. A leap second counts as the second before it.
    static func parse(_ text: String) -> Double? {
        var reader = Reader(bytes: Array(text.utf8))
        guard let year = reader.number(4), reader.skip("-"), let month = reader.number(2), reader.skip("-"),
            let day = reader.number(2), reader.skip("Tt "), let hour = reader.number(2), reader.skip(":"),
            let minute = reader.number(2), reader.skip(":"), let second = reader.number(2),
            let fraction = reader.fraction(), let offset = reader.offset(), reader.isAtEnd
        else { return nil }
        guard year > 0, 1...12 ~= month, 1...31 ~= day, hour < 24, minute < 60, second <= 60 else { return nil }
        let civil = CivilTime(year, month, day, hour, minute, min(second, 59))
        // The 31st of a short month would be another day.
        guard CivilTime(daysSinceEpoch: civil.daysSinceEpoch).day == day else { return nil }
        return Double(civil.secondsSinceEpoch - Int64(offset)) + fraction
    }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        var isAtEnd: Bool { position == bytes.count }

        mutating func skip(_ choices: String) -> Bool {
            guard position < bytes.count, choices.utf8.contains(bytes[position]) else { return false }
            position += 1
            return true
        }

        mutating func number(_ digits: Int) -> Int? {
            guard position + digits <= bytes.count else { return nil }
            var value = 0
            for byte in bytes[position..<position + digits] {
                guard 48...57 ~= byte else { return nil }
                value = value * 10 + Int(byte - 48)
            }
            position += digits
            return value
        }

        /// Zero where there is none; nil where a point has no digit behind it.
        mutating func fraction() -> Double? {
            guard skip(".") else { return 0 }
            var (value, unit) = (0.0, 1.0)
            while let digit = number(1) {
                unit /= 10
                value += Double(digit) * unit
            }
            return unit < 1 ? value : nil
        }

        /// Seconds ahead of UTC.
        mutating func offset() -> Int? {
            if skip("Zz") { return 0 }
            let isBehind = position < bytes.count && bytes[position] == UInt8(ascii: "-")
            guard skip("+-"), let hours = number(2), skip(":"), let minutes = number(2), hours < 24, minutes < 60
            else { return nil }
            return (isBehind ? -1 : 1) * (hours * 3600 + minutes * 60)
        }
    }

    // MARK: words

    static let weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func counted(_ number: Int64, _ name: String) -> String {
        "\(number) \(name)\(number == 1 ? "" : "s")"
    }

    private static func offset(_ seconds: Int) -> String {
        let minutes = seconds.magnitude / 60
        return "\(seconds < 0 ? "-" : "+")\(padded(Int(minutes / 60), 2)):\(padded(Int(minutes % 60), 2))"
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
